"""What a balance tells: margins wanted and reached, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.demographics.balance import ABSENT, UNNAMED, Balance
from persona_hub.transforms.evaluation.demographics.cells import Cells
from persona_hub.transforms.evaluation.demographics.margins import WantedBalance

ORACLE = json.loads(Path(__file__).with_name("samplics.json").read_text("utf-8"))
CELLS = Cells(
    ("country", "sex"), {("DE", "male"): 60, ("FR", "male"): 20, ("DE", "female"): 10, (UNSPECIFIED, "male"): 10}
)
WORLD = {"country": {"DE": 0.4, "FR": 0.4, "PL": 0.2}}


@pytest.mark.parametrize("case", ORACLE["cases"])
def test_weights_in_a_table_are_those_of_samplics(case: dict[str, Any]) -> None:
    cells = Cells(tuple(ORACLE["attributes"]), {tuple(row[:-2]): row[-2] for row in case["cells"]})
    balance = Balance.of(cells, WantedBalance(case["margins"]))
    places = balance.places(cells.attributes)
    for *cell, _, weight in case["cells"]:
        assert balance.weight(tuple(cell[place] for place in places)) == pytest.approx(weight, rel=1e-6)
    rows = balance.section()["balance_margins"]
    assert all(row["weighted"] == pytest.approx(row["wanted"], abs=1e-6) for row in rows)
    assert len(rows) == sum(map(len, case["margins"].values()))


def test_what_is_left_out_is_told_with_the_reason() -> None:
    balance = Balance.of(CELLS, WantedBalance(WORLD, {"country": "a table"}, "drop", rows=20))
    told = balance.section()
    assert told["balance_left_out"] == [
        {"attribute": "country", "value": "PL", "share": 0.2, "why": ABSENT},
        {"attribute": "country", "value": UNSPECIFIED, "share": 0.1, "why": UNNAMED},
    ]
    assert [(row["value"], row["wanted"], row["unweighted"]) for row in told["balance_margins"]] == [
        ("DE", 0.5, pytest.approx(7 / 9)),
        ("FR", 0.5, pytest.approx(2 / 9)),
    ]
    assert [row["weighted"] for row in told["balance_margins"]] == pytest.approx([0.5, 0.5])
    assert [row["in_quota_sample"] for row in told["balance_margins"]] == pytest.approx([0.5, 0.5])
    figures = told["balance"]
    assert figures["largest_weight"].value == pytest.approx(0.45 / 0.2)
    # Kish: 100 personas of weights 0.45 / 0.7, 0.45 / 0.2 and 1.
    worth = 100**2 / (70 * (0.45 / 0.7) ** 2 + 20 * (0.45 / 0.2) ** 2 + 10)
    assert figures["effective_sample_size"].value == pytest.approx(worth)
    assert figures["quota_sample"].value == 20
    assert sum(balance.drawn.values()) == 20


def test_a_bound_of_weights_is_kept_and_the_margin_missed_is_told() -> None:
    told = Balance.of(CELLS, WantedBalance(WORLD, absent="drop", most_weight=1.5)).section()
    assert told["balance"]["largest_weight"].value == pytest.approx(1.5)
    assert told["balance"]["furthest_share_of_country"].value > 0.01
    assert all(row["in_quota_sample"] is None for row in told["balance_margins"])


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (WantedBalance(WORLD), "wants PL, which no persona has: add personas, take these from the margin"),
        (
            WantedBalance({"country": {"FR": 1.0, "DE": 0.0}, "sex": {"female": 1.0, "male": 0.0}}),
            "no weights of these personas have all margins",
        ),
        (WantedBalance(WORLD, absent="drop", rows=90), "a quota sample of 90 personas: .* there are 1 to 44"),
        (WantedBalance(WORLD, absent="drop", most_weight=0.5), "a largest weight of 0.5: the mean is 1"),
    ],
)
def test_what_cannot_be_is_told(wanted: WantedBalance, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        Balance.of(CELLS, wanted)
