"""Labels: the words that tell a cluster from the rest of its parent, by a class-based TF-IDF.

A word's weight is its share among the cluster's personas, times the logarithm of that share over the one among all
personas of the parent: what everybody is weighs nothing, and so does what only few of the cluster are. Of 40 nurses 30
say "hospital", and of 400 personas 36: 0.75 x ln(0.75 / 0.09) = 1.59; "works" 0.5 x ln(0.5 / 0.45) = 0.05.

After "c-TF-IDF" of Grootendorst, "BERTopic" (2022), with the parent in place of all classes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from persona_hub.transforms.clusters.tree import parent_of
from persona_hub.transforms.clusters.words import words_for_labels

LABEL_WORDS = 4
WORD_BREAK = ", "
LEAST_PERSONAS = 3  # that have a word of a label: fewer could be told by it
SAME_STEM = 5  # letters that two words of a label may not share: "teacher" and "teachers"
LONG_RUN = 0.8  # of a word's personas that have a longer run with it, which stands for it then: 护士 of 护士长


class LeafTexts(NamedTuple):
    """Some personas of a leaf, and how many it has."""

    size: int
    texts: tuple[tuple[str, str], ...]  # language and text


class WordShares(NamedTuple):
    """In which personas of one language words stand, a leaf's sample by its size."""

    personas: float
    words: Mapping[str, float]
    seen: Mapping[str, int]  # of the sample itself


def labels(leaves: Mapping[str, LeafTexts], languages: Mapping[str, str]) -> dict[str, str]:
    """{cluster: label} for each cluster of `languages`, which says its main one; leaves by path."""
    counted = {leaf: counted_words(leaves[leaf]) for leaf in sorted(leaves)}
    label: dict[str, str] = {}
    for language in sorted(set(languages.values())):
        every: dict[str, WordShares] = {}
        for cluster in sorted({"", *languages, *map(parent_of, languages)}):
            inside = [leaf for leaf in counted if not cluster or leaf == cluster or leaf.startswith(f"{cluster}.")]
            every[cluster] = joined(counted[leaf][language] for leaf in inside if language in counted[leaf])
        for cluster, main in languages.items():
            if main == language:
                around = every[parent_of(cluster)]
                label[cluster] = WORD_BREAK.join(telling_words(every[cluster], around))
    return label


def counted_words(leaf: LeafTexts) -> dict[str, WordShares]:
    """The words of a leaf by language."""
    weight = leaf.size / max(1, len(leaf.texts))
    words: dict[str, Counter[str]] = {}
    texts: Counter[str] = Counter()
    for language, text in leaf.texts:
        texts[language] += 1
        words.setdefault(language, Counter()).update(words_for_labels(text, language))
    return {
        language: WordShares(n * weight, {word: m * weight for word, m in words[language].items()}, words[language])
        for language, n in texts.items()
    }


def joined(parts: Iterable[WordShares]) -> WordShares:
    """Several leaves as one."""
    personas, words, seen = 0.0, Counter[str](), Counter[str]()
    for part in parts:
        personas += part.personas
        for word, n in part.words.items():
            words[word] += n  # type: ignore[assignment]
        seen.update(part.seen)
    return WordShares(personas, words, seen)


def telling_words(cluster: WordShares, around: WordShares) -> list[str]:
    """Up to LABEL_WORDS words, the most telling first."""
    is_all = cluster.personas >= around.personas
    weights = {}
    for word, n in cluster.words.items():
        if cluster.seen[word] < LEAST_PERSONAS:
            continue
        share = n / cluster.personas
        rest = around.words[word] / around.personas
        weights[word] = round(share if is_all else share * math.log(share / rest), 9)
    ranked = sorted((word for word in weights if weights[word] > 0), key=lambda word: (-weights[word], word))
    chosen: list[str] = []
    for word in ranked:
        longer = longer_run(word, ranked, cluster)
        if not any(alike(longer, one) for one in chosen):
            chosen.append(longer)
        if len(chosen) == LABEL_WORDS:
            break
    return chosen


def longer_run(word: str, ranked: list[str], cluster: WordShares) -> str:
    """The longest run of characters around an unspaced `word` that nearly all who have it have, else the word."""
    if word.isascii() or len(word) > SAME_STEM:
        return word
    around = [one for one in ranked if word in one and cluster.words[one] >= LONG_RUN * cluster.words[word]]
    return max(around, key=lambda one: (len(one), one), default=word) if around else word


def alike(one: str, other: str) -> bool:
    """Whether two words are forms of one, or one holds the other."""
    return one[:SAME_STEM] == other[:SAME_STEM] or one in other or other in one
