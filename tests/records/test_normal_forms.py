"""Normal forms: those of Unicode, with long runs of marks broken up so that they cost no more than other text."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.text import clean_text
from persona_hub.transforms.normal_forms import JOINER, nfc, nfkc, stream_safe
from persona_hub.transforms.offline_model.reading import on_one_line
from persona_hub.transforms.records import text_id
from persona_hub.transforms.similarity.shingles import tokenise

# Two classes of marks in the wrong order, which is what a normaliser sorts; and marks that only NFKC makes.
HOSTILE = ["e" + "\u0300\u0316" * 400, "\u0316" * 800, "ｶ" + "ﾞ" * 800, "a" + "\u0344" * 800]
THIRTY = "\u0300\u0316" * 15


def longest_run(text: str) -> int:
    """The most characters of a combining class in a row, decomposed: what a normaliser has to sort."""
    classes = "".join("m" if unicodedata.combining(c) else "." for c in unicodedata.normalize("NFKD", text))
    return max(map(len, re.findall("m+", classes)), default=0)


@pytest.mark.parametrize("text", HOSTILE, ids=["two classes", "no letter", "half-width", "decomposed"])
def test_no_more_than_a_few_dozen_marks_are_left_in_a_row(text: str) -> None:
    assert longest_run(text) >= 800
    for safe in (stream_safe(text), nfc(text), nfkc(text), clean_text(text, 6000), on_one_line(text)):
        assert longest_run(safe) <= 60  # U+0344 is two of them
    assert longest_run(tokenise([text]).text.decode()) <= 60


@pytest.mark.parametrize(
    "text", ["", "e" + THIRTY, "हिन्दी", "ที่นี่", "שָׁלוֹם", "Ｃａｆｅ\u0301", "한국어", THIRTY + "a" + THIRTY]
)
def test_a_text_of_fewer_marks_is_normalised_as_unicode_has_it(text: str) -> None:
    assert nfc(text) == unicodedata.normalize("NFC", text)
    assert nfkc(text) == unicodedata.normalize("NFKC", text)


@given(st.text())
def test_nothing_but_joiners_is_added(text: str) -> None:
    assert stream_safe(text).replace(JOINER, "") == text.replace(JOINER, "")
    assert stream_safe(stream_safe(text)) == stream_safe(text)


def test_a_long_run_is_broken_up_after_thirty() -> None:
    assert stream_safe("e" + THIRTY * 3 + "x") == "e" + THIRTY + JOINER + THIRTY + JOINER + THIRTY + "x"
    assert text_id("e" + THIRTY * 2) == text_id("e" + THIRTY + JOINER + THIRTY)
