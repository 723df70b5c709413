"""What is decided in one place is what looking at every pair decides."""

from __future__ import annotations

import random

import numpy as np
import pytest

from persona_hub.transforms.dedup.in_one_place import duplicates_in_one_place
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.shingles import tokenise

WORDS = [f"word{n}" for n in range(40)]


def texts(seed: int, number: int) -> list[str]:
    """Variants of some texts, copies, and texts without a word."""
    chance = random.Random(seed)
    bases = [chance.sample(WORDS, chance.choice([6, 12, 30])) for _ in range(8)]
    made = ["", "???"]
    while len(made) < number:
        words = list(chance.choice(bases))
        for _ in range(chance.randrange(3)):
            words[chance.randrange(len(words))] = chance.choice(WORDS)
        made.append(" ".join(words))
    chance.shuffle(made)
    return made


def brute_force(rank: list[int], made: list[str], p: int, q: int) -> dict[int, set[int]]:
    """The ranks that are dropped, and the kept ones that each is near to."""
    sets = {one: set(text.split()) - {"???"} for one, text in zip(rank, made, strict=True)}
    kept: list[int] = []
    dropped = {}
    for one in sorted(sets):
        near = {other for other in kept if q * len(sets[one] & sets[other]) >= p * len(sets[one] | sets[other])}
        if near and sets[one] and one >= NEW:
            dropped[one] = near
        elif sets[one]:
            kept.append(one)
    return dropped


@pytest.mark.parametrize(
    ("threshold", "keys", "p", "q"),
    [(1.0, "minhash", 1, 1), (0.9, "partition", 9, 10), (0.8, "partition", 4, 5), (0.6, "minhash", 3, 5)],
)
@pytest.mark.parametrize("seed", range(4))
def test_it_decides_what_every_pair_decides(threshold: float, keys: str, p: int, q: int, seed: int) -> None:
    made = texts(seed, 120)
    rank = [(NEW if n % 4 else 0) + (n * 7919) % 100_003 for n in range(len(made))]
    found = duplicates_in_one_place(np.array(rank, np.uint64), tokenise(made), Plan.of(threshold, keys), NEW)
    wanted = brute_force(rank, made, p, q)
    assert sorted(found.dropped.tolist()) == sorted(wanted)
    assert all(one in wanted[gone] for gone, one in zip(found.dropped.tolist(), found.kept.tolist(), strict=True))


@pytest.mark.parametrize("made", [[], [""], ["", "?"], ["one word"]])
def test_of_few_texts_none_is_dropped(made: list[str]) -> None:
    rank = np.arange(len(made), dtype=np.uint64) + np.uint64(NEW)
    for threshold in (0.6, 0.75, 0.9, 1.0):
        assert len(duplicates_in_one_place(rank, tokenise(made), Plan.of(threshold)).dropped) == 0
