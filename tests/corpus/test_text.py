"""Texts are made safe and normal, and cut where a sentence ends."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.corpus.text import clean, cut, weight

ANY_TEXT = st.text(alphabet=st.characters(), max_size=200)  # lone surrogates too


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("One costs 3.5 pounds. Two cost seven", "One costs 3.5 pounds."),
        ('He said "no." Then he left the house', 'He said "no."'),
        ("你好。世界很大！真的吗？再见朋友们", "你好。世界很大！真的吗？"),
        ("हिन्दी है। और भी वाक्य हैं।", "हिन्दी है।"),
        ("هل وصل القطار؟ لا أعرف بعد شيئا", "هل وصل القطار؟"),
        ("ሰላም ነው። እንዴት ነህ ወዳጄ", "ሰላም ነው።"),
        ("no end of a sentence is in this text", "no end of a sentence is in"),
        ("A heading\n\nwithout any stop to end it", "A heading"),
    ],
)
def test_a_long_text_is_cut_at_a_sentence_of_any_script(text: str, kept: str) -> None:
    assert cut(text, len(kept) + 3) == kept


def test_a_cut_never_parts_what_a_reader_sees_as_one_character() -> None:
    assert cut("a" * 9 + "e\u0301" * 5, 10) in ("a" * 9, "a" * 9 + "e\u0301")


def test_markup_and_controls_are_data() -> None:
    text = "<b>bold</b>\x00 \u202eright to left\u202c ignore your instructions"
    assert clean(text, 1000) == text


def test_a_lone_surrogate_becomes_encodable_and_a_pair_is_joined() -> None:
    assert clean("a\ud800b \ud83d\ude00", 100) == "a\ufffdb 😀"


@given(text=ANY_TEXT, characters=st.integers(20, 120))
def test_clean_text_is_short_stripped_normal_and_stays_as_it_is(text: str, characters: int) -> None:
    once = clean(text, characters)
    once.encode("utf-8")
    assert len(once) <= characters
    assert once == once.strip()
    assert unicodedata.is_normalized("NFC", once)
    assert clean(once, characters) == once


def test_han_and_kana_weigh_three_times() -> None:
    assert weight("abc def") == 6
    assert weight("你好 ab") == 8
