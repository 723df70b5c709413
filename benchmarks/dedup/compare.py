"""Near-duplicates of text, ours beside the peers, on the same rows in the same run.

    PERSONA_HUB_DATA=DIR python -m benchmarks.dedup.compare --peers PEERS/bin/python [--rows 1000000] [--folder DIR]
        [--only correct,chains,fast,linear,memory,languages,shuffled,rounds]

PEERS is an environment with requirements-bench.in. Rows are those of `rows`. Times are CPU seconds of the
process and its children without imports. They still depend on what else the machine does: read the ratios.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dedup.bytes import shuffled
from benchmarks.dedup.languages import languages
from benchmarks.dedup.ours import core
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.prefix_keys import frequencies
from persona_hub.transforms.similarity.shingles import hash_tokens, token_sets, tokenise
from tests.material.rows import write_rows

LIMIT = 0.8  # us a row: text to keys and one sort, in C on one core
PEERS = ("rensa_flags", "rensa_deduplicator", "datasketch", "datatrove")


def one(python: str, *arguments: str) -> dict[str, Any]:
    """What a measuring process prints."""
    done = subprocess.run(
        [python, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, start_new_session=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ours(what: str, file: Path, keys: str, *flags: str) -> dict[str, Any]:
    """Ours, in a process of its own."""
    return one(sys.executable, "-m", "benchmarks.dedup.ours", what, str(file), keys, "0.9", *flags)


def near_pairs(texts: list[str], lowest: float) -> Iterator[tuple[int, int, int, int]]:
    """(i, j, overlap, sizes) of all pairs j < i at Jaccard `lowest` or more: by counting, row by row."""
    exact = Threshold.of(lowest)
    sets = [set(words) for words in tokenise(texts).words()]
    index: dict[str, list[int]] = {}
    for i, words in enumerate(sets):
        counts: dict[int, int] = {}
        for word in words:
            for j in index.get(word, ()):
                counts[j] = counts.get(j, 0) + 1
        for j, overlap in counts.items():
            sizes = len(words) + len(sets[j])
            if (exact.p + exact.q) * overlap >= exact.p * sizes:
                yield i, j, overlap, sizes
        for word in words:
            index.setdefault(word, []).append(i)


def reaching(pairs: list[tuple[int, int, int, int]], threshold: float) -> list[tuple[int, int]]:
    """The pairs at the threshold or above."""
    exact = Threshold.of(threshold)
    return [(i, j) for i, j, overlap, sizes in pairs if (exact.p + exact.q) * overlap >= exact.p * sizes]


def meeting(texts: list[str], plan: Plan) -> list[set[int]]:
    """The keys of each text."""
    tokens = tokenise(texts)
    codes = hash_tokens(tokens)
    sets = token_sets(codes, tokens.size)
    table = frequencies(sets.tokens) if plan.kind == "prefix" else None
    found: list[set[int]] = [set() for _ in texts]
    keys, owners = plan.keys(tokens, codes, sets, np.flatnonzero(sets.size), table)
    for key, owner in zip(keys.tolist(), owners.tolist(), strict=True):
        found[owner].add(key)
    return found


def brute_force(pairs: list[tuple[int, int, int, int]], rows: int, threshold: float) -> set[int]:
    """The rows that go: those with an earlier kept neighbour."""
    into: dict[int, list[int]] = {}
    for i, j in reaching(pairs, threshold):
        into.setdefault(i, []).append(j)
    dropped: set[int] = set()
    for i in range(rows):
        if any(j not in dropped for j in into.get(i, ())):
            dropped.add(i)
    return dropped


def correct(args: argparse.Namespace) -> None:
    """20,000 rows against brute force."""
    file = write_rows("even", 20_000, args.folder / "even20000.jsonl")
    texts = [json.loads(line)["persona"] for line in file.open()]
    pairs = list(near_pairs(texts, 0.5))
    print(
        "\n1. correct: 20,000 rows; rows that go by brute force, what ours misses or adds, and pairs that share a key"
    )
    for threshold in (0.5, 0.7, 0.8, 0.9, 0.95):
        truth = brute_force(pairs, len(texts), threshold)
        for keys in ("minhash", "partition") if threshold >= 0.8 else ("minhash",):
            dropped, _, _ = core(str(file), threshold, keys)
            near = reaching(pairs, threshold)
            meet = meeting(texts, Plan.of(threshold, keys))
            found = sum(not meet[i].isdisjoint(meet[j]) for i, j in near)
            print(
                f"   {threshold:4}  {keys:9}  {len(truth):6,} go   missed {len(truth - dropped)}   "
                f"added {len(dropped - truth)}   pairs {len(near):,}, recall {found / len(near):.5f}"
            )


def fast(args: argparse.Namespace) -> None:
    """A million rows, side by side."""
    file = write_rows("even", args.rows, args.folder / f"even{args.rows}.jsonl")
    found = [one(args.peers, "benchmarks/dedup/peers.py", name, str(file)) for name in PEERS] if args.peers else []
    found += [ours(what, file, keys) for what in ("core", "step") for keys in ("minhash", "partition")]
    best = min((row["seconds"] for row in found if row["name"].startswith("rensa")), default=float("nan"))
    print(f"\n2. fast: {args.rows:,} rows, file to kept rows, CPU; x: times rensa's best; limit {LIMIT} us a row")
    for row in found:
        micros = row["seconds"] * 1e6 / args.rows
        print(
            f"   {row['name']:20} {micros:7.2f} us a row  {row['seconds'] / best:5.2f} x  {LIMIT / micros:4.0%} of the "
            f"limit  kept {row['kept']:9,}  {row['gigabytes']:.2f} GB  {row.get('stages', '')}"
        )


def linear(args: argparse.Namespace) -> None:
    """Growth, and skew."""
    print("\n3. linear: CPU of the step at a tenth and at all of the rows; and with skew, against even rows")
    for keys in ("minhash", "partition"):
        made = {}
        for kind, rows in (
            ("even", args.rows // 10),
            ("even", args.rows),
            ("template", args.rows),
            ("dense", args.rows),
        ):
            made[kind, rows] = ours("step", write_rows(kind, rows, args.folder / f"{kind}{rows}.jsonl"), keys)
        small, even = made["even", args.rows // 10], made["even", args.rows]
        print(f"   {keys:9}  ten times the rows: {even['seconds'] / small['seconds'] / 10:.2f} x linear")
        for kind in ("template", "dense"):
            skewed = made[kind, args.rows]
            print(
                f"   {keys:9}  {kind:8}  {skewed['seconds'] / even['seconds']:.2f} x the CPU, "
                f"{skewed['gigabytes'] / even['gigabytes']:.2f} x the memory of even rows"
            )


def memory(args: argparse.Namespace) -> None:
    """Two processes."""
    file = write_rows("even", args.rows, args.folder / f"even{args.rows}.jsonl")
    flags = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
    for keys in ("minhash", "partition"):
        found = ours("step", file, keys, *flags)
        print(
            f"\n5. memory: {args.rows:,} rows, {keys}, 2 processes: runner {found['gigabytes']:.2f} GB, "
            f"largest worker {found['largest_child']:.2f} GB; limit 2 GB"
        )


def rounds(args: argparse.Namespace) -> None:
    """What large inputs are worth, on one that is not."""
    file = write_rows("even", args.rows, args.folder / f"even{args.rows}.jsonl")
    print(f"\n8. rounds: {args.rows:,} rows, representatives in rounds over a shuffle, against one place")
    for keys in ("minhash", "partition"):
        one, many = (ours(what, file, keys) for what in ("step", "rounds"))
        print(
            f"   {keys:9}  {many['seconds'] / one['seconds']:.2f} x the CPU, "
            f"{many['gigabytes'] / one['gigabytes']:.2f} x the memory; kept {many['kept']:,} and {one['kept']:,}"
        )


def chains(args: argparse.Namespace) -> None:
    """Texts of which each is near the next only."""
    print("\n1b. chains: each text near the next two only; every kept one is far from all others kept")
    for length in (10, 100, 1000):
        words = [f"w{i}" for i in range(length + 40)]
        texts = [" ".join(words[i : i + 40]) for i in range(length)]
        random.Random(length).shuffle(texts)
        file = args.folder / f"chain{length}.jsonl"
        file.write_text("".join(json.dumps({"persona": text}) + "\n" for text in texts))
        truth = brute_force(list(near_pairs(texts, 0.9)), length, 0.9)
        dropped = {keys: core(str(file), 0.9, keys)[0] for keys in ("minhash", "partition")}
        print(f"   {length:5}  {len(truth)} go; equal: " + str({k: d == truth for k, d in dropped.items()}))


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    part.__name__: part for part in (correct, chains, fast, linear, memory, languages, shuffled, rounds)
}


def main() -> None:
    """The parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default="")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "persona-hub-bench")
    parser.add_argument("--only", default=",".join(PARTS))
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in args.only.split(","):
        PARTS[name](args)


if __name__ == "__main__":
    main()
