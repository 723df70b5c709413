"""Bytes that each stage of the text dedup sends through a shuffle, for a row: the stages called one after another."""

from __future__ import annotations

import argparse
from collections import defaultdict

from apache_beam.pvalue import TaggedOutput

from benchmarks.rows import write_rows
from transforms.dedup.find_duplicates import PARTITIONS, ExactCheck, MinHashBucket, fetch_sets, label_buckets
from transforms.dedup.part import RowLayout
from transforms.dedup.read_rows import ReadPart, parts_of
from transforms.dedup.sources import sources_of
from transforms.similarity.plan import Plan

Grouped = defaultdict[int, list[bytes]]


def bytes_in(grouped: Grouped) -> int:
    """Bytes of all values."""
    return sum(len(value) for values in grouped.values() for value in values)


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
