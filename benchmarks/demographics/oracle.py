"""Writes what samplics makes of margins, tests/evaluation/demographics/samplics.json, which the tests compare with.

    python -m venv /tmp/samplics && /tmp/samplics/bin/pip install samplics==0.6.1
    /tmp/samplics/bin/python benchmarks/demographics/oracle.py

samplics brings polars, pandas and statsmodels, 300 MB, and is archived: so
its answers are kept, not the package.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

PLACE = Path(__file__).parents[2] / "tests" / "evaluation" / "demographics" / "samplics.json"
VALUES = {"country": ("BR", "DE", "IN", "US"), "life_stage": ("adult", "older adult", "teenager"), "sex": ("f", "m")}
MARGINS = [
    {"country": {"BR": 0.2, "DE": 0.2, "IN": 0.4, "US": 0.2}, "sex": {"f": 0.5, "m": 0.5}},
    {
        "country": {"BR": 0.1, "DE": 0.05, "IN": 0.6, "US": 0.25},
        "life_stage": {"adult": 0.5, "older adult": 0.1, "teenager": 0.4},
        "sex": {"f": 0.55, "m": 0.45},
    },
]
ROWS = (200, 3000)


def personas(rows: int) -> list[tuple[str, ...]]:
    """Values that go together: the sex with the country, the stage with both."""
    rng = random.Random(rows)
    found: list[tuple[str, ...]] = []
    for _ in range(rows):
        country = rng.choices(range(4), (1, 2, 3, 8))[0]
        sex = rng.choices(range(2), (1 + country, 3))[0]
        stage = rng.choices(range(3), (5, 1 + sex, 1 + country))[0]
        found.append((VALUES["country"][country], VALUES["life_stage"][stage], VALUES["sex"][sex]))
    return found


def raked(rows: list[tuple[str, ...]], margins: dict[str, dict[str, float]]) -> dict[tuple[str, ...], float]:
    """samplics' weight of each combination of values."""
    import numpy as np
    from samplics.weighting import SampleWeight

    columns = {name: [row[place] for row in rows] for place, name in enumerate(VALUES) if name in margins}
    control = {name: {value: part * len(rows) for value, part in one.items()} for name, one in margins.items()}
    weights = SampleWeight().rake(
        samp_weight=np.ones(len(rows)), margins=columns, control=control, tol=1e-12, ctrl_tol=1e-12, max_iter=2000
    )
    return dict(zip(rows, weights.tolist(), strict=True))


if __name__ == "__main__":
    cases: list[dict[str, Any]] = []
    for size in ROWS:
        made = personas(size)
        for margin in MARGINS:
            found = raked(made, margin)
            cells = [[*cell, count, found[cell]] for cell, count in sorted(Counter(made).items())]
            cases.append({"margins": margin, "cells": cells})
    PLACE.write_text(json.dumps({"attributes": list(VALUES), "cases": cases}), "utf-8")
