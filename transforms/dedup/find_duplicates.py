"""FindDuplicates: blocks of texts -> which of them are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsSingleton, TaggedOutput

from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.found import pack_found
from persona_hub.transforms.dedup.representatives import Representatives
from persona_hub.transforms.dedup.rows import (
    Layout,
    Packed,
    by_block,
    by_partition,
    joined,
    meetings,
    sets_by_group,
    widened,
)
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.similarity import join, prefix_keys
from persona_hub.transforms.similarity.arrays import U32, U64, Numbers, distinct, mix, ragged, runs, spans
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.shingles import TokenSets, hash_tokens, token_sets, whole
from persona_hub.transforms.wire.packing import pack_arrays

PARTITIONS = 32  # of keys and of groups, at least: enough for as many workers, few enough that elements stay large


def partitions_for(blocks: int) -> int:
    """The partitions of texts in so many blocks; texts that are compared have the same number."""
    return max(PARTITIONS, blocks)


class Bucketed(NamedTuple):
    """What the search for pairs needs of texts: (partition, keys and ranks), (block, token sets), pairs that are equal
    within an element, and how many texts had no word.
    """

    keys: beam.PCollection[Packed]
    sets: beam.PCollection[Packed]
    equal: beam.PCollection[Packed]
    without_words: beam.PCollection[tuple[int, int]]


class Verified(NamedTuple):
    """Pairs that are near-duplicates, (0, packed `join.Found`), and how many texts had no word, (0, number) a batch."""

    pairs: beam.PCollection[Packed]
    without_words: beam.PCollection[tuple[int, int]]


class Decided(NamedTuple):
    """Decisions, by block of the dropped, and how many texts had no word, (0, number) a batch."""

    decisions: beam.PCollection[Packed]
    without_words: beam.PCollection[tuple[int, int]]


@dataclass(kw_only=True)
class Bucket(beam.PTransform):
    """(block, payload) -> Bucketed. A prefix plan's keys depend on all texts that are compared; others' do not, so that
    what is made of some texts serves every search that they are part of.
    """

    plan: Plan
    layout: Layout
    partitions: int = PARTITIONS
    stage: str = "minhash_dedup"

    def __post_init__(self) -> None:
        super().__init__()
        if not 1 <= self.partitions <= 1 << 16:
            raise InvalidInputError(f"partitions is {self.partitions}; from 1 to 65536")

    def expand(self, texts: beam.PCollection[Packed]) -> Bucketed:
        """One pass, and one before it for the frequencies of a prefix plan."""
        frequencies = []
        if self.plan.kind == "prefix":
            frequencies.append(AsSingleton(texts | "Frequencies" >> Frequencies(layout=self.layout)))
        bucket = MinHashBucket(self.plan, self.layout, self.partitions, self.stage)
        bucketed = texts | "MinHashBucket" >> beam.ParDo(bucket, *frequencies).with_output_types(
            Packed, sets=Packed, equal=Packed, without_words=tuple[int, int]
        ).with_outputs("sets", "equal", "without_words", main="keys")
        return Bucketed(*(bucketed[side] for side in Bucketed._fields))


@dataclass(kw_only=True)
class VerifiedPairs(beam.PTransform):
    """(block, payload), or Bucketed of several collections -> Verified.

    Pairs whose later row ranks under `floor` are not sought: say, of what a hub holds with itself.
    """

    plan: Plan
    layout: Layout
    partitions: int = PARTITIONS
    stage: str = "minhash_dedup"
    floor: int = 0

    def expand(self, texts: beam.PCollection[Packed] | tuple[Bucketed, ...]) -> Verified:
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
            | "Label" >> beam.FlatMap(label_buckets, self.layout, self.floor).with_output_types(Packed)
        )
        found = (
            {"labels": labels, "sets": sets}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Fetch" >> beam.FlatMap(fetch_sets, self.partitions).with_output_types(Packed)
            | "ByBucket" >> beam.GroupByKey()
            | "ExactCheck" >> beam.ParDo(ExactCheck(self.plan, self.stage)).with_output_types(Packed)
        )
        return Verified((found, equal) | "Pairs" >> beam.Flatten(), without_words)


@dataclass(kw_only=True)
class FindDuplicates(beam.PTransform):
    """(block, payload), or Bucketed of several collections -> decisions.

    Those are (block of the dropped, packed columns: dropped ranks, kept ranks, similarities). A row is dropped if an
    earlier kept one is within the threshold; the similarity is NaN where it was not computed.
    `rounds`: as of `Representatives`, `floor`: as of `VerifiedPairs`.
    """

    plan: Plan
    layout: Layout
    partitions: int = PARTITIONS
    rounds: int = 0
    floor: int = 0

    def expand(self, texts: beam.PCollection[Packed] | tuple[Bucketed, ...]) -> Decided:
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
    """Blocks -> how often each slot of `prefix_keys` occurs in all of them."""

    layout: Layout

    def expand(self, texts: beam.PCollection[Packed]) -> beam.PCollection[Numbers]:
        """Sums over blocks."""
        zero = np.zeros(1 << prefix_keys.SLOT_BITS, np.int64)
        return (
            texts
            | "Count" >> beam.Map(count_slots, self.layout)
            | "Sum" >> beam.CombineGlobally(lambda tables: sum(tables, zero))
        )


def count_slots(element: Packed, layout: Layout) -> Numbers:
    """The frequencies of one element."""
    _, tokens = layout.read(*element)
    return prefix_keys.frequencies(token_sets(hash_tokens(tokens), tokens.size).tokens)


class MinHashBucket(beam.DoFn):
    """(block, payload) -> (partition, keys and ranks); aside token sets by block, and rows equal within the element."""

    def __init__(self, plan: Plan, layout: Layout, partitions: int, stage: str):
        self.plan, self.layout, self.partitions = plan, layout, partitions
        self.tally = Tally(stage)

    def process(self, element: Packed, table: Numbers | None = None) -> Iterator[Any]:
        """Equal sets are folded first, so that a text that comes a million times is sent a few times."""
        block, payload = element
        rank, tokens = self.layout.read(block, payload)
        codes = hash_tokens(tokens)
        sets = token_sets(codes, tokens.size)
        leaders, leader, equal = fold_equals(whole(sets), rank, sets.size)
        keys, owner = self.plan.keys(tokens, codes, sets, leaders, table)
        yield from by_partition(keys, rank[owner], self.partitions)
        size = sets.size[leaders]
        some = sets.tokens[ragged(spans(sets.size)[:-1][leaders], size)]
        yield TaggedOutput("sets", (block, pack_arrays(rank[leaders], size.astype(U32), some)))
        if len(equal):
            found = join.Found(join.Edges.join([]), join.Edges.of(rank[leader], rank[equal], np.ones(len(equal))), [])
            yield TaggedOutput("equal", (0, pack_found(found)))
        without = int((sets.size == 0).sum())
        if without:
            yield TaggedOutput("without_words", (0, without))
        self.tally.inc("rows", len(rank))
        self.tally.inc("without-words", without)
        self.tally.inc("keys", len(keys))


def fold_equals(code: Numbers, rank: Numbers, count: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """(rows that stand for their equals, in their order; the leader of each other row; those rows): no empty ones."""
    order = np.lexsort((rank, code))
    order = order[count[order] > 0]
    begin, length = runs(code[order])
    first = np.zeros(len(order), bool)
    first[begin] = True
    leader = np.repeat(order[begin], length)
    return np.sort(order[first]), leader[~first], order[~first]


def label_buckets(element: tuple[int, Iterable[bytes]], layout: Layout, floor: int = 0) -> Iterator[Packed]:
    """A partition's keys -> (block, ranks and labels) of the rows that share one, one of them at or over `floor`."""
    ranks, labels = meetings(element[1])
    if floor:
        sought = np.isin(labels, labels[ranks >= U64(floor)])
        ranks, labels = ranks[sought], labels[sought]
    yield from by_block(layout, ranks, ranks, labels)


def fetch_sets(element: tuple[int, dict[str, list[bytes]]], partitions: int) -> Iterator[Packed]:
    """A block's labels and token sets -> (partition of the label, rows and their sets)."""
    _, sides = element
    if not sides["labels"]:
        return
    wanted, label = joined(sides["labels"])
    once = distinct(wanted, label)
    wanted, label = wanted[once], label[once]
    rank, count, tokens = joined(sides["sets"])
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
    """A partition of groups -> (0, what `join.find` finds in them)."""

    def __init__(self, plan: Plan, stage: str):
        self.plan = plan
        self.tally = Tally(stage)

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Packed]:
        """Nothing where nothing is found."""
        group, rank, count, tokens = joined(list(element[1]))
        found = join.find(join.Rows.of(group, rank, TokenSets(tokens, widened(count))), self.plan.threshold)
        self.tally.inc("compared-rows", len(rank))
        self.tally.inc("near-pairs", len(found.near.first))
        if found.size:
            yield 0, pack_found(found)
