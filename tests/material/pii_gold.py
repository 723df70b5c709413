"""What benchmarks/pii/ and tests/pii/test_pii.py look for: contact data to plant, and people who are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

GOLD: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))

PHONES: dict[str, list[str]] = GOLD["phones"]  # by language
EMAILS: dict[str, list[str]] = GOLD["emails"]
LINKS: dict[str, list[str]] = GOLD["links"]
SEEN: dict[int, dict[str, list[str]]] = GOLD["seen"]  # names, by number of the paragraph and language
HELD_OUT: dict[int, dict[str, list[str]]] = GOLD["held_out"]
