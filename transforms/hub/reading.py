"""A version's records, as an iterator or in a pipeline, a block of a file at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import apache_beam as beam

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.hub.manifest import BaseManifest
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.tombstones import Tombstones, number_of, tombstones_of
from persona_hub.transforms.hub.versions import Hub, path_of
from persona_hub.transforms.records import Persona, partition_of
from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch, Record, batches


def read_table(hub: Hub, kind: str, record: type[Record]) -> Iterator[Record]:
    """The records of one kind that a version shows, file after file."""
    for path in hub.paths(kind):
        yield from read_visible(path, record, hub.tombstones())


def read_visible(path: str, record: type[Record], tombstones: Tombstones) -> Iterator[Record]:
    """The records of a version's file that `tombstones` do not hide."""
    number = number_of(path)
    return (row for row in read_file(path, record) if not tombstones.hide(row, number))


def read_personas(hub: Hub) -> Iterator[Persona]:
    """The personas of a version."""
    return read_table(hub, "personas", Persona)


def read_manifest_files(output: str, made: BaseManifest, kind: str, record: type[Record]) -> Iterator[Record]:
    """The records of one kind that a manifest names."""
    for entry in made.files_of(kind):
        yield from read_file(path_of(output, entry.path), record)


def read_blocks(
    path: str, record: type, key: str, blocks: int, removed: tuple[str, ...] = (), size: int = BATCH_RECORDS
) -> Iterator[tuple[int, Batch[Any]]]:
    """A file's records as (block of the id in field `key`, batch of at most `size`).

    A file is sorted, so a block comes in one piece. Records without an id (of documents that had no text) are in
    block 0; those that the tombstones in the files `removed` hide are left out.
    """

    def block_of(one: Any) -> int:
        value = getattr(one, key)
        return partition_of(value, blocks) if value else 0

    for block, group in groupby(read_visible(path, record, tombstones_of(removed)), block_of):
        for batch in batches(group, size):
            yield block, batch


@dataclass(kw_only=True)
class ReadHub(beam.PTransform):
    """Pipeline -> (block, batch of records) of a version's table; `blocks` as in the steps that work by block.

    Workers read whole files at once, as many files as there are workers.
    """

    hub: Hub
    blocks: int
    kind: str = "personas"
    record: type = Persona
    key: str = "persona_id"
    size: int = BATCH_RECORDS  # of a batch, at most

    def __post_init__(self) -> None:
        if self.blocks < 1:
            raise InvalidInputError(f"blocks: {self.blocks}, and there must be at least 1")

    def expand(self, root: beam.Pipeline) -> beam.PCollection[tuple[int, Batch[Any]]]:
        """Reads every file that the manifest names, without what the version hides."""
        read = beam.FlatMap(
            read_blocks, self.record, self.key, self.blocks, tuple(self.hub.paths("removed")), self.size
        )
        return (
            root
            | "Files" >> beam.Create(self.hub.paths(self.kind), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read" >> read.with_output_types(tuple[int, Batch])
        )
