"""`dedup` of many rows: CPU a row and memory at a tenth of them and at all, the whole command from file to files.

    PERSONA_HUB_DATA=DIR python -m benchmarks.scale [--rows 10000000] [--folder DIR] [--flags "--minhash_threshold 0.8"]

Rows of 200 bytes, a million out of real personas (`tests.material.rows`, kind `even`), each with an id; every further
million is the same in an alphabet of its own, so that ten times the rows have ten times the clusters. Words only,
unless --flags say otherwise. CPU is that of the process and its children; memory the highest of the process. Fails if a
row is neither kept nor dropped, or there twice, or if a dropped one does not name a kept one.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson

from persona_hub.pipelines.main import main as persona_hub
from tests.material.rows import Maker

BASE_ROWS = 1_000_000
LETTERS = b"abcdefghijklmnopqrstuvwxyz"


def lines_of(rows: int) -> Iterator[bytes]:
    """The rows."""
    texts = [text.encode() for text in islice(Maker().even(min(rows, BASE_ROWS)), rows)]
    for start in range(0, rows, BASE_ROWS):
        alphabet = bytearray(LETTERS)
        if start:
            random.Random(start).shuffle(alphabet)
        other = bytes.maketrans(LETTERS, bytes(alphabet))
        for n, text in enumerate(texts[: rows - start], start):
            yield b'{"id":"r%d","persona":"%b","url":"example.org/%d"}\n' % (n, text.translate(other), n)


def rows_file(folder: Path, rows: int) -> Path:
    """A file of the rows, made once."""
    file = folder / f"rows-{rows}.jsonl"
    if not file.exists():
        part = file.with_suffix(".part")
        with part.open("wb") as out:
            out.writelines(lines_of(rows))
        part.replace(file)
    return file


def measure(file: Path, output: Path, flags: list[str]) -> None:
    """Runs the command in this process, and prints what it took."""
    begin = time.monotonic()
    command = ["dedup", "--input", str(file), "--output", str(output), "--text_field", "persona", "--progress", "none"]
    assert (
        persona_hub([*command, *([] if "--embedding_threshold" in flags else ["--embedding_threshold", "1.0"]), *flags])
        == 0
    )
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in both)
    print(orjson.dumps([cpu, both[0].ru_maxrss / 1e6, time.monotonic() - begin]).decode())


def check(output: Path, rows: int) -> tuple[int, int]:
    """(rows kept, rows dropped), each row once."""
    kept, dropped, named = bytearray(rows), bytearray(rows), bytearray(rows)
    for path in output.glob("kept-*.jsonl"):
        with path.open("rb") as lines:
            for line in lines:
                kept[int(orjson.loads(line)["id"][1:])] += 1
    for path in output.glob("dropped-*.jsonl"):
        with path.open("rb") as lines:
            for line in lines:
                row = orjson.loads(line)
                dropped[int(row["id"][1:])] += 1
                named[int(row["duplicate_of"][1:])] = 1
    assert all(a + b == 1 for a, b in zip(kept, dropped, strict=True)), "each row is kept or dropped, once"
    assert all(k for k, n in zip(kept, named, strict=True) if n), "what stands for a dropped row is kept"
    return sum(kept), sum(dropped)


def main() -> None:
    """Prints a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "persona-hub-scale")
    parser.add_argument("--flags", default="")
    parser.add_argument("--only_all", action="store_true", help="leave out the tenth")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    flags = shlex.split(args.flags)
    if args.measure:
        measure(Path(args.measure[0]), Path(args.measure[1]), flags)
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    each = []
    for rows in (args.rows,) if args.only_all else (args.rows // 10, args.rows):
        file, output = rows_file(args.folder, rows), args.folder / f"out-{rows}"
        shutil.rmtree(output, ignore_errors=True)
        command = [
            sys.executable,
            "-m",
            "benchmarks.scale",
            "--measure",
            str(file),
            str(output),
            f"--flags={args.flags}",
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        cpu, memory, seconds = orjson.loads(done.stdout.splitlines()[-1])
        kept, dropped = check(output, rows)
        each.append(cpu / rows * 1e6)
        print(
            f"{rows:>12,} rows of {file.stat().st_size / rows:.0f} bytes: {each[-1]:.2f} us of CPU a row, "
            f"{memory:.2f} GB, {seconds:.0f} s at a load of {os.getloadavg()[0]:.0f}; {kept:,} kept, {dropped:,} "
            f"dropped, files of {sum(path.stat().st_size for path in output.iterdir()) / 1e9:.2f} GB",
            flush=True,
        )
        shutil.rmtree(output)
    if len(each) == 2:
        print(f"ten times the rows: {each[1] / each[0]:.2f} x linear")


if __name__ == "__main__":
    main()
