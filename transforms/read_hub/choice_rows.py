"""What a choice among a hub's personas needs: the personas, and of the other tables those that it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import apache_beam as beam

from persona_hub.transforms.choice.choice import DIVERSE, Choice
from persona_hub.transforms.choice.own_columns import OWN_COLUMNS, OwnColumns, own_columns
from persona_hub.transforms.files.storage import open_decompressed
from persona_hub.transforms.hub.reading import ReadHub
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.vectors import ReadVectors
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import partition_of
from persona_hub.transforms.synthesize.joined_rows import HubRows
from persona_hub.transforms.wire.batches import Batch, batches


@dataclass(kw_only=True)
class ReadOwnColumns(beam.PTransform):
    """Pipeline -> (block, rows of a user's own table), file by file."""

    files: Sequence[str]
    blocks: int

    def expand(self, root: beam.Pipeline) -> beam.PCollection[tuple[int, Batch[OwnColumns]]]:
        """Workers read whole files at once."""
        return (
            root
            | "Files" >> beam.Create(list(self.files), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.FlatMap(columns_by_block, self.blocks).with_output_types(tuple[int, Batch])
        )


def columns_by_block(path: str, blocks: int) -> Iterator[tuple[int, Batch[OwnColumns]]]:
    """(block of the id, rows) of a file, whose rows lie as they like."""
    with open_decompressed(path) as file:
        for batch in batches(own_columns(path, file)):
            found: dict[int, Batch[OwnColumns]] = {}
            for row in batch:
                found.setdefault(partition_of(row.persona_id, blocks), Batch()).append(row)
            yield from sorted(found.items())


@dataclass(kw_only=True)
class ReadRows(beam.PTransform):
    """Pipeline -> HubRows of a version, by block."""

    hub: Hub
    blocks: int
    choice: Choice = field(default_factory=Choice)

    def expand(self, root: beam.Pipeline) -> HubRows:
        """Reads no table that the choice does not ask for."""
        tables = {
            kind: root | f"Read {kind}" >> ReadHub(hub=self.hub, blocks=self.blocks, kind=kind, record=TABLES[kind])
            for kind in self.choice.tables
            if kind in TABLES
        }
        if OWN_COLUMNS in self.choice.tables:
            tables[OWN_COLUMNS] = root | "ReadColumns" >> ReadOwnColumns(
                files=self.choice.own_files, blocks=self.blocks
            )
        by_meaning = self.choice.method.name == DIVERSE
        vectors = (root | "ReadVectors" >> ReadVectors(hub=self.hub, blocks=self.blocks),) if by_meaning else ()
        return HubRows(root | "ReadPersonas" >> ReadHub(hub=self.hub, blocks=self.blocks), tables, vectors)
