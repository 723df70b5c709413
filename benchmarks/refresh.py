"""A tenth of new documents: the CPU of a refresh against that of building the whole hub anew, and what they agree on.

    python -m benchmarks.refresh [--personas 200000] [--hops 6] [--share 0.1]

The documents are those of `benchmarks.build`, asked about by the embedded model and compared by the embedded embedder,
so that no call to a server is part of what is measured: with a model that is paid, a refresh saves its calls on top.
CPU is of the whole command, Python's start and Beam's import included.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.build import run, write_corpus
from persona_hub.transforms.hub.versions import open_hub

LIMIT = 0.25  # of the CPU of a build
KEPT = 0.76  # of the personas that documents and hops could give: some documents are short, some personas alike


def build(corpus: str, output: Path, hops: int) -> list[str]:
    """The command that builds a hub."""
    return [*CLI, "build", "--input", corpus, "--output", str(output), "--expand_hops", str(hops)]


CLI = (sys.executable, "-m", "persona_hub")


def parted(corpus: Path, share: float) -> tuple[Path, Path]:
    """The corpus in two files: what was there, and what is new."""
    lines = corpus.read_bytes().splitlines(keepends=True)
    at = round(len(lines) * (1 - share))
    old, new = corpus.with_name("old.jsonl"), corpus.with_name("new.jsonl")
    old.write_bytes(b"".join(lines[:at]))
    new.write_bytes(b"".join(lines[at:]))
    return old, new


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--personas", type=int, default=200_000)
    parser.add_argument("--hops", type=int, default=6)
    parser.add_argument("--share", type=float, default=0.1, help="of the documents that are new")
    parser.add_argument(
        "--keep", default="", metavar="DIR", help="leave the corpus and the hubs here, and use them again"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(args.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        corpus = folder / "corpus.jsonl"
        documents = round(args.personas / KEPT / (args.hops + 1))
        if not corpus.exists():
            write_corpus(Path(os.environ["PERSONA_HUB_DATA"]), corpus, documents)
        old, new = parted(corpus, args.share)
        before, hub, whole = folder / "before", folder / "hub", folder / "whole"
        took = {}
        if not before.exists():
            took["build of what was there"] = run(build(str(old), before, args.hops))
        shutil.rmtree(hub, ignore_errors=True)
        shutil.copytree(before, hub)
        took["refresh with what is new"] = run([*CLI, "refresh", "--hub", str(hub), "--input", str(new)])
        if not whole.exists():
            took["build of both"] = run(build(f"{old},{new}", whole, args.hops))
            (folder / "cpu").write_text(str(took["build of both"][0]))
        for name, (cpu, peak) in took.items():
            print(f"{name:26} {cpu:8.1f} s of CPU, largest process {peak:.2f} GB")
        refreshed, once = (open_hub(str(output)).manifest for output in (hub, whole))
        print(
            f"personas: {refreshed.records_of('personas'):,} after the refresh, {once.records_of('personas'):,} at once"
        )
        ratio = took["refresh with what is new"][0] / float((folder / "cpu").read_text())
        print(f"the refresh took {ratio:.3f} of the CPU of building both at once; the limit is {LIMIT}")


if __name__ == "__main__":
    main()
