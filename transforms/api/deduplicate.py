"""DeduplicateByWords and DeduplicateByMeaning: `MinHashDedup` and `EmbedDedup` on texts of any origin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.minhash_dedup.minhash_dedup import MinHashDedup
from persona_hub.transforms.records import DeadLetter, Duplicate, Persona, partition_of, persona_id
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches

PARTITIONS = 16


class DuplicateText(NamedTuple):
    """A text that was dropped, and the kept one that stands for it."""

    text: str
    duplicate_of: str
    similarity: float  # Jaccard of the two sets of words, or the cosine of the two vectors


class DistinctTexts(NamedTuple):
    """Every text that came in, once: kept, dropped, or a dead letter."""

    kept: beam.PCollection[str]
    duplicates: beam.PCollection[DuplicateText]
    dead_letters: beam.PCollection[DeadLetter]  # of texts without a vector; by words there are none


@dataclass(kw_only=True)
class DeduplicateByWords(beam.PTransform):
    """Texts -> those whose sets of words differ, and the near-duplicates among them.

    Two texts are near-duplicates if the Jaccard similarity of their word sets is at least `threshold`, 0 < threshold
    <= 1. Each dropped text has a kept near-duplicate, and no two kept texts are near-duplicates; which of several is
    kept follows from the texts alone, not from their order. Texts that differ only in case, white space or Unicode
    compatibility forms count as one text. `partitions` are the parts of the shuffle, each of which a worker holds in
    memory: about one for each 20,000 texts. Raises ValueError for values out of range.
    """

    threshold: float = 0.9
    partitions: int = PARTITIONS

    def __post_init__(self) -> None:
        super().__init__()
        self.step = MinHashDedup(threshold=self.threshold, blocks=self.partitions)

    def expand(self, texts: beam.PCollection[str]) -> DistinctTexts:
        """Compares all texts."""
        found = texts | "Unique" >> UniqueTexts(partitions=self.partitions) | "MinHashDedup" >> self.step
        no_letters = texts.pipeline | "NoDeadLetters" >> beam.Create([], reshuffle=False)
        return distinct(found.kept, found.duplicates, no_letters)


@dataclass(kw_only=True)
class DeduplicateByMeaning(beam.PTransform):
    """Texts -> those whose sentence vectors differ, and the near-duplicates among them.

    Two texts are near-duplicates if the cosine of their vectors is at least `threshold`, 0.5 to 0.99. `embedder` makes
    the vectors; `offline`, the default, measures wording rather than meaning. A text for which a server gives no
    vector is a dead letter. Otherwise as `DeduplicateByWords`; docs/embed_dedup.md gives the recall on large inputs.
    """

    threshold: float = 0.9
    embedder: EmbedderConfig = field(default_factory=EmbedderConfig)
    partitions: int = PARTITIONS

    def __post_init__(self) -> None:
        super().__init__()
        self.step = EmbedDedup(threshold=self.threshold, embedder=self.embedder, blocks=self.partitions)

    def expand(self, texts: beam.PCollection[str]) -> DistinctTexts:
        """Embeds and compares all texts."""
        found = texts | "Unique" >> UniqueTexts(partitions=self.partitions) | "EmbedDedup" >> self.step
        return distinct(found.kept, found.duplicates, found.dead_letters)


@dataclass(kw_only=True)
class UniqueTexts(beam.PTransform):
    """Texts -> (block, batch of texts as personas with no more than id and text), unique by id."""

    partitions: int

    def expand(self, texts: beam.PCollection[str]) -> beam.PCollection[tuple[int, Batch[Persona]]]:
        """Brings equal texts together."""
        keyed = texts | "Key" >> beam.Map(keyed_text, self.partitions).with_output_types(tuple[int, str])
        unique = beam.FlatMapTuple(unique_texts).with_output_types(tuple[int, Batch])
        return keyed | "ByBlock" >> beam.GroupByKey() | "Unique" >> unique


def keyed_text(text: str, partitions: int) -> tuple[int, str]:
    """(the block that the text's id lies in, the text)."""
    return partition_of(persona_id(text), partitions), text


def unique_texts(block: int, texts: Iterable[str]) -> Iterator[tuple[int, Batch[Persona]]]:
    """Batches in the order of ids. Of texts with one id, "A Nurse" and "a nurse", the smallest stands for all."""
    by_id: dict[str, str] = {}
    for text in texts:
        key = persona_id(text)
        by_id[key] = min(text, by_id.get(key, text))
    for batch in batches((as_persona(key, text) for key, text in sorted(by_id.items())), ARRAY_RECORDS):
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
) -> DistinctTexts:
    """Texts in place of personas."""
    texts_by_id = kept | "KeptById" >> beam.FlatMapTuple(
        lambda _, batch: [(persona.persona_id, persona.text) for persona in batch]
    ).with_output_types(tuple[str, str])
    dropped = duplicates | "DroppedById" >> beam.FlatMap(
        lambda batch: [(duplicate.duplicate_of, (duplicate.text, duplicate.similarity)) for duplicate in batch]
    ).with_output_types(tuple[str, tuple[str, float]])
    named = (
        {"kept": texts_by_id, "dropped": dropped}
        | "ByKept" >> beam.CoGroupByKey()
        | "Name" >> beam.FlatMapTuple(name_kept_text).with_output_types(DuplicateText)
    )
    return DistinctTexts(
        kept=texts_by_id | "Kept" >> beam.Values(),
        duplicates=named,
        dead_letters=dead_letters | "DeadLetters" >> beam.FlatMap(lambda batch: batch).with_output_types(DeadLetter),
    )


def name_kept_text(_: str, sides: Mapping[str, Iterable[Any]]) -> Iterator[DuplicateText]:
    """The texts that one kept text stands for."""
    for kept in sides["kept"]:
        for text, similarity in sides["dropped"]:
            yield DuplicateText(text, kept, similarity)
