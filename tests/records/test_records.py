"""Records and their ids."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.records import (
    content_id,
    excerpt,
    partition_of,
    persona_id,
)
from tests.material.personas import persona


def test_the_id_of_a_persona_is_that_of_its_words() -> None:
    assert persona_id("A  Baker\nof ﬁne bread ") == persona_id("a baker of fine bread")
    assert persona_id("a baker") != persona_id("a banker")
    assert len(persona_id("")) == 32


@given(st.text(), st.integers(1, 5000))
def test_partitions_keep_the_order_of_ids(text: str, partitions: int) -> None:
    one, other = sorted([persona_id(text), persona_id(text + "x")])
    assert 0 <= partition_of(one, partitions) <= partition_of(other, partitions) < partitions


def test_an_excerpt_is_one_short_printable_line() -> None:
    assert excerpt("a\nb\0c‮d", 10) == "a b c d"
    assert excerpt("x" * 50, 10) == "x" * 9 + "…"


words = st.text(st.characters(codec="utf-8", exclude_categories=["Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=8)


@given(st.lists(words, min_size=1, max_size=6), st.sampled_from([" ", "\n", "\t  ", "\u00a0", "\u3000"]))
def test_the_id_of_a_persona_does_not_hear_case_forms_or_white_space(said: list[str], gap: str) -> None:
    text = " ".join(said)
    assert persona_id(gap + gap.join(said) + gap) == persona_id(text)
    assert persona_id(unicodedata.normalize("NFD", text)) == persona_id(text)
    assert persona_id(unicodedata.normalize("NFKC", text)) == persona_id(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A STRASSE", "a straße", True),
        ("Café owner", "Cafe\u0301 owner", True),
        ("１２ ｃａｔｓ", "12 cats", True),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", True),
        ("a baker.", "a baker", False),
        ("résumé writer", "resume writer", False),
        ("", " ", True),
    ],
)
def test_which_personas_are_one(one: str, other: str, same: bool) -> None:
    assert (persona_id(one) == persona_id(other)) is same


def test_the_id_of_a_text_hears_everything() -> None:
    assert content_id("a") != content_id("A") != content_id("a ")
    assert content_id("\ud800") != content_id("\ufffd")  # a model's answer may hold half an emoji
    assert int(content_id("a"), 16) < 1 << 128


@given(st.text(), st.integers(2, 50))
def test_an_excerpt_is_bounded_and_says_when_it_is_cut(text: str, characters: int) -> None:
    shown = excerpt(text, characters)
    assert len(shown) <= characters
    assert shown.isprintable()
    assert shown.endswith("…") or len(text) <= characters
    assert excerpt(shown, characters) == shown


def test_the_earlier_hop_goes_first_and_then_the_id() -> None:
    ranked = [
        persona("x", hop=0, document_id="9"),
        persona("x", hop=1, document_id="1", parent_id="2"),
        persona("x", hop=1, document_id="1", parent_id="3"),
        persona("x", hop=1, document_id="2", parent_id="0"),
        persona("x", hop=2, document_id="0"),
    ]
    assert all(one.order < other.order for one, other in pairwise(ranked))


def test_partitions_cover_their_range_to_both_ends() -> None:
    assert [partition_of(head * 8 + "0" * 24, 10) for head in "0f"] == [0, 9]
    assert partition_of("f" * 32, 1) == 0


def test_records_do_not_load_beam() -> None:
    code = "import sys, persona_hub.transforms.records; print([name for name in sys.modules if 'beam' in name])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
