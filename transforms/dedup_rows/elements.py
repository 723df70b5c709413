"""Elements between the steps of `dedup`: chunks of rows, and a hub's personas beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam

from persona_hub.transforms.dedup.chunk_rows import lines_before
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.sources import Source
from persona_hub.transforms.dedup_rows.drop_rows import KeptRows
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays


@dataclass(kw_only=True)
class LinesBefore(beam.PTransform):
    """(0, chunk and its lines) -> one dict: chunk, and the lines of its file before it."""

    sources: Sequence[Source]

    def expand(self, lines: beam.PCollection[KeyedArrays]) -> beam.PCollection[dict[int, int]]:
        """All counts in one place: 24 bytes for 2 MB of input."""
        sources = list(self.sources)
        return (
            lines
            | "Counts" >> beam.Map(lambda element: unpack_arrays(element[1])[0])
            | "List" >> beam.combiners.ToList()
            | "Before" >> beam.Map(lambda counts: lines_before(counts, sources))
        )


def hub_element(block: int, payload: bytes) -> KeyedPayload:
    """A hub's block as an element of a `RowLayout`."""
    return -1 - block, payload


def kept_payload(number: int, rows: KeptRows) -> KeyedPayload:
    """What stays of a chunk, as an element of a `RowLayout`."""
    return number, rows.payload
