"""DeduplicateByWords and DeduplicateByMeaning: `MinHashDedup` and `EmbedDedup` on texts of any origin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import repeat
from numbers import Real
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.minhash_dedup.minhash_dedup import MinHashDedup
from persona_hub.transforms.records import DeadLetter, Duplicate, Persona, excerpt, partition_of, persona_id
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches

PARTITIONS = 16


class DuplicateText(NamedTuple):
    """A text that was dropped, and the kept one that stands for it: of a copy of a kept text, that same text."""

    text: str
    duplicate_of: str
    similarity: float  # Jaccard of the two sets of words, or the cosine of the two vectors; 1.0 for a copy


class DistinctTexts(NamedTuple):
    """Every text that came in, as often as it came in: kept once, dropped, or a dead letter."""

    kept: beam.PCollection[str]
    duplicates: beam.PCollection[DuplicateText]
    dead_letters: beam.PCollection[DeadLetter]  # of texts without a vector; by words there are none


@dataclass(kw_only=True)
class DeduplicateByWords(beam.PTransform):
    """Texts -> those whose sets of words differ, and the near-duplicates among them.

    Two texts are near-duplicates if the Jaccard similarity of their word sets is at least `threshold`, 0.5 to 1.0. Each
    dropped text has a kept near-duplicate, and no two kept texts are near-duplicates; which of several is kept follows
    from the texts alone, not from their order. Texts that differ only in case, white space or Unicode compatibility
    forms are copies of one text. Each copy but the first is a row of `duplicates`: kept, duplicates and dead letters
    together are as many as the texts. `partitions` are the parts of the shuffle, each of which a worker holds in
    memory: about one for each 20,000 distinct texts. Raises ValueError for values out of range.
    """

    threshold: float = 0.9
    partitions: int = PARTITIONS

    def __post_init__(self) -> None:
        super().__init__()
        if not within(self.threshold, 0.5, 1.0):
            raise InvalidInputError(f"threshold {self.threshold!r}: a Jaccard similarity from 0.5 to 1.0")
        check_partitions(self.partitions)
        self.step = MinHashDedup(threshold=self.threshold, blocks=self.partitions)

    def expand(self, texts: beam.PCollection[str]) -> DistinctTexts:
        """Compares all texts."""
        unique = texts | "Unique" >> UniqueTexts(partitions=self.partitions)
        found = unique.personas | "MinHashDedup" >> self.step
        no_letters = texts.pipeline | "NoDeadLetters" >> beam.Create([], reshuffle=False)
        return distinct(found.kept, found.duplicates, no_letters, unique.copies)


@dataclass(kw_only=True)
class DeduplicateByMeaning(beam.PTransform):
    """Texts -> those whose sentence vectors differ, and the near-duplicates among them.

    Two texts are near-duplicates if the cosine of their vectors is at least `threshold`, 0.5 to 0.99, or 1.0 to drop
    copies only; None stands for the embedder's own. `embedder` makes the vectors, by default `use`, a sentence encoder;
    `hash` measures wording rather than meaning. A text for which a server gives no vector is a dead letter, and so is
    each copy of it. Otherwise as `DeduplicateByWords`; docs/embed_dedup.md gives the recall on large inputs.
    """

    threshold: float | None = None
    embedder: EmbedderConfig = field(default_factory=EmbedderConfig)
    partitions: int = PARTITIONS

    def __post_init__(self) -> None:
        super().__init__()
        if not (self.threshold is None or within(self.threshold, 0.5, 0.99) or self.threshold == 1.0):
            raise InvalidInputError(
                f"threshold {self.threshold!r}: a cosine from 0.5 to 0.99, or 1.0 to drop copies only"
            )
        check_partitions(self.partitions)
        self.step = EmbedDedup(threshold=self.threshold, embedder=self.embedder, blocks=self.partitions)

    def expand(self, texts: beam.PCollection[str]) -> DistinctTexts:
        """Embeds and compares all texts."""
        unique = texts | "Unique" >> UniqueTexts(partitions=self.partitions)
        found = unique.personas | "EmbedDedup" >> self.step
        return distinct(found.kept, found.duplicates, found.dead_letters, unique.copies)


def within(value: object, least: float, most: float) -> bool:
    """Whether `value` is a number from `least` to `most`."""
    return isinstance(value, Real) and least <= float(value) <= most


def check_partitions(partitions: object) -> None:
    """Raises InvalidInputError unless there is one at least."""
    if not isinstance(partitions, int) or partitions < 1:
        raise InvalidInputError(f"partitions {partitions!r}: a whole number, at least 1")


class Copies(NamedTuple):
    """A text, and how many of its occurrences are meant."""

    text: str
    number: int


class Unique(NamedTuple):
    """The distinct texts, and the copies of them."""

    personas: beam.PCollection[tuple[int, Batch[Persona]]]  # by block, with no more than id and text, unique by id
    copies: beam.PCollection[tuple[str, Copies]]  # by id


@dataclass(kw_only=True)
class UniqueTexts(beam.PTransform):
    """Texts -> one persona for each id, and the further copies by id."""

    partitions: int

    def expand(self, texts: beam.PCollection[str]) -> Unique:
        """Counts equal texts, which leaves one element of each, and brings those with one id together."""
        outputs = (
            texts
            | "Count" >> beam.combiners.Count.PerElement().with_output_types(tuple[str, int])
            | "Key" >> beam.Map(keyed_copies, self.partitions).with_output_types(tuple[int, Copies])
            | "ByBlock" >> beam.GroupByKey()
            | "Unique"
            >> beam.FlatMapTuple(unique_texts)
            .with_output_types(tuple[int, Batch[Persona]], copies=tuple[str, Copies])
            .with_outputs("copies", main="personas")
        )
        return Unique(outputs["personas"], outputs["copies"])


def keyed_copies(counted: tuple[str, int], partitions: int) -> tuple[int, Copies]:
    """(the block that the text's id lies in, the text and how often it occurs)."""
    return partition_of(persona_id(counted[0]), partitions), Copies(*counted)


def unique_texts(block: int, texts: Iterable[Copies]) -> Iterator[Any]:
    """Batches in the order of ids; aside the copies, by id.

    Of texts with one id, "A Nurse" and "a nurse", the smallest stands for all, and its first occurrence is no copy.
    """
    by_id: dict[str, Copies] = {}
    for copies in texts:
        key = persona_id(copies.text)
        by_id[key], *others = sorted({by_id.get(key, copies), copies})
        for other in others:
            yield TaggedOutput("copies", (key, other))
    for key, (text, number) in by_id.items():
        if number > 1:
            yield TaggedOutput("copies", (key, Copies(text, number - 1)))
    for batch in batches((as_persona(key, text) for key, (text, _) in sorted(by_id.items())), ARRAY_RECORDS):
        yield block, batch


def as_persona(key: str, text: str) -> Persona:
    """A persona at hop 0 that nothing else is known of."""
    return Persona(
        persona_id=key, text=text, origin="text", hop=0, parent_id="", relation="", document_id="", source="",
        language="und", model="", prompt_hash="",
    )  # fmt: skip


def distinct(
    kept: beam.PCollection[tuple[int, Batch[Persona]]],
    duplicates: beam.PCollection[Batch[Duplicate]],
    dead_letters: beam.PCollection[Batch[DeadLetter]],
    copies: beam.PCollection[tuple[str, Copies]],
) -> DistinctTexts:
    """Texts in place of personas, and what became of a text for each of its copies."""
    kept_by_id = kept | "KeptById" >> beam.FlatMapTuple(
        lambda _, batch: [(persona.persona_id, persona.text) for persona in batch]
    ).with_output_types(tuple[str, str])
    dropped_by_kept = duplicates | "DroppedByKept" >> beam.FlatMap(
        lambda batch: [(one.duplicate_of, (one.persona_id, one.text, one.similarity)) for one in batch]
    ).with_output_types(tuple[str, tuple[str, str, float]])
    dropped_by_id = (
        {"kept": kept_by_id, "dropped": dropped_by_kept}
        | "ByKept" >> beam.CoGroupByKey()
        | "Name" >> beam.FlatMapTuple(name_kept_text).with_output_types(tuple[str, DuplicateText])
    )
    lost_by_id = dead_letters | "LostById" >> beam.FlatMap(
        lambda batch: [(letter.key, letter) for letter in batch]
    ).with_output_types(tuple[str, DeadLetter])
    further = (
        {"copies": copies, "kept": kept_by_id, "dropped": dropped_by_id, "lost": lost_by_id}
        | "ById" >> beam.CoGroupByKey()
        | "Copies"
        >> beam.FlatMapTuple(follow_copies)
        .with_output_types(DuplicateText, dead_letters=DeadLetter)
        .with_outputs("dead_letters", main="duplicates")
    )
    dropped, lost = dropped_by_id | "Dropped" >> beam.Values(), lost_by_id | "Lost" >> beam.Values()
    return DistinctTexts(
        kept=kept_by_id | "Kept" >> beam.Values(),
        duplicates=(dropped, further["duplicates"]) | "Duplicates" >> beam.Flatten(),
        dead_letters=(lost, further["dead_letters"]) | "DeadLetters" >> beam.Flatten(),
    )


def name_kept_text(_: str, sides: Mapping[str, Iterable[Any]]) -> Iterator[tuple[str, DuplicateText]]:
    """The texts that one kept text stands for, by their own ids."""
    for kept in sides["kept"]:
        for key, text, similarity in sides["dropped"]:
            yield key, DuplicateText(text, kept, similarity)


def follow_copies(_: str, sides: Mapping[str, Iterable[Any]]) -> Iterator[Any]:
    """A row for each copy of one text: of the kept text that stands for it, or a dead letter as that of the text."""
    standing = [(kept, 1.0) for kept in sides["kept"]] + [dropped[1:] for dropped in sides["dropped"]]
    for text, number in sides["copies"]:
        for kept, similarity in standing:
            yield from repeat(DuplicateText(text, kept, similarity), number)
        for letter in sides["lost"]:
            yield from repeat(TaggedOutput("dead_letters", replace(letter, excerpt=excerpt(text))), number)
