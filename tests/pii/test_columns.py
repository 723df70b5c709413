"""Columns of given personas without personal data."""

from __future__ import annotations

import orjson
import pytest

from persona_hub.transforms.pii.columns import clean_columns

GIVEN = {
    "First name": "Tamara",
    "e-mail": "t.bledsoe@example.org",
    "about": "Maria Gonzalez, a nurse from Toledo, writes to maria@example.org.",
    "age": 51,
    "city": "Toledo",
}


def cleaned(mode: str, language: str = "en") -> dict[str, object]:
    """What is left."""
    found = clean_columns(orjson.dumps(GIVEN).decode(), language, mode)
    return dict(orjson.loads(found)) if found else {}


def test_names_and_contact_data_are_scrubbed() -> None:
    left = cleaned("scrub")
    assert left.keys() == {"about", "age", "city"}
    assert "Gonzalez" not in str(left["about"])
    assert "@" not in str(left["about"])
    assert "nurse" in str(left["about"])
    assert (left["age"], left["city"]) == (51, "Toledo")


def test_drop_leaves_the_value_out() -> None:
    assert cleaned("drop") == {"age": 51, "city": "Toledo"}


def test_keep_keeps_all() -> None:
    assert cleaned("keep") == GIVEN


@pytest.mark.parametrize("given", ["", '{"email":"a@b.org"}'])
def test_nothing_is_left_of_nothing(given: str) -> None:
    assert clean_columns(given, "en", "scrub") == ""
