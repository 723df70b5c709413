"""Numbers and names are masked alike, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.contamination import masks
from persona_hub.transforms.contamination.masks import Masks, is_mask, mask_of, masked, masked_codes, word_codes
from persona_hub.transforms.similarity.shingles import tokenise

EGGS = "Janet’s ducks lay 16 eggs per day. She eats three, and sells the rest to Bob Miller."


def test_the_example_of_the_module() -> None:
    assert masked("Janet's ducks lay 16 eggs. She eats three.") == "x's ducks lay 0 eggs. x eats 0."


@pytest.mark.parametrize(
    "other",
    [
        "Omar’s ducks lay 1,250 eggs per day. He eats twenty-five, and sells the rest to Ms. Ann Lee.",
        "Zoë’s ducks lay ½ eggs per day. They eats 2.5, and sells the rest to McDonald.",
        "ＪＡＮＥＴ’s ducks lay １６ eggs per day. She eats 3, and sells the rest to Bob.",
        "O'Neill’s ducks lay two hundred eggs per day. She eats 1/2, and sells the rest to Bob-Jean Miller.",
    ],
)
def test_a_problem_with_other_names_and_numbers_is_the_same_text(other: str) -> None:
    codes, size = masked_codes([EGGS, other])
    one, two = codes[: size[0]].tolist(), codes[size[0] :].tolist()
    assert one == two
    assert len(one) == 17


@pytest.mark.parametrize("word", ["12", "3rd", "x2", "½", "Ⅳ", "٣", "twenty", "Thousand", "tenth", "dozens"])
def test_numbers_are_masked(word: str) -> None:
    assert mask_of(word, capitals=False) == "0"


@pytest.mark.parametrize(
    "word",
    ["fünfundzwanzig", "Dreißig", "zweitausend", "veinticinco", "quatre", "venticinque", "vierentwintig", "MILHÕES"],
)
def test_number_words_of_several_languages_are_masked(word: str) -> None:
    assert mask_of(word, capitals=False) == "0"


@pytest.mark.parametrize("word", ["tent", "weighs", "often", "height", "und", "mal", "elephant", "sixes"])
def test_words_that_only_look_like_numbers_are_not(word: str) -> None:
    assert mask_of(word, capitals=False) == word


def test_han_numerals_and_katakana_are_masked_within_a_run() -> None:
    assert masked("每天用四颗，共二十五颗") == "每天用0颗，共0颗"
    assert masked("ジャネットは毎朝3個を食べます") == "xは毎朝0個を食べます"


def test_capitals_say_nothing_where_most_words_have_one() -> None:
    assert masked("HOW MANY EGGS DOES SHE EAT") == "HOW MANY EGGS DOES x EAT"
    assert masked("How To Boil 3 Eggs") == "How To Boil 0 Eggs"
    assert masked("Die Ente legt 16 Eier pro Tag auf dem Hof und schläft") == "x x legt 0 x pro x auf dem x und schläft"


def test_neighbours_of_one_kind_are_one_but_never_of_two_texts() -> None:
    codes, size = masked_codes(["my old Anna Maria sells", "now sells 1,200 12", "7 eggs", ""])
    assert size.tolist() == [4, 3, 2, 0]
    assert is_mask(codes).tolist() == [False, False, True, False, False, False, True, True, False]
    assert codes[2] != codes[6] == codes[7]


@given(st.text())
def test_any_text_can_be_masked(text: str) -> None:
    once = masked(text)
    assert len(tokenise([once]).words()) == 1
    codes, size = masked_codes([text, "", text])
    assert codes[: size[0]].tolist() == codes[size[0] :].tolist()
    assert len(codes) <= len(word_codes([once, once])[0])


@pytest.mark.parametrize("word", ["zweimal" * 9 + "q", "dreissig" * 8, "tausend" * 10_000 + "q", "w" * 1_000_000])
def test_hostile_words_are_looked_at_once_and_not_remembered(word: str) -> None:
    known = Masks(capitals=True)
    assert known[word] in (word, "0")
    assert len(known) == (len(word) <= masks.LONGEST_NUMBER)


def test_no_more_words_are_remembered_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "KNOWN_WORDS", 10)
    known = Masks(capitals=True)
    words = [f"w{chr(97 + n % 26)}a{chr(97 + n // 26)}" for n in range(100)]
    assert [known[word] for word in words] == words
    assert len(known) <= 10
