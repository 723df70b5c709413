"""Diversity of words, by hand, by nltk, and on planted cases."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest

from persona_hub.transforms.evaluation.diversity.cut_texts import CutTexts, cut_texts, length_for
from persona_hub.transforms.evaluation.diversity.lexical import (
    bleu_scores,
    compression_ratio,
    distinct_n,
    repeating,
    self_bleu,
    self_repetition,
)

WORDS = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("a", "eno", "i", "ola", "u")]


def made(n: int, words: int, seed: int = 0, vocabulary: int = 60) -> list[str]:
    draws = np.random.default_rng(seed)
    return [" ".join(draws.choice(WORDS[:vocabulary], words)) for _ in range(n)]


def test_texts_are_cut_and_short_ones_left_out() -> None:
    cut = cut_texts(["One two, three four!", "One two", "ONE TWO THREE"], 3)
    assert cut.words == [["one", "two", "three"], ["one", "two", "three"]]
    assert (cut.short, cut.length) == (1, 3)
    assert cut.codes[0].tolist() == cut.codes[1].tolist()
    assert cut_texts(["一位护士", "ab"], 4).words == [["一", "位", "护", "士"]]
    assert cut_texts([], 4).codes.shape == (0, 4)
    with pytest.raises(ValueError, match="length is 0"):
        cut_texts([], 0)
    assert length_for(["a b c d", "a b c", "a b c", "a b c"], ["a b", "a b c d"] * 4) == 2


def test_distinct_n_by_hand() -> None:
    cut = cut_texts(["a b a b", "a b c d"], 4)
    assert distinct_n(cut, 1).value == 4 / 8
    assert distinct_n(cut, 2).value == 4 / 6  # ab ba bc cd
    assert distinct_n(cut, 3).value == 4 / 4
    with pytest.raises(ValueError, match="n is 5"):
        distinct_n(cut, 5)
    assert math.isnan(distinct_n(cut_texts([], 4), 1).value)


def test_distinct_n_intervals_hold() -> None:
    values = [distinct_n(cut_texts(made(100, 8, seed), 8), 2) for seed in range(60)]
    mean = float(np.mean([figure.value for figure in values]))
    assert sum((figure.low or 0) <= mean <= (figure.high or 0) for figure in values) >= 53  # 57 expected


def test_self_repetition_by_hand() -> None:
    cut = cut_texts(["a b c d e", "x b c d e", "a b c d x", "a x c d e", "e e e e e"], 5)
    assert repeating(cut.grams(4)).tolist() == [True, True, True, False, False]
    assert self_repetition(cut).value == 3 / 5


def test_self_bleu_is_nltks() -> None:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    texts = [*made(30, 9, 1, vocabulary=12), *made(2, 9, 2), "q w e r t y z o p", "b b b b b b b b b"]
    cut = cut_texts(texts, 9)
    method = SmoothingFunction().method1
    others = [cut.words[:i] + cut.words[i + 1 :] for i in range(len(texts))]
    expected = [
        sentence_bleu(rest, own, smoothing_function=method) for rest, own in zip(others, cut.words, strict=True)
    ]
    assert bleu_scores(cut).tolist() == pytest.approx(expected)
    assert self_bleu(cut).value == pytest.approx(float(np.mean(expected)))


def test_compression_ratio_by_hand() -> None:
    cut = cut_texts(made(300, 12), 12)
    raw = "\n".join(" ".join(words) for words in cut.words).encode()
    assert compression_ratio(cut).value == pytest.approx(len(raw) / len(zlib.compress(raw, 9)), rel=0.35)
    assert compression_ratio(cut_texts(["a b"] * 300, 2)).value > 20


def figures(cut: CutTexts) -> list[float]:
    """Each so that more is less diverse."""
    return [
        *(-distinct_n(cut, n).value for n in (1, 2, 3)),
        self_repetition(cut).value,
        self_bleu(cut).value,
        compression_ratio(cut).value,
    ]


@pytest.mark.parametrize(
    "planted",
    [["deno ki mola ru fi ba gola nu"] * 200, [f"deno ki mola ru fi ba {word} nu" for word in WORDS[:20]] * 10],
    ids=["copies", "a template"],
)
def test_copies_and_templates_are_less_diverse(planted: list[str]) -> None:
    free = figures(cut_texts(made(len(planted), 8, 3), 8))
    assert all(poor > rich for poor, rich in zip(figures(cut_texts(planted, 8)), free, strict=True))


def test_intervals_stand_about_their_value() -> None:
    for figure in (f(cut_texts(made(200, 8, 3), 8)) for f in (self_repetition, self_bleu, compression_ratio)):
        assert (figure.low or 0) <= figure.value <= (figure.high or 0)
        assert figure.n == 200
    assert math.isnan(self_bleu(cut_texts(["a b"], 2)).value)


def test_length_makes_no_difference_once_cut() -> None:
    """Short texts look diverse: of the same words, those cut to 6 and those written so are alike."""
    long, short = made(200, 24, 5), [" ".join(text.split()[:6]) for text in made(200, 24, 5)]
    assert distinct_n(cut_texts(long, 24), 1).value < 0.5 * distinct_n(cut_texts(short, 6), 1).value
    assert distinct_n(cut_texts(long, 6), 1) == distinct_n(cut_texts(short, 6), 1)
