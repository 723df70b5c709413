"""What `dedup` says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persona_hub.transforms.dedup_rows.statistics import STATISTICS


def dedup_summary(output: str, made: Mapping[str, Any]) -> str:
    """What a person wants to know at the end."""
    dead = sum(made["dead_letters"].values())
    bare = made["without_vector"]
    lines = [
        f"{made['rows']:,} rows: {made['kept']:,} kept, {made['dropped']['text']:,} near-duplicates by words, "
        f"{made['dropped']['meaning']:,} by meaning" + (f", {dead:,} that could not be read" if dead else ""),
        f"{output}: kept-*.jsonl, dropped-*.jsonl, {STATISTICS}" + (", dead_letters-*.jsonl" if dead else ""),
    ]
    if bare:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in bare.items())
        lines.append(f"{sum(bare.values()):,} rows were kept without a comparison of meaning: {reasons}")
    return "\n".join(lines)
