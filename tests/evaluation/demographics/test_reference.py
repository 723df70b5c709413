"""Reference tables: those of the package, as their script makes them, and a user's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from persona_hub.transforms.attributes import LIFE_STAGES
from persona_hub.transforms.corpus.language_codes import LANGUAGE_CODES
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.demographics import make_reference
from persona_hub.transforms.evaluation.demographics.reference import (
    packaged_references,
    read_references,
    reference_of,
    world_references,
)

HEAD = "area,attribute,value,count"


def test_the_packaged_tables_name_their_source_and_add_up() -> None:
    found = packaged_references()
    assert {name for name, area in found if area == "world"} == {
        "country",
        "language",
        "life_stage",
        "occupation",
        "sex",
    }
    for one in found.values():
        assert all((one.source, one.year, one.licence, one.note))
        assert sum(one.shares.values()) == pytest.approx(1)
        assert min(one.shares.values()) >= 0


def test_shares_are_those_that_are_known_of_the_world() -> None:
    world = {name: one.shares for name, one in world_references().items()}
    assert world["country"]["IN"] == pytest.approx(1.451 / 8.145, abs=0.002)
    assert "TW" in world["country"]
    assert "EAS" not in world["country"]
    assert set(world["life_stage"]) == set(LIFE_STAGES)
    assert world["life_stage"]["older adult"] == pytest.approx(0.0933, abs=0.001)  # 65 and over, 2020
    assert world["sex"]["female"] == pytest.approx(0.496, abs=0.001)
    assert set(world["language"]) <= LANGUAGE_CODES
    assert {"en", "zh", "ar", "no", "tl"} <= set(world["language"])
    assert set(world["occupation"]) == set("123456789")
    assert reference_of("life_stage", "JP") is not None
    assert reference_of("education") is None


def test_the_tables_are_as_their_script_makes_them() -> None:
    folder = Path(os.environ.get("PERSONA_HUB_DATA", "/nowhere")) / "reference"
    if not folder.is_dir():
        pytest.skip("PERSONA_HUB_DATA names no folder with the sources")
    for name, make in make_reference.MADE.items():
        made = "".join(make_reference.lines(name, make(folder)))
        assert (make_reference.TABLES / f"{name}.csv").read_text("utf-8") == made, name


def test_a_table_of_ones_own() -> None:
    lines = [
        "# source: our census",
        "# year: 2021",
        "# of adults",
        HEAD,
        ",sex,male,1",
        "",
        "DE,sex,female,4",
        ",sex,female,3",
    ]
    found = read_references("own.csv", lines)
    assert found["sex", "world"].shares == {"female": 0.75, "male": 0.25}
    assert found["sex", "DE"].shares == {"female": 1.0}
    assert (found["sex", "DE"].source, found["sex", "DE"].year, found["sex", "DE"].note) == (
        "our census",
        "2021",
        "of adults",
    )


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "own.csv: the first line after the comments must be area,attribute,value,count"),
        (["a,b"], "the first line"),
        ([HEAD, "world,age,9,1"], "own.csv, line 2: no attribute 'age'; there are language"),
        ([HEAD, "world,sex,male"], "line 2: 3 columns where area"),
        ([HEAD, "# more", "world,sex,male,-1"], "line 3: count is '-1', where a number from 0 is wanted"),
        ([HEAD, "world,sex,male,nan"], "count is 'nan'"),
        ([HEAD, "world,sex,male,0"], "the counts of sex of world are all 0"),
        ([HEAD, "world,sex,male,1", ",sex,male,1"], "line 3: sex 'male' of world stands twice"),
    ],
)
def test_a_wrong_table_says_where(lines: list[str], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        read_references("own.csv", lines)
