"""What `dedup` says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.dedup_rows.statistics import STATISTICS


def dedup_summary(output: str, made: Mapping[str, Any]) -> str:
    """What a person wants to know at the end."""
    dead = sum(made["dead_letters"].values())
    bare = made["without_vector"]
    across = f", {made['dropped']['language']:,} across languages" if "language" in made["dropped"] else ""
    lines = [
        f"{quantity(made['rows'], 'row')}: {made['kept']:,} kept, near-duplicates {made['dropped']['text']:,} by "
        f"words, {made['dropped']['meaning']:,} by meaning{across}"
        + (f", {dead:,} that could not be read" if dead else ""),
        f"{output}: kept-*.jsonl, dropped-*.jsonl, {STATISTICS}" + (", dead_letters-*.jsonl" if dead else ""),
    ]
    if bare:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in bare.items())
        lines.append(f"kept without a comparison of meaning: {quantity(sum(bare.values()), 'row')} ({reasons})")
    return "\n".join(lines)
