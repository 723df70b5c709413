"""The response store: python -m benchmarks.calls.response_store [ADDRESS]. Puts, bytes and look-ups of an entry.

The limit that look-ups are held against is 50 µs an entry in batches of 500 of a million.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
import time
from pathlib import Path

from persona_hub.transforms.store.protocol import Put, Spend
from persona_hub.transforms.store.registry import open_store

WORDS = ["a", "potter", "surveyor", "maps", "old", "orchards", "near", "the", "harbour", "and", "teaches"]
SPEND = Spend(1, 700, 60, 12_345)


def key_of(i: int) -> bytes:
    return hashlib.blake2b(i.to_bytes(8, "big", signed=True), digest_size=16).digest()


def value_of(i: int) -> bytes:
    draws = random.Random(i)
    words = " ".join(draws.choice(WORDS) for _ in range(45))
    return f'["{words} {i}",700,60]'.encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", default="")
    parser.add_argument("--entries", type=int, default=1_000_000)
    own = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = own.address or f"sqlite:{folder}/responses.sqlite"
        store = open_store(address)
        for name, n, group in (
            ("one by one", 2000, 1),
            ("in groups of 16", 10_000, 16),
            ("in groups of 1,000", own.entries, 1000),
        ):
            puts = [Put(key_of(i), value_of(i), "bench", SPEND, subject=key_of(-1 - i)) for i in range(n)]
            cpu, wall = time.process_time(), time.perf_counter()
            for start in range(0, n, group):
                store.commit(puts[start : start + group])
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            print(f"put {name:20} {cpu / n * 1e6:7.1f} µs of CPU, {wall / n * 1e6:7.1f} µs an entry")
        size = sum(file.stat().st_size for file in Path(folder).glob("*"))
        if size:
            print(f"{size / own.entries:.0f} bytes an entry, of {len(value_of(0))} in a value")
        order = random.Random(1).sample(range(own.entries), min(200_000, own.entries))
        wall = time.perf_counter()
        for start in range(0, len(order), 500):
            assert len(store.get_many([key_of(i) for i in order[start : start + 500]])) == len(
                order[start : start + 500]
            )
        wall = (time.perf_counter() - wall) / len(order) * 1e6
        print(f"look-up in batches of 500: {wall:.1f} µs an entry, {wall / 50:.2f} of the limit of 50 µs")
        cpu, wall = time.process_time(), time.perf_counter()
        erased = store.erase([key_of(-1 - i) for i in order[:1000]])
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(f"erasing {erased:,} subjects of {own.entries:,}: {cpu:.2f} s of CPU, {wall:.2f} s")
        cpu, wall = time.process_time(), time.perf_counter()
        store.scrub()
        print(
            f"freeing the files of them: {time.process_time() - cpu:.2f} s of CPU, {time.perf_counter() - wall:.2f} s"
        )


if __name__ == "__main__":
    main()
