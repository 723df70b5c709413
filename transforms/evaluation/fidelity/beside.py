"""What stands beside fidelity: coverage, uniformity and complexity.

A model is most faithful to personas when it writes stereotypes: the highest fidelity came with the least spread
(arXiv 2604.24698). So `Fidelity` cannot be made without the three.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

from persona_hub.transforms.evaluation.diversity.coverage import abundance_of, rarefied
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.similarity.arrays import I64, U32, U64, Numbers
from persona_hub.transforms.similarity.prefix_keys import frequencies, slots
from persona_hub.transforms.similarity.shingles import hash_tokens, tokenise
from persona_hub.transforms.vectors.float16 import StoredVectors, to_float32

COMPLEXITY = ("words", "characters_per_word", "rarity_bits", "words_per_sentence", "marks_per_100_words")
SENTENCE_STOPS = regex.compile(r"[.!?…。！？।؟]+(?=\s|$|[^\x00-\x7f])|\n+")
CLAUSE_MARK = regex.compile(r"[,;:()–—，、；：（）،؛]")
KERNEL = 2.0  # of the Gaussian kernel of Wang and Isola


@dataclass(frozen=True)
class Fidelity:
    """How true samples or personas are, and what must be read with it. Raises ValueError if one of four is empty."""

    fidelity: Mapping[str, Figure]
    coverage: Mapping[str, Figure]
    uniformity: Mapping[str, Figure]
    complexity: Mapping[str, Figure]

    def __post_init__(self) -> None:
        for name, figures in vars(self).items():
            if not figures:
                raise ValueError(f"{name} is empty: fidelity is not told without coverage, uniformity and complexity")

    @property
    def as_json(self) -> dict[str, Any]:
        """The four as in report.json."""
        return {name: {key: one.as_json for key, one in figures.items()} for name, figures in vars(self).items()}


def cluster_coverage(personas: Mapping[str, int], samples: Mapping[str, int]) -> dict[str, Figure]:
    """Coverage: how many of the clusters of personas samples reach, from the rows of each by cluster.

    `reached`: share of clusters with a persona that have a sample too. `expected`: the same, had as many samples been
    drawn by chance, one persona each (at most all): few samples cannot reach all. Both are exact.
    """
    clusters = {name: rows for name, rows in personas.items() if rows}
    if not clusters:
        return {"reached": Figure(math.nan), "expected": Figure(math.nan)}
    n = sum(samples.values())
    found = abundance_of(list(clusters.values()))
    expected = float(rarefied(found, [min(n, found.units)])[0])
    reached = sum(samples.get(name, 0) > 0 for name in clusters)
    return {
        "reached": Figure(reached / len(clusters), n=len(clusters)),
        "expected": Figure(expected / len(clusters), n=len(clusters)),
    }


def normalised_entropy(rows: Mapping[str, int]) -> Figure:
    """Uniformity over clusters: entropy of their shares by the entropy of equal ones: 1 is even, 0 one cluster.

    Clusters without rows count, so all have to be named. Of n rows the entropy is too small by (clusters seen - 1) /
    (2 n), which is added (G. A. Miller, 1955).
    """
    counts = np.array(sorted(rows.values()), float)
    n = counts.sum()
    if not n:
        return Figure(math.nan)
    if len(counts) == 1:
        return Figure(0.0, n=int(n))
    shares = counts[counts > 0] / n
    entropy = float(-(shares * np.log(shares)).sum()) + (len(shares) - 1) / (2 * n)
    return Figure(min(1.0, entropy / math.log(len(counts))), n=int(n))


def wang_isola(vectors: StoredVectors) -> Figure:
    """Uniformity of T. Wang and P. Isola (Understanding contrastive representation learning, 2020) of a hash sample:
    log of the mean of exp(-2 |x - y|^2) over pairs; 0: all alike, -4 or less: spread over the sphere.
    """
    rows = to_float32(vectors).astype(np.float64)
    n = len(rows)
    if n < 2:
        return Figure(math.nan, n=n)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    total = sum(float(np.exp(-2 * KERNEL * (1 - rows[i : i + 512] @ rows.T)).sum()) for i in range(0, n, 512))
    return Figure(math.log((total - n) / (n * (n - 1))), n=n)


def word_table(texts: Sequence[str]) -> Numbers:
    """How often words occur in a reference (a hash sample of the hub), by 65,536 slots of their hashes."""
    return frequencies((hash_tokens(tokenise(texts)) >> U64(32)).astype(U32))


def complexity(texts: Sequence[str], table: Numbers) -> npt.NDArray[np.float64]:
    """COMPLEXITY of each text, shape (texts, 5); NaN where a text has no words.

    Words and their characters (bytes of UTF-8) are the dedup's. Rarity is the mean of -log2 of a word's share in the
    reference of `table`, one added to each slot. Syntax is seen by proxies that need no parser: words a sentence, and
    marks between clauses (comma, semicolon, colon, dash, bracket) per 100 words.
    """
    tokens = tokenise(texts)
    rows = len(texts)
    owner = np.repeat(np.arange(rows), tokens.size)
    words = np.where(tokens.size > 0, tokens.size, np.nan).astype(float)
    bits = -np.log2((table + 1) / (table.sum() + len(table)))
    place = slots((hash_tokens(tokens) >> U64(32)).astype(U32))
    rarity = np.bincount(owner, bits[place], minlength=rows) / words
    characters = np.bincount(owner, tokens.length.astype(float), minlength=rows) / words
    sentences = np.fromiter((len(SENTENCE_STOPS.findall(text.strip())) or 1 for text in texts), I64, rows)
    marks = np.fromiter((len(CLAUSE_MARK.findall(text)) for text in texts), I64, rows)
    return np.stack([words, characters, rarity, words / sentences, 100 * marks / words], axis=1)
