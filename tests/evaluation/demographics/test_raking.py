"""Balance: margins are reached, weights are those of samplics and of the dual problem, what cannot be is told."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.demographics.cells import Cells
from persona_hub.transforms.evaluation.demographics.quota import chosen, most_rows, quotas
from persona_hub.transforms.evaluation.demographics.raking import Balanced, UnreachableMarginError, rake

ORACLE = json.loads(Path(__file__).with_name("samplics.json").read_text("utf-8"))
CASES = [(case["margins"], case["cells"]) for case in ORACLE["cases"]]
TWO = ("country", "sex")


def of_case(rows: list[list[Any]]) -> Cells:
    return Cells(tuple(ORACLE["attributes"]), {tuple(row[:-2]): row[-2] for row in rows})


def made(**counts: int) -> Cells:
    """Cells of country and sex: DE_m=3."""
    return Cells(TWO, {tuple(name.split("_")): count for name, count in counts.items()})


def shares(cells: Cells, balanced: Balanced, attribute: str) -> dict[str, float]:
    place, over = balanced.attributes.index(attribute), cells.over(balanced.attributes)
    found: Counter[str] = Counter()
    for cell, count in over.counts.items():
        found[cell[place]] += count * balanced.weights[cell] / cells.total  # type: ignore[assignment]
    return dict(found)


@pytest.mark.parametrize(("margins", "rows"), CASES)
def test_weights_are_those_of_samplics(margins: dict[str, dict[str, float]], rows: list[list[Any]]) -> None:
    cells = of_case(rows)
    balanced = rake(cells, margins)
    places = [cells.place(name) for name in margins]
    for *cell, _, weight in rows:
        assert balanced.weights[tuple(cell[place] for place in places)] == pytest.approx(weight, rel=1e-6)
    for name, margin in margins.items():
        assert shares(cells, balanced, name) == pytest.approx(margin, abs=1e-8)
    assert max(balanced.gaps.values()) < 1e-8


def test_weights_are_nearest_to_equal_ones() -> None:
    """The convex dual of raking, solved by another method: log-weights are sums of a number for each value."""
    margins, rows = CASES[-1]
    cells = of_case(rows)
    counts = np.array(list(cells.counts.values()), float)
    named = [(cells.place(name), value) for name, one in margins.items() for value in one]
    design = np.array([[cell[place] == value for place, value in named] for cell in cells.counts])
    wanted = np.array([part for one in margins.values() for part in one.values()]) * counts.sum()
    dual = minimize(
        lambda x: counts @ np.exp(design @ x) - wanted @ x,
        np.zeros(design.shape[1]),
        jac=lambda x: design.T @ (counts * np.exp(design @ x)) - wanted,
        method="BFGS",
        options={"gtol": 1e-7},
    )
    balanced = rake(cells, margins)
    expected = dict(zip(cells.counts, np.exp(design @ dual.x), strict=True))
    order = [cells.place(name) for name in balanced.attributes]
    for cell, weight in expected.items():
        assert balanced.weights[tuple(cell[place] for place in order)] == pytest.approx(weight, rel=1e-5)


def test_effective_sample_size_is_kishs() -> None:
    balanced = rake(made(DE_m=90, FR_m=10), {"country": {"DE": 1, "FR": 1}})
    assert balanced.weights == pytest.approx({("DE",): 5 / 9, ("FR",): 5})
    assert balanced.effective == pytest.approx(100**2 / (90 * (5 / 9) ** 2 + 10 * 25))


def test_what_is_unknown_or_not_named_keeps_its_share() -> None:
    cells = made(DE_m=30, FR_m=10, unspecified_m=40, TW_f=20)
    balanced = rake(cells, {"country": {"DE": 0.5, "FR": 0.5, "unspecified": 9}})
    assert shares(cells, balanced, "country") == pytest.approx({"DE": 0.2, "FR": 0.2, "TW": 0.2, "unspecified": 0.4})


def test_values_that_no_persona_has_are_told_or_left_out() -> None:
    cells = made(DE_m=30, FR_m=10)
    margin = {"country": {"DE": 1.0, "FR": 1.0, "IT": 2.0}}
    for absent in ("error", "drop"):
        with pytest.raises(UnreachableMarginError, match="no persona tells a country of the margin"):
            rake(made(unspecified_m=30), margin, absent=absent)
    with pytest.raises(UnreachableMarginError, match="margin of country wants IT, which no persona has"):
        rake(cells, margin)
    balanced = rake(cells, margin, absent="drop")
    assert shares(cells, balanced, "country") == pytest.approx({"DE": 0.5, "FR": 0.5})
    assert balanced.absent == {"country": 0.5}
    with pytest.raises(UnreachableMarginError, match="no persona tells a country"):
        rake(cells, {"country": {"IT": 1}}, absent="drop")


def test_margins_that_exclude_each_other_are_told() -> None:
    cells = made(DE_m=10, FR_f=10)
    with pytest.raises(UnreachableMarginError, match="combinations that the margins need have no persona"):
        rake(cells, {"country": {"DE": 0.9, "FR": 0.1}, "sex": {"m": 0.1, "f": 0.9}})
    fitting = rake(cells, {"country": {"DE": 0.9, "FR": 0.1}, "sex": {"m": 0.9, "f": 0.1}})
    assert max(fitting.gaps.values()) < 1e-8


@pytest.mark.parametrize("margin", [{}, {"DE": 0}, {"DE": -1, "FR": 2}, {"DE": float("nan")}])
def test_margins_are_shares(margin: dict[str, float]) -> None:
    with pytest.raises(UnreachableMarginError, match="the margin of country has"):
        rake(made(DE_m=1, FR_m=1), {"country": margin})


def test_values_of_options_are_checked() -> None:
    with pytest.raises(ValueError, match=r"most_weight is 0\.5"):
        rake(made(DE_m=1), {"sex": {"m": 1}}, most_weight=0.5)
    with pytest.raises(ValueError, match="absent is 'keep'"):
        rake(made(DE_m=1), {"sex": {"m": 1}}, absent="keep")
    with pytest.raises(UnreachableMarginError, match="no personas"):
        rake(made(), {"sex": {"m": 1}})


def test_weights_are_trimmed_where_asked() -> None:
    cells = made(DE_m=900, DE_f=70, FR_m=25, FR_f=5)
    margins = {"country": {"DE": 0.8, "FR": 0.2}, "sex": {"m": 0.6, "f": 0.4}}
    free = rake(cells, margins)
    assert max(free.weights.values()) > 8
    trimmed = rake(cells, margins, most_weight=6)
    assert max(trimmed.weights.values()) <= 6
    assert sum(cells.over(TWO).counts[cell] * w for cell, w in trimmed.weights.items()) == pytest.approx(1000)
    assert trimmed.effective > free.effective
    assert 0 < max(trimmed.gaps.values()) < 0.1  # FR can have 6 * 30 of 1000, and not 200


def test_a_quota_sample_has_the_margins() -> None:
    margins, rows = CASES[-1]
    cells = of_case(rows)
    balanced = rake(cells, margins)
    size = min(1000, most_rows(cells, balanced))
    sample = quotas(cells, balanced, size)
    assert sample.rows == size
    over = cells.over(sample.attributes).counts
    for cell, count in over.items():
        assert abs(sample.quotas.get(cell, 0) - count * balanced.weights[cell] * size / cells.total) < 1
    assert max(sample.gaps.values()) <= 1 / size  # a person
    ten = Cells(cells.attributes, {cell: 10 * count for cell, count in cells.counts.items()})
    assert max(quotas(ten, rake(ten, margins), 5000).gaps.values()) <= 0.001
    with pytest.raises(InvalidInputError, match=f"there are 1 to {most_rows(cells, balanced)}"):
        quotas(cells, balanced, most_rows(cells, balanced) + 1)


def test_many_small_cells_keep_the_margins() -> None:
    rng = np.random.default_rng(5)
    names: list[tuple[str, ...]] = [(f"c{n}", s, str(o)) for n in range(60) for s in "mf" for o in range(10)]
    counts = dict(zip(names, map(int, 1 + rng.poisson(3, len(names))), strict=True))
    cells = Cells(("country", "sex", "occupation"), counts)
    margins = {"country": {f"c{n}": 1.0 + n % 3 for n in range(60)}, "sex": {"m": 1.0, "f": 1.0}}
    sample = quotas(cells, rake(cells, {**margins, "occupation": {str(o): 1.0 for o in range(10)}}), 600)
    assert sample.rows == 600
    assert max(sample.gaps.values()) <= 2 / 600


def test_rows_of_a_quota_sample_are_drawn_by_hash() -> None:
    rows = [(f"{n:032x}", ("DE" if n % 4 else "FR",)) for n in range(4000)]
    cells = Cells.of((cell for _, cell in rows), ("country",))
    sample = quotas(cells, rake(cells, {"country": {"DE": 1, "FR": 1}}), 10)
    found = chosen(rows, sample, seed=3)
    assert Counter(dict(rows)[one] for one in found) == {("DE",): 5, ("FR",): 5}
    assert chosen(reversed(rows), sample, seed=3) == found != chosen(rows, sample, seed=4)
    larger = quotas(cells, rake(cells, {"country": {"DE": 1, "FR": 1}}), 20)
    assert found < chosen(rows, larger, seed=3)


def test_raking_costs_cells_not_personas() -> None:
    cells = Cells(TWO, {("DE", "m"): 400_000_000, ("DE", "f"): 100_000_000, ("FR", "m"): 300_000_000, ("FR", "f"): 7})
    balanced = rake(cells, {"country": {"DE": 0.5, "FR": 0.5}, "sex": {"m": 0.8, "f": 0.2}})
    assert balanced.rows == 800_000_007
    assert max(balanced.gaps.values()) < 1e-3
