"""Bytes that each stage of the text dedup sends through a shuffle, for a row: the stages called one after another."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.dedup.chunk_rows import RowLayout
from persona_hub.transforms.dedup.edge_payloads import unpack_implicit, unpack_verified
from persona_hub.transforms.dedup.find_duplicates import (
    LEAST_KEY_PARTITIONS,
    ExactCheck,
    MinHashBucket,
    fetch_sets,
    label_buckets,
)
from persona_hub.transforms.dedup.read_rows import ReadRange
from persona_hub.transforms.dedup.representatives import ROUNDS
from persona_hub.transforms.dedup.rounds import (
    announce_rows,
    first_messages,
    implicit_by_partition,
    settle_rows,
    shrink_implicit,
    unpack_messages,
)
from persona_hub.transforms.dedup.row_files import ranges_of
from persona_hub.transforms.dedup.sources import sources_of
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.rounds import OpenEdges, left_open
from tests.material.rows import write_rows

Grouped = defaultdict[int, list[bytes]]


def bytes_in(grouped: Grouped) -> int:
    """Bytes of all values."""
    return sum(len(value) for values in grouped.values() for value in values)


def grouped(elements: Iterable[Any]) -> Grouped:
    """As a GroupByKey does."""
    out: Grouped = defaultdict(list)
    for key, value in elements:
        out[key].append(value)
    return out


def in_rounds(found: list[bytes]) -> tuple[int, int]:
    """(bytes that the rounds of `Representatives` send, edges and rows of implicit ones left to the last place)."""
    parts = LEAST_KEY_PARTITIONS
    told = grouped(each for value in found for each in first_messages((0, value), parts))
    implicit = grouped(each for value in found for each in implicit_by_partition((0, value), parts))
    sent = bytes_in(told) + bytes_in(implicit)
    for _ in range(ROUNDS):
        announced = grouped(each for element in told.items() for each in announce_rows(element, parts))
        settled = [made for element in announced.items() for made in settle_rows(element, parts)]
        sides = {tag: grouped(made.value for made in settled if made.tag == tag) for tag in ("told", "departures")}
        shrunk = [
            made
            for key, values in implicit.items()
            for made in shrink_implicit((key, {"implicit": values, "departures": sides["departures"][key]}), parts)
        ]
        implicit = grouped(made.value for made in shrunk if made.tag == "implicit")
        told = sides["told"]
        for key, value in (made.value for made in shrunk if made.tag == "told"):
            told[key].append(value)
        sent += sum(map(bytes_in, (announced, sides["departures"], implicit, told)))
    left = left_open(unpack_messages((value for values in told.values() for value in values), OpenEdges.none()))
    rows = sum(len(some.rank) for values in implicit.values() for value in values for some in unpack_implicit(value))
    return sent, len(left.first) + rows


def shuffled(args: argparse.Namespace) -> None:
    """A row's bytes by stage, and what they come to for a billion rows."""
    rows = args.rows // 10
    sources = sources_of([str(write_rows("even", rows, args.folder / f"even{rows}.jsonl"))])
    layout = RowLayout("persona")
    print(f"\n7. bytes shuffled for a row, {rows:,} rows")
    for kind in ("minhash", "partition"):
        plan = Plan.of(0.9, kind)
        sent: dict[str, Grouped] = {name: defaultdict(list) for name in ("keys", "sets", "labels", "members", "pairs")}
        bucket = MinHashBucket(plan, layout, LEAST_KEY_PARTITIONS, "benchmark")
        for where in ranges_of(sources):
            for chunk in ReadRange("persona").process(where):
                if isinstance(chunk, TaggedOutput):
                    continue
                for made in bucket.process(chunk):
                    name, (key, value) = (made.tag, made.value) if isinstance(made, TaggedOutput) else ("keys", made)
                    sent.setdefault({"equal": "pairs"}.get(name, name), defaultdict(list))[key].append(value)
        for group in sent["keys"].items():
            for key, value in label_buckets(group, layout):
                sent["labels"][key].append(value)
        for block, sets in sent["sets"].items():
            for key, value in fetch_sets(
                (block, {"labels": sent["labels"][block], "sets": sets}), LEAST_KEY_PARTITIONS
            ):
                sent["members"][key].append(value)
        check = ExactCheck(plan, "benchmark")
        for group in sent["members"].items():
            for key, value in check.process(group):
                sent["pairs"][key].append(value)
        each = {name: bytes_in(sent[name]) / rows for name in ("keys", "sets", "labels", "members", "pairs")}
        print(
            f"   {kind:9}  "
            + "  ".join(f"{name} {size:.0f}" for name, size in each.items())
            + f"  together {sum(each.values()):.0f}; 10^9 rows: {sum(each.values()) / 1000:.2f} TB"
        )
        found = [value for values in sent["pairs"].values() for value in values]
        more, left = in_rounds(found)
        pairs = sum(unpack_verified(value).size for value in found)
        print(
            f"   {'':9}  {ROUNDS} rounds send {more / rows:.0f} more and leave {left:,} of {pairs:,} edges and rows of "
            f"implicit ones to one place; 10^9 rows: {left / rows * 1000:.1f} million"
        )
