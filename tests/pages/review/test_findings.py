"""What ratings come to, beside values by hand and by the library."""

from __future__ import annotations

import math
from pathlib import Path

import krippendorff
import numpy as np
import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.review.findings import alpha, findings_of, gold_rows
from persona_hub.pipelines.pages.review.items import Pair, Review, review_of
from persona_hub.pipelines.pages.review.ratings import RaterFile, read_rater_file
from persona_hub.transforms.judging.gold import gold_row
from tests.helpers.pages.raters import Compare, Rate, item, rows_of, write_rows

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, part C: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
EXAMPLE = {
    str(who): {unit: value for unit, value in enumerate(row) if value is not None} for who, row in enumerate(OBSERVERS)
}


def rated(folder: Path, review: Review, rater: str, rate: Rate, compare: Compare = lambda _: None) -> RaterFile:
    folder.mkdir(exist_ok=True)
    return read_rater_file(str(write_rows(folder / f"{rater}.jsonl", rows_of(review, rater, rate, compare))))


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_alpha_is_that_of_its_authors_example(level: str, value: float) -> None:
    found = alpha(EXAMPLE, (1, 2, 3, 4, 5), level)  # type: ignore[arg-type]
    assert round(found.value, 3) == value
    data = [[math.nan if one is None else one for one in row] for row in OBSERVERS]
    assert found.value == pytest.approx(krippendorff.alpha(reliability_data=data, level_of_measurement=level))  # type: ignore[arg-type]
    assert found.n == 11  # one unit has one value
    assert found.low is not None
    assert found.high is not None
    assert 0.2 < found.low < found.value < found.high <= 1
    assert found == alpha(dict(reversed(EXAMPLE.items())), (1, 2, 3, 4, 5), level)  # type: ignore[arg-type]


def test_a_few_units_on_which_all_agree_prove_little() -> None:
    few, many = (
        alpha({who: {unit: unit % 2 for unit in range(n)} for who in "ab"}, (0, 1), "nominal") for n in (6, 60)
    )
    assert few.value == many.value == 1.0
    assert few.low is not None
    assert many.low is not None
    assert few.low < 0.5
    assert 0.85 < many.low < 1


def test_alpha_of_nothing_and_of_one_value_is_not_told() -> None:
    for verdicts in ({}, {"a": {1: 0, 2: 1}}, {"a": {1: 0}, "b": {1: 0}}):
        assert math.isnan(alpha(verdicts, (0, 1), "nominal").value)


def test_the_interval_of_alpha_holds_the_truth() -> None:
    # Two raters who say the truth with chance 0.85, else the other of two equally frequent verdicts: alpha 0.7².
    generator, held = np.random.default_rng(1), 0
    for _ in range(30):
        truth = generator.integers(2, size=60)
        says = [np.where(generator.random(60) < 0.85, truth, 1 - truth) for _ in range(2)]
        found = alpha({str(n): dict(enumerate(row.tolist())) for n, row in enumerate(says)}, (0, 1), "nominal", 60)
        held += found.low <= 0.49 <= found.high  # type: ignore[operator]
    assert held >= 26


def test_rates_bias_and_preferences(tmp_path: Path) -> None:
    hub, none = [item(n) for n in range(10)], [item(n, "none", text=f"Add {n}!") for n in range(10)]
    review = review_of([lambda: iter(hub), lambda: iter(none)], 20)

    def better(pair: Pair) -> str:
        return "left" if pair.left.arm == "hub" else "right"

    files = [
        rated(tmp_path, review, "Ann", lambda one: ("yes" if one.arm == "hub" else "no", 5), better),
        rated(tmp_path, review, "Bo", lambda one: ("yes" if one.arm == "hub" else "no", 4), better),
        rated(tmp_path, review, "Cy", lambda one: ("yes", 3), lambda _: "tie"),
    ]
    found = findings_of(files)
    assert (found.items, found.pairs, found.gold, found.undecided) == (20, 10, 20, 0)
    assert found.valid["all"]["all"].value == 0.5
    assert [found.valid["arm"][arm].value for arm in ("hub", "none")] == [1.0, 0.0]
    assert found.fidelity["all"]["all"].value == 4.0
    assert found.preferred["hub"].value == pytest.approx((1 + 1 + 0.5) / 3)
    assert found.preferred["none"].value == pytest.approx(0.5 / 3)
    sides = [better(pair) for pair in review.pairs]
    assert found.left.value == sides.count("left") / 10
    assert found.left.n == 20  # Cy sees ties alone
    bias = {one.rater: (one.rated, one.valid.value, one.fidelity.value) for one in found.raters}
    assert bias == {"Ann": (20, -0.25, 1.5), "Bo": (20, -0.25, 0.0), "Cy": (20, 0.5, -1.5)}
    assert found.agreement["validity"].n == 20
    assert found == findings_of(files[::-1])
    assert orjson.loads(orjson.dumps(found.as_json()))["valid"]["arm"]["none"]["value"] == 0.0


def test_a_rater_who_says_two_things_of_one_sample_is_refused(tmp_path: Path) -> None:
    pages = [review_of([lambda n=n: iter([item(n), item(3)])], 2) for n in (1, 2)]  # type: ignore[misc]
    said = [
        rated(tmp_path / "one", pages[0], "Ann", lambda _: ("yes", 5)),
        rated(tmp_path / "two", pages[1], "ANN", lambda _: ("yes", None)),  # left open here, so the other page holds
        rated(tmp_path / "two", pages[1], "Bo", lambda _: ("no", 1)),
    ]
    assert findings_of(said).items == 3
    other = rated(tmp_path / "three", pages[1], "Ann", lambda _: ("no", 5))
    with pytest.raises(UsageError, match=f"three.Ann.jsonl: Ann rates {item(3).id} otherwise than in .*one.Ann.jsonl"):
        findings_of([said[0], other])


def test_an_even_vote_decides_nothing_and_the_gold_set_is_what_judges_read(tmp_path: Path) -> None:
    review = review_of([lambda: iter([item(n) for n in range(3)])], 3)
    first, second, third = review.items
    files = [
        rated(tmp_path, review, "Ann", lambda one: ("yes" if one != third else None, None)),
        rated(tmp_path, review, "Bo", lambda one: ({first: "yes", second: "no"}.get(one), None)),
    ]
    found = findings_of(files)
    assert (found.items, found.gold, found.undecided) == (2, 1, 1)
    assert math.isnan(found.fidelity["all"]["all"].value)
    (row,) = gold_rows(files)
    read = gold_row(orjson.dumps(row).decode(), "gold")
    assert (read.text, read.persona_id, read.score) == (first.text, first.persona_id, 1.0)
    assert row["raters"] == 2
