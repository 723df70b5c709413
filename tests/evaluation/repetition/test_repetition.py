"""What repeats: values counted exactly, openings, names, templates, groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.attributes import UNSPECIFIED, read_attributes
from persona_hub.transforms.evaluation.key_counts import KeyCounts
from persona_hub.transforms.evaluation.repetition.groups import group_sizes, largest_group, repeated_share
from persona_hub.transforms.evaluation.repetition.patterns import capitalised_names, openings, template_keys
from persona_hub.transforms.evaluation.repetition.value_counts import ValueCounts, candidates_of, missed_share


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=3), max_size=40), st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_counts_of_values_merge(rows: list[list[str]], cut: int) -> None:
    for candidates in (None, frozenset("abc")):
        whole = ValueCounts(candidates).add(rows)
        parts = ValueCounts(candidates).add(rows[cut:]).merged(ValueCounts(candidates).add(rows[:cut]))
        assert whole == parts
        for value, count in whole.counts.items():
            assert count == sum(value in row for row in rows)
            assert candidates is None or value in candidates
        assert whole.effective_values.as_json == parts.effective_values.as_json


def test_top_values_and_their_share() -> None:
    counts = ValueCounts().add([["x"]] * 6 + [["y"]] * 3 + [["z"], []])
    assert counts.top(2) == [("x", 6), ("y", 3)]
    assert counts.share_of_top(1).value == 6 / 11
    assert counts.share_of_top(1).low is None
    shares = np.array([6, 3, 1]) / 10
    assert counts.effective_values.value == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
    assert ValueCounts().add([["x"]] * 9).effective_values.value == 1
    assert math.isnan(ValueCounts().effective_values.value)
    with pytest.raises(ValueError, match="do not merge"):
        counts.merged(ValueCounts(frozenset("x")))


def test_what_a_sample_may_miss() -> None:
    share = missed_share(2000)
    assert (1 - share) ** 2000 / share == pytest.approx(0.01, rel=0.01)
    assert missed_share(0) == 1
    assert candidates_of([["x", "y"], ["x"], []]) == frozenset("xy")


def test_openings() -> None:
    assert openings(["A nurse, who works", "A NURSE who sleeps", "Chef", "", "一位护士在"]) == [
        "a nurse who",
        "a nurse who",
        "chef",
        "",
        "一 位 护",
    ]


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("A nurse from New York who reads Sartre. She likes NASA.", "en", ["New York", "Sartre"]),
        ("Maria Silva cooks for Jean-Paul Dubois and Ann.", "en", ["Silva", "Jean-Paul Dubois", "Ann"]),
        ("Eine Ärztin aus Berlin, die Musik liebt", "de", []),
        ("ONE NURSE FROM PARIS", "en", []),
        ("一位来自北京的护士", "zh", []),
        ("Un infirmier de Évry qui aime « Les Misérables » et Zola", "fr", ["Évry", "Misérables", "Zola"]),
    ],
)
def test_names(text: str, language: str, names: list[str]) -> None:
    assert capitalised_names(text, language) == names


def test_templates_are_texts_with_names_and_numbers_masked() -> None:
    one, two, other = "Mary Jane has 12 eggs left", "Bob has twelve hundred eggs left", "Bob has twelve hens left"
    keys = template_keys([one, two, other, ""])
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == 0
    alone = [template_keys([text])[0] for text in (one, two, other)]
    assert alone == keys[:3].tolist()


def test_shares_and_sizes_of_groups() -> None:
    keys = np.repeat(np.arange(1, 7, dtype=np.uint64), [1, 1, 1, 2, 2, 5])
    found = KeyCounts().add(keys, len(keys))
    assert repeated_share(found).value == 9 / 12
    assert repeated_share(found).low is None
    assert group_sizes(found) == {1: 3, 2: 2, 5: 1}
    assert group_sizes(found, beside=1) == {2: 3, 3: 2, 6: 1}
    assert (largest_group(found), largest_group(found, beside=1), largest_group(KeyCounts(), 1)) == (5, 6, 0)
    assert math.isnan(repeated_share(KeyCounts()).value)


def test_shares_of_sampled_groups_hold() -> None:
    held = 0
    for seed in range(40):
        draws = np.random.default_rng(seed)
        keys = np.repeat(draws.integers(0, 2**63, 4000, dtype=np.uint64), draws.integers(1, 4, 4000))
        truth = 1 - float((np.unique(keys, return_counts=True)[1] == 1).sum()) / len(keys)
        figure = repeated_share(KeyCounts(500).add(keys, len(keys)))
        held += (figure.low or 0) <= truth <= (figure.high or 0)
    assert held >= 34  # 38 expected


def test_a_hub_of_one_template_is_all_repetition() -> None:
    texts = [f"A baker who sells {n} loaves to {name}" for n in range(10) for name in ("Ann", "Bob", "Zoë")]
    free = ["A nurse at night", "a chef who paints", "One teacher of maths", "the last sailor"]
    assert repeated_share(KeyCounts().add(template_keys(texts), 30)).value == 1
    assert repeated_share(KeyCounts().add(template_keys(free), 4)).value == 0
    assert ValueCounts().add([one] for one in openings(texts)).share_of_top(1).value == 1


def test_occupations_languages_and_countries_of_a_hub() -> None:
    texts = [*["A nurse from Kenya who paints", "A nurse who lives in Kenya"] * 5, "A carpenter in Peru", "Somebody"]
    read = [read_attributes(text, "en") for text in texts]
    occupations = ValueCounts().add([one.occupation_unit] for one in read)
    assert [count for _, count in occupations.top(3)] == [10, 1, 1]
    assert dict(occupations.top(3))[UNSPECIFIED] == 1
    varied = ValueCounts().add([one.country] for one in read)
    assert varied.top(1) == [("KE", 10)]
    one_country = ValueCounts().add([one.country] for one in read[:10])
    assert one_country.share_of_top(1).value == one_country.effective_values.value == 1
    assert varied.effective_values.value > 1
