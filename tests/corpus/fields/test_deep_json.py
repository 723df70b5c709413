"""Objects that are nested deeper than a parser goes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.fields.deep_json import fields_of_deep

values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=4), values, max_size=5).filter(bool), st.sampled_from([None, 2]))
def test_any_object_is_read_as_json_reads_it(record: dict[str, object], indent: int | None) -> None:
    assert fields_of_deep(json.dumps(record, indent=indent)) == record


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_what_is_too_deep_is_passed_over(opening: str, closing: str) -> None:
    deep = f"{opening * 50_000}1{closing * 50_000}"
    assert fields_of_deep(f'{{"deep": {deep}, "text": "a ] \\" }}", "id": 7}}') == {
        "deep": None,
        "text": 'a ] " }',
        "id": "7",
    }


@pytest.mark.parametrize(
    "text",
    ["[" * 999, "{", '{"a"', '{"a": [', '{"a": [}', '{"a": "b', '{"a": ["b}', '{"a": 1} 2', '{"a": 1 2}', '{"a": x}'],
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        fields_of_deep(text)


@pytest.mark.parametrize("part", ['"\\\\', "[", "[]", '\\"', '{"a":'])
def test_a_long_line_is_given_up_in_a_moment(part: str) -> None:
    with pytest.raises(ValueError, match=r"."):  # were the time a square of the length, not within hours
        fields_of_deep('{"a": [' + part * (2_000_000 // len(part)))
