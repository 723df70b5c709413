"""A version's personas nearest to a question, by meaning and by words, in one list.

The lists are joined by reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): a persona's score is the sum of
1 / (60 + its place) over the lists that it stands in. Places compare where cosines and scores of words do not.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Persona
from persona_hub.transforms.search.by_meaning import Near, by_nearness, nearest_vectors, vector_blocks
from persona_hub.transforms.search.by_words import RareWords, WordsFound
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.wire.batches import Batch, batches

LIST_LENGTH = 1000  # of the list by meaning and of that by words
PERSONAS_AT_ONCE = 4096  # 3 MB; by the thousand, words take 2.5 times as long
HELD_PERSONAS = 200_000  # 1 KB each: those of a larger hub are read twice, first to count words
FUSION = 60  # the constant of the paper: how little the first places of a list weigh more than those that follow


@dataclass(frozen=True)
class Question:
    """What is searched for; without a vector by words alone."""

    text: str
    vector: StoredVectors | None = None  # shape (numbers,)
    persona_id: str = ""  # of the persona whose text it is, which is not among those found


@dataclass(frozen=True)
class FoundPersona:
    """A persona that was found."""

    score: float
    persona: Persona
    cosine: float | None  # None where it is not in the list by meaning
    words: float  # BM25 of the question's words


def search(hub: Hub, question: Question, n: int) -> list[FoundPersona]:
    """The `n` personas nearest to the question among those that the version shows, the nearest first.

    Reads vectors once and personas once or, of a hub of over HELD_PERSONAS, twice; a block at a time.
    """
    near: list[Near] = []
    if question.vector is not None:
        blocks = vector_blocks(hub, len(question.vector))
        near = nearest_vectors(blocks, question.vector, LIST_LENGTH + 1)
    return fused(question, near, ShownPersonas(hub), n)


@dataclass(frozen=True)
class ShownPersonas:
    """The personas that a version shows, a batch at a time, read anew each time that they are gone through."""

    hub: Hub

    def __iter__(self) -> Iterator[Batch[Persona]]:
        return batches(read_personas(self.hub), PERSONAS_AT_ONCE)


def with_words(words: RareWords, personas: Iterable[Batch[Persona]]) -> Iterable[tuple[Batch[Persona], WordsFound]]:
    """The batches with what is found in each, once all are counted. Goes through `personas` once if they are few."""
    held: list[tuple[Batch[Persona], WordsFound]] = []
    for batch in personas:
        found = words.find([one.text for one in batch])
        words.count(found)
        if words.texts <= HELD_PERSONAS:
            held.append((batch, found))
        else:
            held.clear()
    if words.texts <= HELD_PERSONAS:
        return held
    return ((batch, words.find([one.text for one in batch])) for batch in personas)


def fused(
    question: Question, by_meaning: Sequence[Near], personas: Iterable[Batch[Persona]], n: int
) -> list[FoundPersona]:
    """The `n` best of both lists: that by meaning, and that by words of all `personas`.

    A vector whose persona is not among `personas` is passed over. `personas` may be gone through twice.
    """
    cosines = {one.persona_id: one.nearness for one in by_meaning}
    of_words: dict[str, float] = {}  # of those that are in either list
    there: dict[str, Persona] = {}
    words, by_words = RareWords(question.text), list[Near]()
    for batch, in_batch in with_words(words, personas):
        least = by_words[-1].nearness if len(by_words) == LIST_LENGTH else 0.0
        found = [
            (persona, score)
            for persona, score in zip(batch, words.scores(in_batch).tolist(), strict=True)
            if ((score and score >= least) or persona.persona_id in cosines)
            and persona.persona_id != question.persona_id
        ]
        near = [Near(persona.persona_id, score) for persona, score in found if score]
        by_words = heapq.nsmallest(LIST_LENGTH, [*by_words, *near], key=by_nearness)
        kept = cosines.keys() | {one.persona_id for one in by_words}
        there.update((persona.persona_id, persona) for persona, _ in found)
        of_words.update((persona.persona_id, score) for persona, score in found)
        there = {one: persona for one, persona in there.items() if one in kept}
        of_words = {one: score for one, score in of_words.items() if one in kept}
    scores = dict.fromkeys(there, 0.0)
    for ranked in ([one for one in by_meaning if one.persona_id in there][:LIST_LENGTH], by_words):
        for place, one in enumerate(ranked, 1):
            scores[one.persona_id] += 1 / (FUSION + place)
    best = heapq.nsmallest(n, (Near(*one) for one in scores.items() if one[1]), key=by_nearness)
    return [FoundPersona(score, there[one], cosines.get(one), of_words[one]) for one, score in best]
