"""Margins of a table: each mistake is told with file, line and remedy."""

from __future__ import annotations

import pytest

from persona_hub.transforms.evaluation.demographics.margins import (
    MarginsError,
    margins_of_references,
    read_margins,
)
from persona_hub.transforms.evaluation.demographics.reference import world_references

HEADER = "attribute,value,share"


def test_a_table_is_read_with_areas_or_without() -> None:
    lines = ["# mine", HEADER, "country, de ,0.25", "country,FR,0.75", "", "sex,Female,1"]
    margins = {"country": {"DE": 0.25, "FR": 0.75}, "sex": {"female": 1.0}}
    assert read_margins("m.csv", lines) == margins
    with_areas = [f"area,{HEADER}", "world,country,DE,0.25", ",country,FR,0.75", "EU,sex,female,1"]
    assert read_margins("m.csv", with_areas) == margins


def test_rounded_shares_are_made_to_add_up() -> None:
    found = read_margins("m.csv", [HEADER, *(f"country,{code},0.333" for code in ("DE", "FR", "PL"))])
    assert sum(found["country"].values()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "m.csv: the first line must be attribute,value,share"),
        (["a,b"], "m.csv: the first line must be attribute,value,share"),
        ([HEADER], "m.csv: holds no share; a line is wanted for each value"),
        ([HEADER, "country,DE"], "m.csv, line 2: 2 columns where attribute, value, share are wanted"),
        ([HEADER, "town,Ulm,1"], "m.csv, line 2: no attribute 'town'; there are language, occupation"),
        ([HEADER, "country,Germany,1"], "m.csv, line 2: 'GERMANY' where a country as ISO 3166 has it"),
        ([HEADER, "life_stage,old,1"], "m.csv, line 2: 'old' where one of child, teenager"),
        ([HEADER, "sex,x,1"], "m.csv, line 2: 'x' where male or female is wanted, which sex is"),
        ([HEADER, "language,english,1"], "m.csv, line 2: 'english' where a language as ISO 639 has it"),
        (
            [HEADER, "country,unspecified,1"],
            "line 2: unspecified has no share to reach: it keeps its own; leave the line",
        ),
        ([HEADER, "country,DE,half"], "m.csv, line 2: share is 'half', where a number from 0 to 1 is wanted"),
        ([HEADER, "country,DE,-0.1"], "m.csv, line 2: share is '-0.1'"),
        ([HEADER, "country,DE,nan"], "m.csv, line 2: share is 'nan'"),
        ([HEADER, "country,DE,0.5", "country,de,0.5"], "m.csv, line 3: country 'DE' stands twice; leave one"),
        ([HEADER, "country,DE,0.5", "country,FR,0.4"], "shares of country add up to 0.9, where 1 is wanted"),
        ([HEADER, "country,DE,0"], "shares of country add up to 0, where 1 is wanted"),
        ([f"area,{HEADER}", "EU,sex,male,0.5", "US,sex,female,0.5"], "line 3: 'sex' of a second area, 'US'; leave one"),
    ],
)
def test_what_is_wrong_is_told(lines: list[str], said: str) -> None:
    with pytest.raises(MarginsError, match=said.replace("(", "[(]")):
        read_margins("m.csv", lines)


def test_margins_of_the_packaged_tables() -> None:
    found = margins_of_references(["sex", "life_stage"], world_references())
    assert found["sex"].keys() == {"male", "female"}
    assert sum(found["life_stage"].values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["town"], "no attribute 'town'; there are language, .*; a table of your own ends in .csv"),
        (["education"], "no table of education is in the package; there are those of country, .* give a table"),
        (["sex", "sex"], "sex stands twice"),
        ([], "names no attribute"),
    ],
)
def test_what_the_package_has_not_is_told(names: list[str], said: str) -> None:
    with pytest.raises(MarginsError, match=said):
        margins_of_references(names, world_references())
