"""Bytes that each stage of the text dedup sends through a shuffle, for a row: the stages called one after another."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.dedup.find_duplicates import (
    PARTITIONS,
    ExactCheck,
    MinHashBucket,
    fetch_sets,
    label_buckets,
)
from persona_hub.transforms.dedup.found import unpack_balls, unpack_found
from persona_hub.transforms.dedup.part import RowLayout
from persona_hub.transforms.dedup.read_rows import ReadPart, parts_of
from persona_hub.transforms.dedup.representatives import ROUNDS
from persona_hub.transforms.dedup.rounds import balls_by_home, flag_rows, notes_of, settle_rows, shrink_balls, tell_ends
from persona_hub.transforms.dedup.sources import sources_of
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.rounds import left_open
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
    """(bytes that the rounds of `Representatives` send, edges and rows of balls that they leave to the last place)."""
    notes = grouped(note for value in found for note in tell_ends((0, value), PARTITIONS))
    balls = grouped(ball for value in found for ball in balls_by_home((0, value), PARTITIONS))
    sent = bytes_in(notes) + bytes_in(balls)
    for _ in range(ROUNDS):
        flagged = grouped(note for home in notes.items() for note in flag_rows(home, PARTITIONS))
        settled = [made for home in flagged.items() for made in settle_rows(home, PARTITIONS)]
        sides = {tag: grouped(made.value for made in settled if made.tag == tag) for tag in ("notes", "gone")}
        shrunk = [
            made
            for home, held in balls.items()
            for made in shrink_balls((home, {"balls": held, "gone": sides["gone"][home]}), PARTITIONS)
        ]
        balls = grouped(made.value for made in shrunk if made.tag == "balls")
        notes = sides["notes"]
        for key, value in (made.value for made in shrunk if made.tag == "notes"):
            notes[key].append(value)
        sent += sum(map(bytes_in, (flagged, sides["gone"], balls, notes)))
    left = left_open(notes_of(value for values in notes.values() for value in values))
    rows = sum(len(ball.rank) for values in balls.values() for value in values for ball in unpack_balls(value))
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
        bucket = MinHashBucket(plan, layout, PARTITIONS, "benchmark")
        for part in parts_of(sources):
            for chunk in ReadPart("persona").process(part):
                if isinstance(chunk, TaggedOutput):
                    continue
                for made in bucket.process(chunk):
                    name, (key, value) = (made.tag, made.value) if isinstance(made, TaggedOutput) else ("keys", made)
                    sent.setdefault({"equal": "pairs"}.get(name, name), defaultdict(list))[key].append(value)
        for group in sent["keys"].items():
            for key, value in label_buckets(group, layout):
                sent["labels"][key].append(value)
        for block, sets in sent["sets"].items():
            for key, value in fetch_sets((block, {"labels": sent["labels"][block], "sets": sets}), PARTITIONS):
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
        pairs = sum(unpack_found(value).size for value in found)
        print(
            f"   {'':9}  {ROUNDS} rounds send {more / rows:.0f} more and leave {left:,} of {pairs:,} pairs and rows of "
            f"balls to one place; 10^9 rows: {left / rows * 1000:.1f} million"
        )
