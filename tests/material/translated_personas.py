"""Personas of our own in eight languages: translations of each other."""

from __future__ import annotations

from pathlib import Path

import yaml


def translated_personas() -> list[dict[str, str]]:
    """{language: text} of each persona; every one has the same languages."""
    rows: list[dict[str, str]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return rows
