"""200 pairs of personas, and whether a reader takes both for the same one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml


def judged_pairs() -> Iterator[tuple[str, str, bool]]:
    """(text, other text, the same persona)."""
    for row in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8")):
        for kind in ("same", "another"):
            for change in row[kind]:
                this, that = change.split(" > ")
                assert row["text"].count(this) == 1, (row["text"], change)
                yield row["text"], row["text"].replace(this, that), kind == "same"
