"""ChooseDiverse: the personas whose vectors cover most of a hub's meanings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np

from persona_hub.transforms.choice.coverage import covering_rows, reduced
from persona_hub.transforms.choice.order import HASH_DIGITS, drawn_place
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.synthesize.joined_rows import KeyedEligible
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays, unpack_sorted

CANDIDATES = 200_000  # personas that one worker compares: 100 MB of whole numbers, and as many again while it does
CANDIDATE_IDS, CANDIDATE_VECTORS = "ids", "vectors"


@dataclass(kw_only=True)
class ChooseDiverse(beam.PTransform):
    """((block, personas by stratum), (block, ids and vectors)) -> one list of at most `n` ids, the most telling first.

    Of more than CANDIDATES personas, about so many stand for all, by the hash of their ids. Personas without a vector
    are passed over.
    """

    n: int
    seed: int = 0
    candidates: int = CANDIDATES

    def expand(
        self, rows: tuple[beam.PCollection[KeyedEligible], beam.PCollection[KeyedArrays]]
    ) -> beam.PCollection[list[str]]:
        """Joins by block, and compares in one place."""
        eligible, vectors = rows
        count = (
            eligible
            | "Sizes" >> beam.Map(lambda element: len(element[1]))
            | "Count" >> beam.CombineGlobally(sum).without_defaults()
        )
        ids = eligible | "Candidates" >> beam.FlatMap(
            candidate_ids, self.seed, self.candidates, beam.pvalue.AsSingleton(count, default_value=0)
        ).with_output_types(KeyedArrays)
        return (
            # Without the shuffle FnApiRunner fuses the side input's stage with its reader, and stops with bundles left.
            {CANDIDATE_IDS: ids | "Spread" >> beam.Reshuffle(), CANDIDATE_VECTORS: vectors}
            | "Join" >> beam.CoGroupByKey()
            | "Reduce" >> beam.FlatMap(reduced_candidates).with_output_types(KeyedArrays)
            | "Together" >> beam.GroupByKey()
            | "Cover" >> beam.Map(covering_ids, self.n, self.seed).with_output_types(list)
        )


def candidate_ids(element: KeyedEligible, seed: int, most: int, count: int) -> Iterator[KeyedArrays]:
    """(block, ids of a batch that are candidates): a share of all by hash."""
    block, personas = element
    below = (1 << 4 * HASH_DIGITS) * min(most, count) // max(count, 1)
    ids = [
        persona.persona_id
        for _, persona in personas
        if int(drawn_place(persona.persona_id, seed)[0][:HASH_DIGITS], 16) < below
    ]
    if ids:
        yield block, pack_arrays(np.array([one.encode() for one in ids], ID_TYPE))


def reduced_candidates(element: tuple[int, Any]) -> Iterator[KeyedArrays]:
    """(0, ids and reduced vectors) of a block's candidates; of two vectors of an id that with the lower bytes."""
    _, found = element
    packs = list(found[CANDIDATE_IDS])
    if not packs or not found[CANDIDATE_VECTORS]:
        return
    wanted = np.unique(np.concatenate([unpack_arrays(packed)[0] for packed in packs]))
    vectors: dict[bytes, bytes] = {}
    for packed in found[CANDIDATE_VECTORS]:
        ids, rows = unpack_arrays(packed)
        for i in np.flatnonzero(np.isin(ids, wanted)).tolist():
            row = rows[i].tobytes()
            vectors[ids[i]] = min(row, vectors.get(ids[i], row))
    if vectors:
        stored = np.frombuffer(b"".join(vectors[one] for one in sorted(vectors)), "<f2").reshape(len(vectors), -1)
        yield 0, pack_arrays(np.array(sorted(vectors), ID_TYPE), reduced(stored.astype(np.float16)))


def covering_ids(element: tuple[int, Iterable[bytes]], n: int, seed: int) -> list[str]:
    """Ids of the `n` personas that cover most."""
    ids, rows = unpack_sorted(element[1])
    ranks = np.array([int(one[:HASH_DIGITS], 16) for one in ids.tolist()], np.uint64)
    return [one.decode() for one in ids[covering_rows(ranks, rows, n, seed)].tolist()]
