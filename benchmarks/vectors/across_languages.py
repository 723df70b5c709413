"""Recall of `--across_languages` by pair of languages, and how many texts are taken for another one.

    python -m benchmarks.vectors.across_languages --data DATA [--threshold 0.6]

DATA is the folder with math/ and web/multiling/ (and personas/, for what is near by chance). Parallel texts become
persona-like ones: "somebody who asks: " and a word problem's first sentence, "somebody who reads: " and that of a
paragraph, in each language; and there are the personas in eight languages of the tests. Of each set's items a third is
there in both languages, a third in one and a third in the other, in three turns, so that each is in each part once. A
text is taken for another one if what it is linked to is a different item: the share is of all texts of both languages.
Recall is of the items that are there in both. Beside it, for each pair, the lowest threshold with at most 1% taken
for others, and the recall there; and what a threshold without "each the other's nearest" gives at the same share.
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
from benchmarks.planted_pairs import word_problems  # noqa: E402
from benchmarks.thresholds import told  # noqa: E402
from benchmarks.vectors.real_texts import PARALLEL, SENTENCE, paragraphs  # noqa: E402
from persona_hub.transforms.embedding.across_languages import THRESHOLD_OF_USE  # noqa: E402
from persona_hub.transforms.embedding.protocol import EmbedderConfig  # noqa: E402
from persona_hub.transforms.embedding.registry import open_embedder  # noqa: E402
from tests.material.translated_personas import translated_personas  # noqa: E402

ASKS = {
    "de": "Jemand, der fragt: {}",
    "en": "Somebody who asks: {}",
    "es": "Alguien que pregunta: {}",
    "ja": "次のように尋ねる人：{}",
    "zh": "一个这样提问的人：{}",
}
READS = {
    "ar": "شخص يقرأ: {}",
    "de": "Jemand, der liest: {}",
    "en": "Somebody who reads: {}",
    "es": "Alguien que lee: {}",
    "ru": "Человек, который читает: {}",
    "th": "คนที่อ่าน: {}",
    "zh": "一个在读这段话的人：{}",
}
ALLOWED = 0.01  # share of texts that may be taken for others
TURNS = 3
Sets = dict[str, dict[str, list[str]]]


class Outcome(NamedTuple):
    """Cosines of the right links and of the wrong ones, the latter once for each text that has one; and of how many."""

    right: Any
    wrong: Any
    items: int
    texts: int

    def recall(self, threshold: float) -> int:
        """Items found."""
        return int((self.right >= threshold).sum())

    def taken(self, threshold: float) -> int:
        """Texts taken for another item."""
        return int((self.wrong >= threshold).sum())

    def lowest(self) -> float:
        """The lowest threshold at which at most ALLOWED of the texts are taken for others."""
        allowed = int(ALLOWED * self.texts)
        wrong = np.sort(self.wrong)[::-1]
        return float(np.nextafter(wrong[allowed], 2)) if len(wrong) > allowed else 0.5


def first_sentence(text: str) -> str:
    """A text's first sentence."""
    return next(part for part in SENTENCE.split(text) if part.strip()).strip()


def persona_like(data: Path) -> Sets:
    """{set: {language: texts}}, item by item the same in all languages of a set."""
    problems = {code: [first_sentence(text) for text in word_problems(data, code)] for code in ASKS}
    read = {code: [first_sentence(text) for text in paragraphs(data, code)] for code in PARALLEL}
    own = translated_personas()
    return {
        "personas": {code: [row[code] for row in own] for code in own[0]},
        "word problems": {code: [ASKS[code].format(text) for text in texts] for code, texts in problems.items()},
        "paragraphs": {code: [READS[code].format(text) for text in texts] for code, texts in read.items()},
    }


def links_of(first: Any, second: Any, mutual: bool) -> Any:
    """Cosines, shape (rows, others), but -1 where neither row's nearest, or not both, is the other."""
    cosine = first @ second.T
    best = cosine == cosine.max(1, keepdims=True)
    return np.where(best & (cosine == cosine.max(0, keepdims=True)), cosine, -1.0) if mutual else cosine


def outcome(first: Any, second: Any, mutual: bool = True) -> Outcome:
    """All turns of a pair of languages."""
    part = np.arange(len(first)) % TURNS
    right, wrong, items, texts = [], [], 0, 0
    for turn in range(TURNS):
        one, other = np.flatnonzero(part != turn), np.flatnonzero(part != (turn + 1) % TURNS)
        linked = links_of(first[one], second[other], mutual)
        same = one[:, None] == other[None, :]
        right.append(linked[same])
        astray = np.where(same, -1.0, linked)
        wrong += [astray.max(1), astray.max(0)]
        items, texts = items + int(same.sum()), texts + len(one) + len(other)
    return Outcome(np.concatenate(right), np.concatenate(wrong), items, texts)


def embed(texts: list[str]) -> Any:
    """Vectors by `use`."""
    encoder = open_embedder(EmbedderConfig("use"))
    return np.concatenate([encoder.embed(texts[start : start + CALL]) for start in range(0, len(texts), CALL)])


def table(name: str, vectors: dict[str, Any], threshold: float) -> None:
    """Prints a line for each pair of languages."""
    items = len(next(iter(vectors.values())))
    print(f"\n{name}, {items} items: at {threshold} recall, and share of texts taken for others;")
    print("at most 1% of these: recall and threshold; and by threshold alone")
    for one, other in sorted(combinations(vectors, 2), key=lambda pair: "en" not in pair):
        found, alone = outcome(vectors[one], vectors[other]), outcome(vectors[one], vectors[other], mutual=False)
        at, without = found.lowest(), alone.lowest()
        print(
            f"{one}-{other}  {told(found.recall(threshold), found.items)}  {told(found.taken(threshold), found.texts)}"
            f"  {told(found.recall(at), found.items)} {at:.2f}"
            f"  {told(alone.recall(without), alone.items)} {without:.2f}",
            flush=True,
        )


def by_chance(own: dict[str, Any], data: Path, threshold: float) -> None:
    """Prints how many of our own personas lie at the threshold to a real one, which is always somebody else."""
    real = embed(real_personas(data))
    print(f"\nnear any of {len(real):,} real personas in English: at {threshold}, at 0.55, and the largest cosine")
    for code, vectors in own.items():
        nearest = (vectors @ real.T).max(1)
        shares = "  ".join(told(int((nearest >= at).sum()), len(nearest)) for at in (threshold, 0.55))
        print(f"{code}  {shares}  {nearest.max():.3f}")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threshold", type=float, default=THRESHOLD_OF_USE)
    options = parser.parse_args()
    sets = {
        name: {code: embed(texts) for code, texts in found.items()}
        for name, found in persona_like(options.data).items()
    }
    for name, vectors in sets.items():
        table(name, vectors, options.threshold)
    by_chance(sets["personas"], options.data, options.threshold)


if __name__ == "__main__":
    main()
