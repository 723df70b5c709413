"""NearDuplicates: the search that passes over personas between hops, and what it has in common with MinHashDedup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np

from persona_hub.transforms.counting.stages import NEAR_DUPLICATES
from persona_hub.transforms.dedup.edge_payloads import unpack_verified
from persona_hub.transforms.dedup.find_duplicates import Bucket, Bucketed, VerifiedPairs, partitions_for
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.persona_rows import PersonaLayout, pack_personas
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.plan import RECALL, Plan
from persona_hub.transforms.similarity.ranks import HOP_SHIFT, NEW
from persona_hub.transforms.similarity.representatives import later_rows
from persona_hub.transforms.wire.packing import KeyedArrays

Compared = Bucketed | beam.PCollection[KeyedPayload]


@dataclass(kw_only=True)
class BucketPersonas(beam.PTransform):
    """(block, personas) -> what `NearDuplicates` and `MinHashDedup` compare, made once for all passes.

    Applied to personas, or, if they are not `new`, to rows of a hub by `persona_rows.pack_existing`. Where keys depend
    on all that is compared (thresholds under 0.7), it is the packed personas, and each pass makes its own.
    """

    threshold: float = 0.9
    bucket_keys: str = "minhash"
    blocks: int
    new: bool = True

    def __post_init__(self) -> None:
        super().__init__()
        self.plan = checked_plan(self.threshold, self.bucket_keys, self.blocks, RECALL)

    def expand(self, personas: beam.PCollection[Any]) -> Compared:
        """Keys and token sets."""
        packed = personas
        if self.new:
            packed = personas | "Pack" >> beam.MapTuple(pack_personas).with_output_types(KeyedPayload)
        bucket = Bucket(plan=self.plan, layout=PersonaLayout(self.blocks), partitions=partitions_for(self.blocks))
        return packed if self.plan.kind == "prefix" else packed | "Bucket" >> bucket


@dataclass(kw_only=True)
class NearDuplicates(beam.PTransform):
    """`BucketPersonas` of several collections -> (block, ranks of those at `hop` that resemble somebody earlier).

    The cheap pass between hops: no representatives, so a persona may be named whose earlier neighbour is named too.
    Ranks are those of `similarity.ranks.rank_of`; an element names some of a block, none twice in one element. Earlier
    ones may be named, too; `hop` is the highest of the new personas.
    """

    threshold: float = 0.9
    bucket_keys: str = "minhash"
    blocks: int
    hop: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.plan = checked_plan(self.threshold, self.bucket_keys, self.blocks, RECALL)

    def expand(self, compared: tuple[Compared, ...]) -> beam.PCollection[tuple[int, tuple[int, ...]]]:
        """Every pair is verified."""
        layout = PersonaLayout(self.blocks)
        pairs = VerifiedPairs(
            plan=self.plan,
            layout=layout,
            partitions=partitions_for(self.blocks),
            stage=NEAR_DUPLICATES,
            floor=NEW | self.hop << HOP_SHIFT,
        )
        rows = compared | "Packed" >> beam.Flatten() if self.plan.kind == "prefix" else compared
        verified = rows | "VerifiedPairs" >> pairs
        later = beam.FlatMap(later_ranks, layout)
        return verified.pairs | "Later" >> later.with_output_types(tuple[int, tuple[int, ...]])


def checked_plan(threshold: float, bucket_keys: str, blocks: int, recall: float) -> Plan:
    """The plan. Raises ValueError for what cannot be done."""
    if blocks < 1:
        raise InvalidInputError(f"blocks is {blocks}; at least 1")
    return Plan.of(threshold, bucket_keys, recall)


def later_ranks(element: KeyedArrays, layout: PersonaLayout) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The later row of each pair found, by block."""
    found = unpack_verified(element[1])
    ranks = np.unique(np.concatenate([found.near.second, found.equal.second, *map(later_rows, found.implicit)]))
    ranks = ranks[ranks >= NEW]
    for block, members in groups(layout.locate(ranks)):
        yield block, tuple(ranks[members].tolist())
