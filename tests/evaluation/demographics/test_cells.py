"""Counts of attributes: they merge exactly, and give margins and tables of pairs."""

from __future__ import annotations

import random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.evaluation.demographics.cells import Cells, sex_of
from persona_hub.transforms.evaluation.demographics.groups import DOCUMENT_GROUPS, GroupCounts
from persona_hub.transforms.evaluation.demographics.summary import Demographics

TWO = ("country", "sex")
ROWS = [("DE", "male"), ("DE", "female"), ("FR", "female"), ("", "female"), ("DE", "unspecified"), ("FR", "female")]


def test_margins_and_pairs_of_a_few_rows() -> None:
    cells = Cells.of(ROWS, TWO)
    assert cells.total == 6
    assert cells.margin("country") == {"DE": 3, "FR": 2, "unspecified": 1}
    assert cells.known("sex") == {"female": 4, "male": 1}
    pair = cells.pair("country", "sex")
    assert (pair.rows, pair.columns, pair.counts.tolist()) == (("DE", "FR"), ("female", "male"), [[1, 1], [2, 0]])
    assert cells.over(["sex"]).counts == {("female",): 4, ("male",): 1, ("unspecified",): 1}
    with pytest.raises(ValueError, match="no attribute 'age'; there are country, sex"):
        cells.margin("age")
    with pytest.raises(ValueError, match="1 values where 2 attributes"):
        Cells.of([("DE",)], TWO)


ROW = st.tuples(st.sampled_from("ab"), st.tuples(st.sampled_from(["", "DE"]), st.sampled_from("mf")))


@given(st.lists(ROW), st.integers(0, 9))
def test_parts_merge_to_the_whole(rows: list[tuple[str, tuple[str, ...]]], cut: int) -> None:
    first, second = Demographics.of(rows[:cut], TWO), Demographics.of(rows[cut:], TWO)
    assert first.merged(second) == second.merged(first) == Demographics.of(rows, TWO)
    assert first.cells.add(cell for _, cell in rows[cut:]) == Cells.of((cell for _, cell in rows), TWO)


def test_other_attributes_do_not_merge() -> None:
    with pytest.raises(ValueError, match="do not merge"):
        Cells.of(ROWS, TWO).merged(Cells.of([], ("sex", "country")))
    with pytest.raises(ValueError, match="do not merge"):
        GroupCounts((), {}).merged(GroupCounts())


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ('{"Sex": "Female"}', "female"),
        ('{"gender": "m", "age": 3}', "male"),
        ('{"sex": "divers"}', "unspecified"),
        ('{"sex": 3}', "unspecified"),
        ("", "unspecified"),
        ("{", "unspecified"),
        ("[1]", "unspecified"),
    ],
)
def test_a_sex_comes_from_a_given_column(column: str, found: str) -> None:
    assert sex_of(column) == found


def test_personas_of_one_document_are_worth_less() -> None:
    def effect(seed: int, personas: int) -> float:
        rng = random.Random(seed)
        country = [rng.choice(["DE", "DE", "FR"]) for _ in range(500)]
        rows = [(f"{seed}/{n}", (country[n],)) for n in range(500) for _ in range(personas)]
        return GroupCounts.of(rows, ("country",)).design_effect("country")

    assert mean(effect(seed, 1) for seed in range(10)) < 1.2
    assert mean(effect(seed, 20) for seed in range(10)) == pytest.approx(20, rel=0.15)


def test_associations_of_a_few_documents_are_not_the_surest() -> None:
    """Country and sex go together in each of ten documents; stage and education nearly always, in 1,000."""
    rng = random.Random(4)
    rows: list[tuple[str, tuple[str, ...]]] = []
    for n in range(1000):
        stage = rng.choice("xy")
        education = stage if rng.random() < 0.9 else rng.choice("xy")
        rows.append((f"{n}", ("", "", stage, education)))
        document = n % 10
        rows.append((f"few {document}", ("FR" if document % 2 else "DE", "f" if document % 2 else "m", "", "")))
    told = Demographics.of(rows, ("country", "sex", "life_stage", "education")).report({})["associations"]
    assert [one["attributes"] for one in told[:2]] == [["life_stage", "education"], ["country", "sex"]]
    assert told[0]["v"]["value"] < told[1]["v"]["value"]


def test_a_design_effect_needs_groups_and_values() -> None:
    assert GroupCounts.of([("a", ("DE",)), ("b", ("DE",))], ("country",)).design_effect("country") == 1
    assert GroupCounts.of([("a", ("DE",)), ("a", ("FR",))], ("country",)).design_effect("country") == 1
    rows = [(str(n), ("DE",)) for n in range(3000)]
    assert len({group for group, *_ in GroupCounts.of(rows, ("country",)).counts}) == DOCUMENT_GROUPS
