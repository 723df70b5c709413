"""A benchmark's row is found in a text as it is, and with other names and numbers; other problems are not."""

from __future__ import annotations

import pytest

from persona_hub.transforms.contamination.benchmark import BenchmarkIndex, SharedRow, check_share
from persona_hub.transforms.errors import InvalidInputError

FERRY = (
    "Marta runs a ferry that carries 12 cars on each trip across the lake. On Friday she moved 96 cars before noon and "
    "half as many after lunch. How many trips did her ferry make that day?"
)
PAINT = (
    "A painter named Ole mixes three buckets of blue paint with five buckets of white paint for every wall. He has to "
    "paint 14 walls in the town hall. How many buckets of white paint does he need in all?"
)
HONEY = "小明的蜜蜂每天采集十二克蜂蜜。他每周把一半的蜂蜜卖给邻居，剩下的留给自己。四周以后他一共留下了多少克蜂蜜？"
INDEX = BenchmarkIndex.of([FERRY, PAINT, HONEY, "Who wrote the hobbit?", "???"])
OTHER = (
    "A baker sells 40 loaves of rye bread each morning and twice as many rolls. If every loaf costs $4 and every "
    "roll $1, how much money does the bakery take in a week?"
)


def found(text: str) -> SharedRow | None:
    [one] = INDEX.find([text])
    return one


@pytest.mark.parametrize(
    "text",
    [
        FERRY,
        FERRY.upper(),
        FERRY.lower(),
        FERRY.replace(" ", "\n\t "),
        FERRY.replace(".", " –").replace("?", ""),
        FERRY.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
        FERRY.replace("ferry", "fer\u00adry\u200d"),
        f"Here is a problem. {OTHER} {FERRY} Solve it step by step: {OTHER}",
        FERRY[: len(FERRY) * 2 // 3],
    ],
)
def test_a_row_is_found_word_for_word(text: str) -> None:
    one = found(text)
    assert one is not None
    assert (one.row, one.masked) == (0, False)


def test_the_share_is_that_of_the_rows_runs() -> None:
    assert found(f"{OTHER} {PAINT}") == SharedRow(1, 1.0, False)
    cut = found(" ".join(PAINT.split()[:30]))
    assert cut is not None
    assert cut.share == (30 - 7) / (len(PAINT.split()) - 7)
    assert found(" ".join(PAINT.split()[:18])) is None


def test_a_row_is_found_with_other_names_numbers_and_pronouns() -> None:
    other = FERRY
    for old, new in (
        ("Marta", "Old Jon"),
        ("12", "fifteen"),
        ("96", "1,350"),
        ("half", "a third"),
        ("Friday", "Sunday"),
        ("she", "he"),
        ("her", "his"),
    ):
        other = other.replace(old, new)
    one = found(f"{OTHER} {other}")
    assert one is not None
    assert (one.row, one.masked) == (0, True)
    assert one.share > 0.75
    assert found(other.replace("ferry", "truck").replace("cars", "pigs").replace("trip", "tour")) is None


def test_scripts_without_spaces_are_compared_by_characters() -> None:
    assert found(f"请解答：{HONEY}谢谢。") == SharedRow(2, 1.0, False)
    changed = found(HONEY.replace("十二", "3").replace("四周", "九周").replace("一半", "三分之一"))
    assert changed is not None
    assert changed.row == 2
    assert found(HONEY[:14]) is None


def test_a_row_of_fewer_words_than_a_run_is_the_whole_text_or_nothing() -> None:
    assert found("who wrote: The Hobbit") == SharedRow(3, 1.0, False)
    assert found("Who wrote the Hobbit? And when?") is None
    assert found("Who wrote the Iliad?") is None


@pytest.mark.parametrize("text", ["", "???", OTHER, OTHER.upper(), "12 12 12", "She She She 4 4 4 4"])
def test_other_texts_are_not_found(text: str) -> None:
    assert found(text) is None


def test_rows_that_are_too_short_to_be_masked_are_counted() -> None:
    assert (INDEX.rows, INDEX.too_short) == (5, 2)
    assert BenchmarkIndex.of(["How many apples does Ann have left in total after 3 days?"]).too_short == 0
    assert BenchmarkIndex.of(["How many apples does Ann have left?"]).too_short == 1


def test_without_rows_nothing_is_found() -> None:
    assert BenchmarkIndex.of([]).find([FERRY, ""]) == [None, None]
    assert INDEX.find([]) == []


def test_a_text_is_judged_by_itself() -> None:
    texts = [FERRY, OTHER, "", PAINT, HONEY, FERRY]
    assert INDEX.find(texts) == [found(text) for text in texts]


def test_what_was_found_is_said_in_words() -> None:
    assert SharedRow(3, 0.875, True).measure == "88% of its runs of 4 words, numbers and names masked"
    assert SharedRow(3, 1.0, False).measure == "100% of its runs of 8 words"


@pytest.mark.parametrize("share", [0, 0.19, 1.01, float("nan")])
def test_shares_have_bounds(share: float) -> None:
    with pytest.raises(InvalidInputError, match=r"masked_share .*: a share of a row's runs of words, 0\.2 to 1"):
        check_share("masked_share", share)
    with pytest.raises(InvalidInputError):
        BenchmarkIndex.of([FERRY], share=share)
