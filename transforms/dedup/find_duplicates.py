"""FindDuplicates: blocks of texts -> which of them are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsSingleton, TaggedOutput

from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.edge_payloads import pack_verified
from persona_hub.transforms.dedup.key_payloads import (
    bucket_members,
    pack_keys,
    sets_by_group,
    unpack_columns,
    widened,
)
from persona_hub.transforms.dedup.layout import KeyedPayload, Layout, pack_by_block
from persona_hub.transforms.dedup.representatives import Representatives
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.similarity import prefix_keys
from persona_hub.transforms.similarity.arrays import U32, U64, Numbers, distinct, mix, ragged, runs, spans
from persona_hub.transforms.similarity.edges import Edges, VerifiedEdges
from persona_hub.transforms.similarity.join import GroupedSets, verify_groups
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.shingles import TokenSets, hash_tokens, set_hashes, token_sets
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays

LEAST_KEY_PARTITIONS = (
    32  # of keys and of groups, at least: enough for as many workers, few enough that elements stay large
)


def partitions_for(blocks: int) -> int:
    """The partitions of texts in so many blocks; texts that are compared have the same number."""
    return max(LEAST_KEY_PARTITIONS, blocks)


class Bucketed(NamedTuple):
    """What the search for pairs needs of texts: (partition, keys and ranks), (block, token sets), edges between equal
    texts of one element, and how many texts had no word.
    """

    keys: beam.PCollection[KeyedArrays]
    sets: beam.PCollection[KeyedArrays]
    equal: beam.PCollection[KeyedArrays]
    without_words: beam.PCollection[tuple[int, int]]


class Verified(NamedTuple):
    """Near-duplicates, (0, packed `VerifiedEdges`), and how many texts had no word, (0, number) a batch."""

    pairs: beam.PCollection[KeyedArrays]
    without_words: beam.PCollection[tuple[int, int]]


class Decided(NamedTuple):
    """Decisions, by block of the dropped, and how many texts had no word, (0, number) a batch."""

    decisions: beam.PCollection[KeyedArrays]
    without_words: beam.PCollection[tuple[int, int]]


@dataclass(kw_only=True)
class Bucket(beam.PTransform):
    """(block, payload) -> Bucketed. A prefix plan's keys depend on all texts that are compared; others' do not, so that
    what is made of some texts serves every search that they are part of.
    """

    plan: Plan
    layout: Layout
    partitions: int = LEAST_KEY_PARTITIONS
    stage: str = "minhash_dedup"

    def __post_init__(self) -> None:
        super().__init__()
        if not 1 <= self.partitions <= 1 << 16:
            raise InvalidInputError(f"partitions is {self.partitions}; from 1 to 65536")

    def expand(self, texts: beam.PCollection[KeyedPayload]) -> Bucketed:
        """One pass, and one before it for the frequencies of a prefix plan."""
        frequencies = []
        if self.plan.kind == "prefix":
            frequencies.append(AsSingleton(texts | "Frequencies" >> Frequencies(layout=self.layout)))
        bucket = MinHashBucket(self.plan, self.layout, self.partitions, self.stage)
        bucketed = texts | "MinHashBucket" >> beam.ParDo(bucket, *frequencies).with_output_types(
            KeyedArrays, sets=KeyedArrays, equal=KeyedArrays, without_words=tuple[int, int]
        ).with_outputs("sets", "equal", "without_words", main="keys")
        return Bucketed(*(bucketed[side] for side in Bucketed._fields))


@dataclass(kw_only=True)
class VerifiedPairs(beam.PTransform):
    """(block, payload), or Bucketed of several collections -> Verified.

    Pairs whose later row ranks under `floor` are not sought: say, of what a hub holds with itself.
    """

    plan: Plan
    layout: Layout
    partitions: int = LEAST_KEY_PARTITIONS
    stage: str = "minhash_dedup"
    floor: int = 0

    def expand(self, texts: beam.PCollection[KeyedPayload] | tuple[Bucketed, ...]) -> Verified:
        """Keys first: token sets are sent only for rows that share a key."""
        if isinstance(texts, beam.PCollection):
            bucket = Bucket(plan=self.plan, layout=self.layout, partitions=self.partitions, stage=self.stage)
            texts = (texts | "Bucket" >> bucket,)
        keys, sets, equal, without_words = (
            side | name.capitalize() >> beam.Flatten()
            for name, side in zip(Bucketed._fields, zip(*texts, strict=True), strict=True)
        )
        labels = (
            keys
            | "GroupByKey" >> beam.GroupByKey()
            | "Label" >> beam.FlatMap(label_buckets, self.layout, self.floor).with_output_types(KeyedArrays)
        )
        found = (
            {"labels": labels, "sets": sets}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Fetch" >> beam.FlatMap(fetch_sets, self.partitions).with_output_types(KeyedArrays)
            | "ByBucket" >> beam.GroupByKey()
            | "ExactCheck" >> beam.ParDo(ExactCheck(self.plan, self.stage)).with_output_types(KeyedArrays)
        )
        return Verified((found, equal) | "Pairs" >> beam.Flatten(), without_words)


@dataclass(kw_only=True)
class FindDuplicates(beam.PTransform):
    """(block, payload), or Bucketed of several collections -> decisions.

    Those are (block of the dropped, packed `Decisions`). A row is dropped if an
    earlier kept one is within the threshold; the similarity is NaN where it was not computed.
    `rounds`: as of `Representatives`, `floor`: as of `VerifiedPairs`.
    """

    plan: Plan
    layout: Layout
    partitions: int = LEAST_KEY_PARTITIONS
    rounds: int = 0
    floor: int = 0

    def expand(self, texts: beam.PCollection[KeyedPayload] | tuple[Bucketed, ...]) -> Decided:
        """Verified pairs, then representatives."""
        verified = texts | "VerifiedPairs" >> VerifiedPairs(
            plan=self.plan, layout=self.layout, partitions=self.partitions, floor=self.floor
        )
        decisions = verified.pairs | "Representatives" >> Representatives(
            layout=self.layout, partitions=self.partitions, rounds=self.rounds
        )
        return Decided(decisions, verified.without_words)


@dataclass(kw_only=True)
class Frequencies(beam.PTransform):
    """Blocks of texts -> how often each slot of `prefix_keys` occurs in all of them."""

    layout: Layout

    def expand(self, texts: beam.PCollection[KeyedPayload]) -> beam.PCollection[Numbers]:
        """Sums over blocks."""
        zero = np.zeros(1 << prefix_keys.SLOT_BITS, np.int64)
        return (
            texts
            | "Count" >> beam.Map(count_slots, self.layout)
            | "Sum" >> beam.CombineGlobally(lambda tables: sum(tables, zero))
        )


def count_slots(element: KeyedPayload, layout: Layout) -> Numbers:
    """The frequencies of one element."""
    _, tokens = layout.read(*element)
    return prefix_keys.frequencies(token_sets(hash_tokens(tokens), tokens.size).tokens)


class MinHashBucket(beam.DoFn):
    """(block, payload) -> (partition, keys and ranks); aside token sets by block, and edges between equal texts."""

    def __init__(self, plan: Plan, layout: Layout, partitions: int, stage: str):
        self.plan, self.layout, self.partitions = plan, layout, partitions
        self.tally = Tally(stage)

    def process(self, element: KeyedPayload, table: Numbers | None = None) -> Iterator[Any]:
        """Of equal sets only the first gets keys: a text that comes a million times is sent a few times."""
        block, payload = element
        rank, tokens = self.layout.read(block, payload)
        codes = hash_tokens(tokens)
        sets = token_sets(codes, tokens.size)
        leaders, leader, equal = collapse_equal_texts(set_hashes(sets), rank, sets.size)
        keys, owner = self.plan.keys(tokens, codes, sets, leaders, table)
        yield from pack_keys(keys, rank[owner], self.partitions)
        size = sets.size[leaders]
        some = sets.tokens[ragged(spans(sets.size)[:-1][leaders], size)]
        yield TaggedOutput("sets", (block, pack_arrays(rank[leaders], size.astype(U32), some)))
        if len(equal):
            edges = Edges.of(rank[leader], rank[equal], np.ones(len(equal)))
            yield TaggedOutput("equal", (0, pack_verified(VerifiedEdges(Edges.none(), edges, []))))
        without = int((sets.size == 0).sum())
        if without:
            yield TaggedOutput("without_words", (0, without))
        self.tally.inc("rows", len(rank))
        self.tally.inc("without-words", without)
        self.tally.inc("keys", len(keys))


def collapse_equal_texts(code: Numbers, rank: Numbers, count: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """(the first of each of some equal texts, in their order; of each other row the first of its equals; those rows).

    Texts without tokens are left out. Of the codes 7 9 7 7, ranks 3 1 5 4 and counts 2 2 2 2: rows 0 and 1 are the
    first of their equals, and rows 3 and 2 equal row 0.
    """
    order = np.lexsort((rank, code))
    order = order[count[order] > 0]
    begin, length = runs(code[order])
    first = np.zeros(len(order), bool)
    first[begin] = True
    leader = np.repeat(order[begin], length)
    return np.sort(order[first]), leader[~first], order[~first]


def label_buckets(element: tuple[int, Iterable[bytes]], layout: Layout, floor: int = 0) -> Iterator[KeyedArrays]:
    """A partition's keys -> (block, ranks and labels) of the rows that share one, one of them at or over `floor`."""
    ranks, labels = bucket_members(element[1])
    if floor:
        sought = np.isin(labels, labels[ranks >= U64(floor)])
        ranks, labels = ranks[sought], labels[sought]
    yield from pack_by_block(layout, ranks, ranks, labels)


def fetch_sets(element: tuple[int, dict[str, list[bytes]]], partitions: int) -> Iterator[KeyedArrays]:
    """A block's labels and token sets -> (partition of the label, rows and their sets)."""
    _, sides = element
    if not sides["labels"]:
        return
    wanted, label = unpack_columns(sides["labels"])
    once = distinct(wanted, label)
    wanted, label = wanted[once], label[once]
    rank, count, tokens = unpack_columns(sides["sets"])
    order = np.argsort(rank, kind="stable")
    ordered = rank[order]
    at = np.searchsorted(ordered, wanted)
    single = (at + 1 == len(ordered)) | (ordered[np.minimum(at + 1, len(ordered) - 1)] != wanted)
    at, label = order[at[single]], label[single]  # two rows of one rank (1 pair in 10^9) are kept, whatever they are
    count = widened(count)
    yield from sets_by_group(
        mix(label), rank[at], count[at], tokens[ragged(spans(count)[:-1][at], count[at])], partitions
    )


class ExactCheck(beam.DoFn):
    """A partition of groups -> (0, what `verify_groups` finds in them)."""

    def __init__(self, plan: Plan, stage: str):
        self.plan = plan
        self.tally = Tally(stage)

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[KeyedArrays]:
        """Nothing where nothing is found."""
        group, rank, count, tokens = unpack_columns(list(element[1]))
        found = verify_groups(GroupedSets.of(group, rank, TokenSets(tokens, widened(count))), self.plan.threshold)
        self.tally.inc("compared-rows", len(rank))
        self.tally.inc("near-pairs", len(found.near.first))
        if found.size:
            yield 0, pack_verified(found)
