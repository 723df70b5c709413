"""Recall of `--across_languages` by pair of languages, and how many texts are taken for another one.

    python -m benchmarks.vectors.across_languages --data DATA

DATA is the folder with math/ and web/multiling/ (and personas/, for what is near by chance). Texts are those of
parallel_texts.py, and the personas in eight languages of the tests. Of each set's items a third is there in both
languages, a third in one and a third in the other, in three turns, so that each is in each part once. A text is taken
for another one if what it is linked to is a different item: the share is of all texts of both languages. Recall is of
the items that are there in both. The thresholds were chosen on the first half of the items (those with even numbers),
and what is printed is the second half, each among all.
"""

from __future__ import annotations

import argparse
import os
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from benchmarks.embedding_use import CALL, real_personas  # noqa: E402
from benchmarks.thresholds import told  # noqa: E402
from benchmarks.vectors.parallel_texts import Parallel, paragraph_texts, whole_texts, word_problem_texts  # noqa: E402
from persona_hub.transforms.embedding.across_languages import (  # noqa: E402
    DISTANT_LANGUAGES,
    DISTANT_OF_USE,
    THRESHOLD_OF_USE,
)
from persona_hub.transforms.embedding.protocol import EmbedderConfig  # noqa: E402
from persona_hub.transforms.embedding.registry import open_embedder  # noqa: E402
from tests.material.translated_personas import translated_personas  # noqa: E402

ALLOWED = 0.01  # share of texts that may be taken for others
TURNS = 3
LEAST = 0.5  # the lowest threshold that can be given


class Outcome(NamedTuple):
    """Cosines of the right links and of the wrong ones, the latter once for each text that has one; -1 for no link."""

    right: Any
    wrong: Any

    def recall(self, threshold: float) -> str:
        """The share of items found."""
        return told(int((self.right >= threshold).sum()), len(self.right))

    def taken(self, threshold: float) -> str:
        """The share of texts taken for another item."""
        return told(int((self.wrong >= threshold).sum()), len(self.wrong))


def lowest(wrong: Any) -> float:
    """The lowest threshold at which at most ALLOWED of the texts are taken for others."""
    allowed, falling = int(ALLOWED * len(wrong)), np.sort(wrong)[::-1]
    return max(LEAST, float(np.nextafter(falling[allowed], 2)) if len(falling) > allowed else LEAST)


def links_of(first: Any, second: Any) -> Any:
    """Cosines, shape (rows, others), but -1 where not each is the other's nearest."""
    cosine = first @ second.T
    best = cosine == cosine.max(1, keepdims=True)
    return np.where(best & (cosine == cosine.max(0, keepdims=True)), cosine, -1.0)


def outcomes(first: Any, second: Any, items: Any) -> tuple[Outcome, Outcome]:
    """All turns of a pair of languages: of the items with even numbers, and of the others, each among all."""
    part = np.arange(len(items)) % TURNS
    halves: tuple[list[Any], ...] = ([], [], [], [])
    for turn in range(TURNS):
        one, other = np.flatnonzero(part != turn), np.flatnonzero(part != (turn + 1) % TURNS)
        linked = links_of(first[items[one]], second[items[other]])
        same = one[:, None] == other[None, :]
        astray = np.where(same, -1.0, linked)
        of_same = items[one[np.nonzero(same)[0]]]
        for half in (0, 1):
            halves[half].append(linked[same][of_same % 2 == half])
            halves[2 + half].extend((astray.max(1)[items[one] % 2 == half], astray.max(0)[items[other] % 2 == half]))
    right, other_right, wrong, other_wrong = map(np.concatenate, halves)
    return Outcome(right, wrong), Outcome(other_right, other_wrong)


def embed(texts: list[str]) -> Any:
    """Vectors by `use`."""
    encoder = open_embedder(EmbedderConfig("use"))
    return np.concatenate([encoder.embed(texts[start : start + CALL]) for start in range(0, len(texts), CALL)])


def threshold_of(one: str, other: str) -> float:
    """The threshold of a pair of languages."""
    return DISTANT_OF_USE if {one, other} & DISTANT_LANGUAGES else THRESHOLD_OF_USE


def table(name: str, parallel: Parallel, vectors: dict[str, Any]) -> dict[bool, list[Any]]:
    """Prints a line for each pair of languages; gives what was astray in the first half, by whether one is distant."""
    print(f"\n{name}: second half of the items: recall, and share of texts taken for others, at the threshold;")
    print("then at the lowest threshold with at most 1% of these in the first half")
    astray: dict[bool, list[Any]] = {False: [], True: []}
    for one, other in sorted(combinations(vectors, 2), key=lambda pair: "en" not in pair):
        items = parallel.alike(one, other)
        first, second = outcomes(vectors[one], vectors[other], items)
        default, own = threshold_of(one, other), lowest(first.wrong)
        astray[default == DISTANT_OF_USE].append(first.wrong)
        print(
            f"{one}-{other} {len(items):4} {default:.2f}  {second.recall(default)}  {second.taken(default)}  "
            f"  {own:.2f}  {second.recall(own)}  {second.taken(own)}",
            flush=True,
        )
    return astray


def by_chance(own: dict[str, Any], data: Path) -> None:
    """Prints how many of our own personas lie at the threshold to a real one, which is always somebody else."""
    real = embed(real_personas(data))
    print(f"\nnear any of {len(real):,} real personas in English: at the threshold, and the largest cosine")
    for code, vectors in own.items():
        nearest, threshold = (vectors @ real.T).max(1), threshold_of(code, "en")
        print(f"{code} {threshold:.2f}  {told(int((nearest >= threshold).sum()), len(nearest))}  {nearest.max():.3f}")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    rows = translated_personas()
    own = Parallel({code: [row[code] for row in rows] for code in rows[0]}, dict.fromkeys(rows[0], np.ones(len(rows))))
    sets = {
        "word problems": word_problem_texts(data),
        "paragraphs": paragraph_texts(data),
        "whole paragraphs": whole_texts(data),
        "personas": own,
    }
    astray: dict[bool, list[Any]] = {False: [], True: []}
    for name, parallel in sets.items():
        vectors = {code: embed(texts) for code, texts in parallel.texts.items()}
        found = table(name, parallel, vectors)
        if name in ("word problems", "paragraphs"):
            for distant, wrong in found.items():
                astray[distant] += wrong
    for distant, wrong in astray.items():
        which, from_here = "with a distant language" if distant else "without", lowest(np.concatenate(wrong))
        print(f"\npairs {which}: at most 1% of the first half are taken for others from {from_here:.3f}")
    by_chance(vectors, data)


if __name__ == "__main__":
    main()
