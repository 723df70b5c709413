"""Ours on a file of rows, measured: the core in one process, and the whole step on a runner.

    python -m benchmarks.dedup.ours core|step|rounds FILE minhash|partition [THRESHOLD] [Beam options]

`rounds`: the step as it is done from 20 million rows on. Prints one line of JSON. Imports are left out, as they are
of the peers.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from persona_hub.pipelines.dedup import RETURNED_BYTES
from persona_hub.pipelines.runners.memory import return_freed_memory
from persona_hub.transforms.dedup.chunks import parse_texts
from persona_hub.transforms.dedup.find_duplicates import LEAST_KEY_PARTITIONS, collapse_equal_texts
from persona_hub.transforms.dedup.key_payloads import bucket_members, pack_keys
from persona_hub.transforms.dedup.representatives import ROUNDS
from persona_hub.transforms.similarity.arrays import I64, U32, U64, Numbers, runs, sorted_unique, spans
from persona_hub.transforms.similarity.edges import Edges, VerifiedEdges
from persona_hub.transforms.similarity.join import GroupedSets, verify_groups
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.prefix_keys import frequencies
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.representatives import decide, extend_to_equals
from persona_hub.transforms.similarity.shingles import hash_tokens, set_hashes, token_sets, tokenise_utf8

CHUNK_BYTES = 1 << 20
GROUP_ENTRIES = 200_000  # rows of groups that are checked at a time


def cpu() -> float:
    """CPU seconds of this process and its children."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def chunks_of(file: str) -> Iterator[bytes]:
    """Whole lines, a megabyte at a time."""
    with open(file, "rb") as lines:
        while raw := lines.read(CHUNK_BYTES):
            yield raw if raw.endswith(b"\n") else raw + lines.readline()


class Clock:
    """CPU by stage."""

    def __init__(self) -> None:
        self.stages: Counter[str] = Counter()
        self.start = time.process_time()

    def tick(self, stage: str) -> None:
        """What has passed since the last tick belongs to `stage`."""
        now = time.process_time()
        self.stages[stage] += now - self.start  # type: ignore[assignment]
        self.start = now


def core(file: str, threshold: float, bucket_keys: str) -> tuple[set[int], Clock, int]:
    """(numbers of the rows dropped, CPU by stage, rows): what the step does, without a runner."""
    plan, clock = Plan.of(threshold, bucket_keys), Clock()
    keys_of: dict[int, list[bytes]] = {}
    parts: list[tuple[Numbers, ...]] = []
    equal: list[Edges] = []
    rows = 0
    table: Numbers | None = None
    if plan.kind == "prefix":
        table = np.sum([frequencies(sets_of(raw)[2].tokens) for raw in chunks_of(file)], 0)
    for raw in chunks_of(file):
        words, codes, sets = sets_of(raw)
        ranks = np.arange(rows, rows + len(sets.size)).astype(U64) + NEW
        code = set_hashes(sets)
        leaders, leader, same = collapse_equal_texts(code, ranks, sets.size)
        clock.tick("tokens")
        keys, owner = plan.keys(words, codes, sets, leaders, table)
        for partition, packed in pack_keys(keys, ranks[owner], LEAST_KEY_PARTITIONS):
            keys_of.setdefault(partition, []).append(packed)
        clock.tick("keys")
        parts.append((sets.tokens, sets.size.astype(U32), code))
        equal.append(Edges.of(ranks[leader], ranks[same], np.ones(len(same))))
        rows += len(sets.size)
    met = [bucket_members(keys_of.pop(partition)) for partition in sorted(keys_of)]
    entries = np.concatenate([label - NEW << U64(32) | row - NEW for row, label in met])
    entries.sort()
    entries = sorted_unique(entries)
    clock.tick("meet")
    tokens, size, code = (np.concatenate(column) for column in zip(*parts, strict=True))
    found = list(verified(entries, tokens, size, code, plan))
    clock.tick("check")
    near = Edges.join([each.near for each in found])
    equals = Edges.join([each.equal for each in found] + equal)
    implicit = [some for each in found for some in each.implicit]
    dropped = extend_to_equals(equals, decide(near, implicit)).dropped
    clock.tick("representatives")
    return set((dropped - NEW).tolist()), clock, rows


def sets_of(raw: bytes) -> tuple[Any, Numbers, Any]:
    """Tokens, their hashes and sets of some lines."""
    words = tokenise_utf8(*parse_texts(raw, "persona"))
    codes = hash_tokens(words)
    return words, codes, token_sets(codes, words.size)


def verified(entries: Numbers, tokens: Numbers, size: Numbers, code: Numbers, plan: Plan) -> Iterator[VerifiedEdges]:
    """The exact check, a few groups at a time; `entries` are numbers of label and row, ascending."""
    label, row = entries >> U64(32), (entries & U64(0xFFFFFFFF)).astype(I64)
    count = size.astype(I64)
    begin = spans(count)[:-1]
    first, length = runs(label)
    cuts = first[np.searchsorted(np.cumsum(length), np.arange(0, len(label), GROUP_ENTRIES))] if len(first) else first
    for i, j in zip(cuts.tolist(), [*cuts[1:].tolist(), len(label)], strict=True):
        at = row[i:j]
        rows = GroupedSets(label[i:j], at.astype(U64) + NEW, code[at], begin[at], count[at], tokens)
        yield verify_groups(rows, plan.threshold)


def step(file: str, threshold: float, bucket_keys: str, beam_flags: list[str], rounds: int) -> dict[str, Any]:
    """The whole command, from file to files."""
    from persona_hub.pipelines.cli.command_options import DedupOptions
    from persona_hub.pipelines.dedup import plan_dedup
    from persona_hub.pipelines.runners.run import beam_options, run_pipeline

    output = Path(tempfile.mkdtemp())
    dedup_options = DedupOptions(
        input=(file,),
        output=str(output),
        text_field="persona",
        minhash_threshold=threshold,
        bucket_keys=bucket_keys,
        embedding_threshold=1.0,
    )
    options = beam_options(beam_flags)
    children = Children() if beam_flags else None  # it takes CPU of its own
    start = cpu()
    run_pipeline(replace(plan_dedup(dedup_options), rounds=rounds).build, options, RETURNED_BYTES)
    seconds = cpu() - start
    made = json.loads((output / "statistics.json").read_bytes())
    shutil.rmtree(output)
    return {
        "kept": made["kept"],
        "rows": made["rows"],
        "seconds": seconds,
        "largest_child": children.stop() if children else 0.0,
    }


class Children:
    """Watches the memory of the processes of this session; the kernel tells only of those that have been waited for."""

    def __init__(self) -> None:
        self.most, self.going = 0.0, True
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self) -> None:
        """Twice a second."""
        mine = os.getsid(0)
        while self.going:
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    session = int((process / "stat").read_text().rpartition(")")[2].split()[3])
                    if session != mine or int(process.name) == os.getpid():
                        continue
                    status = (process / "status").read_text()
                except OSError:
                    continue
                if "VmHWM:" in status:
                    self.most = max(self.most, int(status.split("VmHWM:")[1].split()[0]) / 1e6)
            time.sleep(0.5)

    def stop(self) -> float:
        """Gigabytes of the largest other process."""
        self.going = False
        self.thread.join()
        return self.most


def main() -> None:
    """Measures one thing."""
    what, file, bucket_keys = sys.argv[1:4]
    threshold = float(sys.argv[4]) if len(sys.argv) > 4 else 0.9
    if what == "core":
        return_freed_memory(RETURNED_BYTES)  # as the command does
        start = cpu()
        dropped, clock, rows = core(file, threshold, bucket_keys)
        seconds = cpu() - start
        stages = {name: round(spent * 1e6 / rows, 2) for name, spent in clock.stages.items()}
        found: dict[str, Any] = {"kept": rows - len(dropped), "rows": rows, "seconds": seconds, "stages": stages}
    else:
        found = step(file, threshold, bucket_keys, sys.argv[5:], ROUNDS if what == "rounds" else 0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"name": f"{what} {bucket_keys}", "gigabytes": memory, **found}))


if __name__ == "__main__":
    main()
