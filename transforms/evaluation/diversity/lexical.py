"""Diversity of words, of texts cut to one length: distinct-n, self-repetition, self-BLEU, compression ratio.

All depend on how many texts there are: compare samples of as many (`HashSample`), cut to as many words. Intervals say
how the figure varies over samples of this size: of distinct-n by the series of `occupancy`, of others by a
delete-a-group jackknife over TEXT_PARTS parts of the texts in their order, which is one by hash.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import zstandard

from persona_hub.transforms.evaluation.diversity.cut_texts import CutTexts
from persona_hub.transforms.evaluation.diversity.occupancy import distinct_figure
from persona_hub.transforms.evaluation.figures import Figure, clipped, jackknife, share_of_rows
from persona_hub.transforms.similarity.arrays import runs

TEXT_PARTS = 20
LONG_GRAM = 4  # words: "of length four or longer" (Salkar et al.), and a longer one that repeats holds one of four
BLEU_GRAM = 4
BLEU_EPSILON = 0.1  # that counts for no hit: method 1 of B. Chen and C. Cherry, 2014
ZSTD_LEVEL = 19  # of zstandard, whose window holds all of a sample, where that of zlib holds 32 KB


def distinct_n(texts: CutTexts, n: int) -> Figure:
    """Different n-grams by all (J. Li et al., A diversity-promoting objective function, 2016): 1 is most diverse."""
    grams = texts.grams(n)
    if not grams.size:
        return Figure(math.nan)
    owner = np.repeat(np.arange(len(grams)), grams.shape[1])
    return distinct_figure(grams.ravel(), owner, grams.size)


def self_repetition(texts: CutTexts, n: int = LONG_GRAM) -> Figure:
    """Share of texts with an n-gram that another text has (after N. Salkar et al., Self-repetition in abstractive
    neural summarizers, 2022): 0 is most diverse.
    """
    return share_of_rows(by_parts(texts, lambda part: float(repeating(part.grams(n)).mean()), 0.0, 1.0))


def repeating(grams: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which texts have a gram that another has."""
    number = np.unique(grams, return_inverse=True)[1].reshape(grams.shape).astype(np.int64)
    pairs = np.unique(number * len(grams) + np.arange(len(grams))[:, None])
    gram, text = np.divmod(pairs, max(len(grams), 1))
    common = np.bincount(gram)[gram] > 1
    found = np.zeros(len(grams), bool)
    found[text[common]] = True
    return found


def self_bleu(texts: CutTexts) -> Figure:
    """Mean BLEU of each text against all others (Y. Zhu et al., Texygen, 2018): 0 is most diverse.

    As `nltk.translate.bleu_score.sentence_bleu` with four equal weights and smoothing method 1; no text is shorter
    than its references, so there is no penalty. Exact, in time n log n: of each n-gram the largest count in another
    text is the largest of all, or, for the text that has it, the second.
    """
    return by_parts(texts, lambda part: float(bleu_scores(part).mean()), 0.0, 1.0)


def bleu_scores(texts: CutTexts) -> npt.NDArray[np.float64]:
    """BLEU of each text against all others, shape (texts,)."""
    logs = np.zeros(len(texts.codes))
    none = np.zeros(len(texts.codes), bool)
    top = min(BLEU_GRAM, texts.length)
    for n in range(1, top + 1):
        hits = clipped_hits(texts.grams(n))
        none |= (hits == 0) & (n == 1)
        logs += np.log(np.where(hits > 0, hits, BLEU_EPSILON) / (texts.length - n + 1)) / top
    return np.where(none, 0.0, np.exp(logs))


def clipped_hits(grams: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Of the n-grams of each text, how many another text has, each as often as in the one that has it most."""
    texts = len(grams)
    number = np.unique(grams, return_inverse=True)[1].reshape(grams.shape).astype(np.int64)
    pairs, count = np.unique(number * texts + np.arange(texts)[:, None], return_counts=True)
    gram, text = np.divmod(pairs, max(texts, 1))
    order = np.lexsort((-count, gram))
    gram, text, count = gram[order], text[order], count[order]
    begin, length = runs(gram)
    second = np.where(length > 1, count[np.minimum(begin + 1, len(count) - 1)], 0)
    others = np.repeat(count[begin], length)
    others[begin] = second
    return np.bincount(text, np.minimum(count, others).astype(np.float64), minlength=texts).astype(np.float64)


def compression_ratio(texts: CutTexts) -> Figure:
    """Bytes of the texts by those of them compressed (C. Shaib et al., Standardizing the measurement of text
    diversity, 2024): 1 is most diverse. Texts in their order, a line each, by zstandard.
    """
    return by_parts(texts, lambda part: ratio_of(part.words), 0.0)


def ratio_of(words: list[list[str]]) -> float:
    """The ratio of lines of words."""
    raw = "\n".join(map(" ".join, words)).encode("utf-8", "surrogatepass")
    return len(raw) / len(zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(raw))


def by_parts(texts: CutTexts, statistic: Callable[[CutTexts], float], least: float, most: float = math.inf) -> Figure:
    """A statistic with its jackknife; NaN of fewer than two texts."""
    n = len(texts.codes)
    if n < 2:
        return Figure(math.nan, n=n)
    parts = min(TEXT_PARTS, n)
    part = np.arange(n) % parts
    left = [statistic(texts.without(part == k)) for k in range(parts)] if n > 2 else [math.nan]
    sizes = np.bincount(part).tolist() if n > 2 else [n]
    return clipped(jackknife(statistic(texts), left, sizes), least, most)
