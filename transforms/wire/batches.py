"""Batches: records which travel between steps as one element, and the coder which Beam finds for them.

An element costs the Python runners microseconds, as much as hundreds of records of a list.

`Batch` and its coder stand in one module, and importing it registers the coder: whoever can write
`PCollection[Batch[Persona]]` has it registered. Beam chooses coders where the pipeline is built and sends them along in
the pipeline, so that a worker needs no registration of its own.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import zstandard
from apache_beam import coders

from persona_hub.transforms.records import partition_of

BATCH_RECORDS = 200  # records in a batch: the cost of an element is gone in the noise from about 100 up
ARRAY_RECORDS = 1000  # where arrays are made of a batch, which pay from 1,000 rows on: of personas half a megabyte
RECORD_BYTES = 150  # of a persona in an encoded batch

Record = TypeVar("Record")


class Batch(list[Record]):
    """Records which travel together as one element."""

    def __class_getitem__(cls, record: Any) -> type[Batch[Any]]:  # type: ignore[override]
        """`Batch[Persona]` is `Batch` at run time: Beam looks coders up by the very hint, and knows the class alone."""
        return cls


class BatchCoder(coders.Coder):
    """Encodes a batch as one pickle, so that the record's class and repeated strings stand in it once.

    A persona takes 136 bytes where the pickle alone takes 335, and 3 µs each way, the pickle included.
    """

    def encode(self, value: Batch[Any]) -> bytes:
        """The records of `value` as bytes."""
        return zstandard.ZstdCompressor(level=1).compress(pickle.dumps(list(value), pickle.HIGHEST_PROTOCOL))

    def decode(self, encoded: bytes) -> Batch[Any]:
        """The batch that `encode` was given."""
        return Batch(pickle.loads(zstandard.ZstdDecompressor().decompress(encoded)))

    def estimate_size(self, value: Batch[Any]) -> int:
        """Bytes, about: Beam asks it of some elements of each step, and by default encodes them to find out."""
        return RECORD_BYTES * len(value)

    def is_deterministic(self) -> bool:
        """False: a batch is never a key."""
        return False

    def to_type_hint(self) -> type:
        """The type that Beam finds this coder by."""
        return Batch


coders.registry.register_coder(Batch, BatchCoder)


def batches(records: Iterable[Record], size: int = BATCH_RECORDS) -> Iterator[Batch[Record]]:
    """`records` in batches of at most `size`."""
    batch: Batch[Record] = Batch()
    for record in records:
        batch.append(record)
        if len(batch) >= size:
            yield batch
            batch = Batch()
    if batch:
        yield batch


def split_by_block(batch: Batch[Any], blocks: int) -> Iterator[tuple[int, Batch[Any]]]:
    """The rows of a batch that belong to personas, one element for each block of `persona_id` that occurs."""
    groups: dict[int, Batch[Any]] = {}
    for row in batch:
        groups.setdefault(partition_of(row.persona_id, blocks), Batch()).append(row)
    yield from groups.items()
