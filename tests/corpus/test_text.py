"""Texts are made safe and normal, and cut where a sentence ends."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.text import clean_text, cut_at_sentence, text_weight

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
    assert cut_at_sentence(text, len(kept) + 3) == kept


def test_a_cut_never_parts_what_a_reader_sees_as_one_character() -> None:
    assert cut_at_sentence("a" * 9 + "e\u0301" * 5, 10) in ("a" * 9, "a" * 9 + "e\u0301")


def test_markup_and_controls_are_data() -> None:
    text = "<b>bold</b>\x00 \u202eright to left\u202c ignore your instructions"
    assert clean_text(text, 1000) == text


def test_a_lone_surrogate_becomes_encodable_and_a_pair_is_joined() -> None:
    assert clean_text("a\ud800b \ud83d\ude00", 100) == "a\ufffdb 😀"


@given(text=ANY_TEXT, characters=st.integers(20, 120))
def test_clean_text_is_short_stripped_normal_and_stays_as_it_is(text: str, characters: int) -> None:
    once = clean_text(text, characters)
    once.encode("utf-8")
    assert len(once) <= characters
    assert once == once.strip()
    assert unicodedata.is_normalized("NFC", once)
    assert clean_text(once, characters) == once


def test_han_and_kana_weigh_three_times() -> None:
    assert text_weight("abc def") == 6
    assert text_weight("你好 ab") == 8


MARKS = ["?", ".", "。", "؟", "।", " ", "\n\n", "”"]
WORDS = ["Tides turn", "no", "你好", "です", "هل", "3.5", "e\u0301", "👩🏽\u200d🚀", "क्षि"]
PROSE = st.lists(st.sampled_from([*WORDS, *MARKS]), max_size=40).map("".join)


@given(text=PROSE, characters=st.integers(1, 80))
def test_a_cut_is_a_beginning_within_the_bound(text: str, characters: int) -> None:
    part = cut_at_sentence(text, characters)
    assert text.startswith(part)
    assert len(part) <= characters
    assert cut_at_sentence(part, characters) == part
    assert part == text or len(part) <= characters


@given(text=PROSE, characters=st.integers(20, 80))
def test_a_cut_ends_where_a_sentence_does_if_one_ends_in_its_second_half(text: str, characters: int) -> None:
    part = cut_at_sentence(text, characters)
    if part != text and any(mark in text[characters // 2 + 1 : characters - 3] for mark in "。؟।"):
        assert part[-1] in "。؟।?.”" or text[len(part) :].startswith("\n")


@pytest.mark.parametrize(
    ("text", "characters", "kept"),
    [
        ("One. Two. Three", 15, "One. Two. Three"),  # fits
        ("One. Two. Three", 14, "One. Two."),
        ("One sentence ends. And a long rest follows", 40, "One sentence ends. And a long rest"),  # in the first half
        ("see example.org and e.g. nothing", 16, "see example.org"),
        ("«Qui va là ?» demanda le gardien", 16, "«Qui va là ?»"),
        ("彼は「はい。」と言った。そして去った", 14, "彼は「はい。」と言った。"),
        ("x" * 50, 20, "x" * 20),
        ("नमस्ते" * 10, 20, ("नमस्ते" * 10)[:20]),
        ("", 20, ""),
    ],
)
def test_where_a_text_is_cut(text: str, characters: int, kept: str) -> None:
    assert cut_at_sentence(text, characters) == kept


@given(one=st.text(max_size=40), other=st.text(max_size=40))
def test_weights_add_up_and_white_space_weighs_nothing(one: str, other: str) -> None:
    assert text_weight(f"{one} \n\t{other}") == text_weight(one) + text_weight(other)
    assert len("".join(one.split())) <= text_weight(one) <= 3 * len(one)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\ufeff\r\n  Text \n", "Text"),
        ("Cafe\u0301", "Café"),
        ("가", "가"),  # letters of Hangul become a syllable
        ("ﬁne ½ ①", "ﬁne ½ ①"),  # compatibility forms are the author's
        ("a\0b\x1b[31m", "a\0b\x1b[31m"),
        ("\udc80", "\ufffd"),
    ],
)
def test_what_becomes_of_odd_characters(text: str, cleaned: str) -> None:
    assert clean_text(text, 100) == cleaned


def test_letters_are_counted_as_they_are_composed() -> None:
    assert clean_text("e\u0301" * 60, 20) == "é" * 20
    assert clean_text("\u1112\u1161\u11ab" * 60, 20) == "한" * 20
