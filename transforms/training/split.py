"""Split: which rows are held out to test on. Whole clusters of personas are, so that nobody like them is trained on."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.llm.forms import words_of
from persona_hub.transforms.records import text_id

TRAIN, TEST = "train", "test"
SPLITS = (TRAIN, TEST)
LEAKS = 2  # a row's side beside 0, train, and 1, test: neither, for a text of it is in the test split
LEAKING = "with a question or an answer of the test split"
LONG_WORDS = 8  # an answer of fewer ("42", "Yes.") is that of many questions, and no leak

Hashes = npt.NDArray[np.uint64]


class Sides(NamedTuple):
    """Which split each row is in, and by what the rows were parted."""

    sides: npt.NDArray[np.int8]  # of SPLITS, or LEAKS; in the order in which the rows were added
    by: str  # "cluster", "persona", or "" where nothing is held out

    def count(self, side: int) -> int:
        """How many rows are on one side."""
        return int(np.count_nonzero(self.sides == side))


def hash_of(text: str) -> int:
    """64 bits of a hash of a text: a million of them are all different but once in 40 million."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


@dataclass
class RowHashes:
    """What a split has to know of all rows, 40 bytes a row."""

    personas: array[int] = field(default_factory=lambda: array("Q"))
    questions: array[int] = field(default_factory=lambda: array("Q"))
    answers: array[int] = field(default_factory=lambda: array("Q"))
    answered: array[int] = field(default_factory=lambda: array("Q"))  # number of the row of each answer

    def __len__(self) -> int:
        return len(self.personas)

    def add(self, persona_id: str, question: str, answers: tuple[str, ...]) -> None:
        """Notes one row."""
        for answer in answers:
            if len(words_of(answer)) >= LONG_WORDS:
                self.answers.append(hash_of(text_id(answer)))
                self.answered.append(len(self.personas))
        self.personas.append(hash_of(persona_id))
        self.questions.append(hash_of(text_id(question)))


@dataclass
class PersonaClusters:
    """The cluster of each persona, 16 bytes each."""

    personas: array[int] = field(default_factory=lambda: array("Q"))
    clusters: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, persona_id: str, cluster: str) -> None:
        """Notes one persona that has a cluster."""
        self.personas.append(hash_of(persona_id))
        self.clusters.append(hash_of(f"cluster {cluster}"))

    def of(self, personas: Hashes) -> Hashes:
        """The cluster of each persona; whoever has none is a group of their own."""
        known, clusters = as_hashes(self.personas), as_hashes(self.clusters)
        if not len(known):
            return personas
        order = np.argsort(known, kind="stable")
        known, clusters = known[order], clusters[order]
        at = np.minimum(np.searchsorted(known, personas), len(known) - 1)
        return np.where(known[at] == personas, clusters[at], personas)


def as_hashes(values: array[int]) -> Hashes:
    """The numbers of an array without a copy."""
    return np.frombuffer(values, np.uint64) if len(values) else np.zeros(0, np.uint64)


def split_rows(rows: RowHashes, clusters: PersonaClusters, test_share: float) -> Sides:
    """Which rows are held out: about `test_share` of them, and at least one group where there are two.

    Groups are clusters of personas, or personas where all belong to one cluster. They are taken in the order of a hash,
    each that brings the number of rows nearer to what is wanted; so the same rows are split alike anywhere. A row that
    would be trained on while its question, or a long answer, is in the test split, is on neither side.
    """
    personas = as_hashes(rows.personas)
    for by, groups in (("cluster", clusters.of(personas)), ("persona", personas)):
        names, sizes = np.unique(groups, return_counts=True)
        if test_share <= 0 or len(names) < 2 or (by == "cluster" and not len(clusters.personas)):
            continue
        held_out = np.isin(groups, names[chosen_groups(sizes, test_share)])
        return Sides(np.where(leaking(rows, held_out), LEAKS, held_out).astype(np.int8), by)
    return Sides(np.zeros(len(personas), np.int8), "")


def chosen_groups(sizes: npt.NDArray[np.int64], share: float) -> list[int]:
    """Places of the groups that together come nearest to `share` of all, taken one after the other."""
    wanted, taken, chosen = share * int(sizes.sum()), 0, []
    for place, size in enumerate(sizes.tolist()):
        if abs(taken + size - wanted) < abs(taken - wanted):
            chosen.append(place)
            taken += size
    return chosen[: len(sizes) - 1] or [int(np.argmin(sizes))]


def leaking(rows: RowHashes, held_out: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The rows outside the test split that have a question or a long answer in common with one in it."""
    questions, answers = as_hashes(rows.questions), as_hashes(rows.answers)
    answered = as_hashes(rows.answered).astype(np.int64)
    tested = np.unique(np.concatenate([questions[held_out], answers[held_out[answered]]]))
    found = np.isin(questions, tested)
    found[answered[np.isin(answers, tested)]] = True
    return found & ~held_out
