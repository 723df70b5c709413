"""The rows that a tree is trained on: those of the lowest hashes, whatever the order they come in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import apache_beam as beam
import numpy as np

from persona_hub.transforms.clusters.tree import SAMPLE_ROWS, SEED, id_keys
from persona_hub.transforms.vectors.arrays import Ranks
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.vectors.kmeans import sample_positions
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays


class VectorSample(NamedTuple):
    """Some of the rows that came."""

    rows: int  # how many came
    keys: Ranks
    vectors: StoredVectors  # float16, shape (at most SAMPLE_ROWS, dimension)


NOTHING = VectorSample(0, np.zeros(0, np.uint64), np.zeros((0, 0), np.float16))


class SampleVectors(beam.CombineFn):
    """(block, packed ids and vectors) -> a VectorSample of all of them, at most SAMPLE_ROWS."""

    def create_accumulator(self) -> VectorSample:
        """No rows."""
        return NOTHING

    def add_input(self, accumulator: VectorSample, element: KeyedArrays) -> VectorSample:
        """Takes in the rows of one element."""
        ids, vectors = unpack_arrays(element[1])
        return joined_samples([accumulator, lowest(VectorSample(len(ids), id_keys(ids), vectors))])

    def merge_accumulators(self, accumulators: Iterable[VectorSample]) -> VectorSample:
        """Several as one."""
        return joined_samples(list(accumulators))

    def extract_output(self, accumulator: VectorSample) -> VectorSample:
        """The sample, by hash."""
        return lowest(accumulator)


def joined_samples(parts: list[VectorSample]) -> VectorSample:
    """Several samples as one."""
    some = [part for part in parts if len(part.keys)]
    if len(some) < 2:
        return some[0] if some else NOTHING
    return lowest(
        VectorSample(
            sum(part.rows for part in some),
            np.concatenate([part.keys for part in some]),
            np.concatenate([part.vectors for part in some]),
        )
    )


def lowest(sample: VectorSample) -> VectorSample:
    """The rows of the lowest hashes, in their order; each id once."""
    order = sample_positions(sample.keys, len(sample.keys), SEED)
    keys = sample.keys[order]
    first = np.ones(len(keys), bool)
    first[1:] = keys[1:] != keys[:-1]
    chosen = order[first][:SAMPLE_ROWS]
    return VectorSample(sample.rows, sample.keys[chosen], np.asarray(sample.vectors[chosen]))
