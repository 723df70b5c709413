"""Labels: the words that tell a cluster from the rest of its parent, by a class-based TF-IDF.

A word's weight is its share among the cluster's personas, times the logarithm of that share over the one among all
personas of the parent: what everybody is weighs nothing, and so does what only few of the cluster are. Of 40 nurses 30
say "hospital", and of 400 personas 36: 0.75 x ln(0.75 / 0.09) = 1.59; "works" 0.5 x ln(0.5 / 0.45) = 0.05.

A cluster may hold several kinds of people. So personas that have a word of the label already count a third for the next
one: after "retired" it is rather "student" than "veteran". A word is shown with its neighbour if half of those who have
it have both: "climate change", "high school".

After "c-TF-IDF" of Grootendorst, "BERTopic" (2022), with the parent in place of all classes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from persona_hub.transforms.clusters.tree import parent_of
from persona_hub.transforms.clusters.words import pairs_of, words_for_labels

LABEL_WORDS = 4
WORD_BREAK = ", "
LEAST_PERSONAS = 3  # that have a word of a label: fewer could be told by it
SAME_STEM = 5  # letters that two words of a label may not share: "teacher" and "teachers"
LONG_RUN = 0.8  # of a word's personas that have a longer run with it, which stands for it then: 护士 of 护士长
NEIGHBOURS = 0.5  # of a word's personas that have it beside the same other one, which is shown with it then
SEEN_ALREADY = 0.3  # what a persona counts for the next word that has one of the label already


class LeafTexts(NamedTuple):
    """Some personas of a leaf, and how many it has."""

    size: int
    texts: tuple[tuple[str, str], ...]  # language and text


class Counted(NamedTuple):
    """One persona of a sample."""

    weight: float  # how many it stands for
    words: tuple[str, ...]  # as `words_for_labels` gives them

    @property
    def different(self) -> set[str]:
        """Its words, each once."""
        return set(self.words) - {""}


class WordShares(NamedTuple):
    """In which personas of one language words stand, a leaf's sample by its size."""

    personas: float
    words: Mapping[str, float]
    seen: Mapping[str, int]  # of the sample itself


def labels(leaves: Mapping[str, LeafTexts], languages: Mapping[str, str]) -> dict[str, str]:
    """{cluster: label} for each cluster of `languages`, which says its main one; leaves by path."""
    people = {leaf: counted_people(leaves[leaf]) for leaf in sorted(leaves)}
    label: dict[str, str] = {}
    for language in sorted(set(languages.values())):
        spoken = {leaf: shares(found[language]) for leaf, found in people.items() if language in found}
        every: dict[str, WordShares] = {}
        inside: dict[str, list[str]] = {}
        for cluster in sorted({"", *languages, *map(parent_of, languages)}):
            inside[cluster] = [one for one in spoken if not cluster or one == cluster or one.startswith(f"{cluster}.")]
            every[cluster] = joined(spoken[leaf] for leaf in inside[cluster])
        for cluster, main in languages.items():
            if main == language:
                members = [one for leaf in inside[cluster] for one in people[leaf][language]]
                words = telling_words(members, every[cluster], every[parent_of(cluster)])
                label[cluster] = WORD_BREAK.join(words)
    return label


def counted_people(leaf: LeafTexts) -> dict[str, list[Counted]]:
    """The personas of a leaf's sample by language."""
    weight = leaf.size / max(1, len(leaf.texts))
    found: dict[str, list[Counted]] = {}
    for language, text in leaf.texts:
        found.setdefault(language, []).append(Counted(weight, tuple(words_for_labels(text, language))))
    return found


def shares(people: Sequence[Counted]) -> WordShares:
    """The shares of one leaf, whose personas all stand for as many."""
    seen = Counter(word for one in people for word in one.different)
    weight = people[0].weight
    return WordShares(len(people) * weight, {word: n * weight for word, n in seen.items()}, seen)


def joined(parts: Iterable[WordShares]) -> WordShares:
    """Several leaves as one."""
    personas, words, seen = 0.0, Counter[str](), Counter[str]()
    for part in parts:
        personas += part.personas
        for word, n in part.words.items():
            words[word] += n  # type: ignore[assignment]
        seen.update(part.seen)
    return WordShares(personas, words, seen)


def telling_words(people: Sequence[Counted], cluster: WordShares, around: WordShares) -> list[str]:
    """Up to LABEL_WORDS words or pairs of words, the most telling first."""
    is_all = cluster.personas >= around.personas
    telling: dict[str, float] = {}  # by what a word's share counts
    for word, n in cluster.words.items():
        if cluster.seen[word] >= LEAST_PERSONAS:
            rest = around.words[word] / around.personas
            telling[word] = 1.0 if is_all else math.log(n / cluster.personas / rest)
    reached = {word: cluster.words[word] for word in telling}  # the personas that count
    left = [(one, one.different) for one in people]
    chosen: list[str] = []
    parts: list[str] = []
    while len(chosen) < LABEL_WORDS:
        weights = {word: round(reached[word] / cluster.personas * telling[word], 9) for word in reached}
        ranked = sorted((word for word in weights if weights[word] > 0), key=lambda word: (-weights[word], word))
        if not ranked:
            break
        word = longer_run(ranked[0], ranked, cluster)
        with_it = [(one, words) for one, words in left if word in words]
        left = [(one, words) for one, words in left if word not in words]
        shown = beside(word, [one for one, _ in with_it], cluster)
        if any(alike(part, one) for part in shown.split() for one in parts):
            shown = word
        chosen.append(shown)
        parts += shown.split()
        for one, words in with_it:
            for other in words & reached.keys():
                reached[other] -= (1 - SEEN_ALREADY) * one.weight
        reached = {other: n for other, n in reached.items() if not any(alike(other, part) for part in parts)}
    return chosen


def beside(word: str, people: Sequence[Counted], cluster: WordShares) -> str:
    """The word with its neighbour, if NEIGHBOURS of those who have it have both side by side; else the word."""
    seen: Counter[str] = Counter()
    weights: Counter[str] = Counter()
    for one in people:
        for pair in pairs_of(one.words):
            if word in pair.split():
                seen[pair] += 1
                weights[pair] += one.weight  # type: ignore[assignment]
    enough = [
        pair for pair in seen if seen[pair] >= LEAST_PERSONAS and weights[pair] >= NEIGHBOURS * cluster.words[word]
    ]
    return max(enough, key=lambda pair: (weights[pair], pair), default=word)


def longer_run(word: str, ranked: Sequence[str], cluster: WordShares) -> str:
    """The longest run of characters around an unspaced `word` that nearly all who have it have, else the word."""
    if word.isascii() or len(word) > SAME_STEM:
        return word
    around = [one for one in ranked if word in one and cluster.words[one] >= LONG_RUN * cluster.words[word]]
    return max(around, key=lambda one: (len(one), one), default=word) if around else word


def alike(one: str, other: str) -> bool:
    """Whether two words are forms of one, or one holds the other."""
    return one[:SAME_STEM] == other[:SAME_STEM] or one in other or other in one
