"""A version's sentence vectors, by block and in arrays: they pass through a pipeline without a record for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import apache_beam as beam
import numpy as np

from persona_hub.transforms.counting.stages import WRITE_HUB
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.hub.manifest import FileEntry
from persona_hub.transforms.hub.reading import read_visible
from persona_hub.transforms.hub.table_files import read_file, write_shard
from persona_hub.transforms.hub.tombstones import tombstones_of
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Centroids, Vector, partition_of
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.wire.packing import pack_arrays, unpack_sorted

VECTORS_OF_ELEMENT = 2048  # vectors in an element: 1.6 MB at 384 dimensions

BlockOfVectors = tuple[int, bytes]


@dataclass(kw_only=True)
class ReadVectors(beam.PTransform):
    """Pipeline -> (block, packed ids and float16 vectors) of a version; `blocks` as in the steps that work by block."""

    hub: Hub
    blocks: int

    def expand(self, root: beam.Pipeline) -> beam.PCollection[BlockOfVectors]:
        """Workers read whole files at once."""
        return (
            root
            | "Files" >> beam.Create(self.hub.paths("vectors"), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read"
            >> beam.FlatMap(read_vectors, self.blocks, tuple(self.hub.paths("removed"))).with_output_types(
                BlockOfVectors
            )
        )


def read_vectors(path: str, blocks: int, removed: tuple[str, ...] = ()) -> Iterator[BlockOfVectors]:
    """A file's vectors by block; a file is sorted by id, so a block comes in one piece."""
    rows = read_visible(path, Vector, tombstones_of(removed))
    for block, group in groupby(rows, lambda row: partition_of(row.persona_id, blocks)):
        for batch in batches(group, VECTORS_OF_ELEMENT):
            yield block, pack_arrays(*vector_arrays(batch))


def vector_arrays(batch: Batch[Vector]) -> tuple[np.ndarray, np.ndarray]:
    """Ids, shape (n,), and float16 vectors, shape (n, dimension)."""
    ids = np.array([row.persona_id.encode() for row in batch], ID_TYPE)
    vectors = np.frombuffer(b"".join(row.vector for row in batch), "<f2").reshape(len(batch), -1)
    return ids, vectors


@dataclass(kw_only=True)
class ReadCentroids(beam.PTransform):
    """Pipeline -> batches of the k-means tables that a version names, its parents' among them."""

    hub: Hub

    def expand(self, root: beam.Pipeline) -> beam.PCollection[Batch[Centroids]]:
        """A few files."""
        return (
            root
            | "Files" >> beam.Create(self.hub.paths("centroids"), reshuffle=False)
            | "Read" >> beam.Map(lambda path: Batch(read_file(path, Centroids))).with_output_types(Batch)
        )


@dataclass(kw_only=True)
class WriteVectors(beam.PTransform):
    """(block, packed ids and float16 vectors) -> FileEntry of the Avro file for each element; by block, so unshuffled.

    Files are `folder`/vectors-<block>-of-<blocks>-<hash of content>.avro under `output`.
    """

    output: str
    folder: str
    blocks: int

    def expand(self, vectors: beam.PCollection[BlockOfVectors]) -> beam.PCollection[FileEntry]:
        """An element is a file."""
        return vectors | "Write" >> beam.ParDo(WriteBlock(self.output, self.folder, self.blocks)).with_output_types(
            FileEntry
        )


class WriteBlock(beam.DoFn):
    """(block, packed ids and vectors) -> the entry of the file that holds them; done twice it is the same file."""

    def __init__(self, output: str, folder: str, blocks: int):
        self.output, self.folder, self.blocks = output, folder, blocks
        self.tally = Tally(WRITE_HUB)

    def process(self, element: BlockOfVectors) -> Iterator[FileEntry]:
        """Writes one file."""
        block, packed = element
        ids, vectors = unpack_sorted([packed])
        rows = (Vector(key.decode(), vector.tobytes()) for key, vector in zip(ids, vectors.astype("<f2"), strict=True))
        stem = f"vectors-{block:05}-of-{self.blocks:05}"
        entry = write_shard(self.output, self.folder, stem, Vector, "avro", batches(rows))
        self.tally.inc("vectors", entry.records)
        yield entry
