"""What `export --form` takes of time and memory, by number of samples; on one thread.

    python -m benchmarks.samples.training [--samples 1000000] [--form chat] [--format jsonl parquet]

Each sample has a persona of its own, in one of a thousand clusters. The hub is written by a process of its own, so that
the memory is that of the export; what Python and its modules take is printed, too.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

CLUSTERS = 1000
AT_ONCE = 10_000


def write_hub(output: str, samples: int) -> None:
    """A hub with that many personas, each with a math problem."""
    from persona_hub.transforms.hub.manifest import Manifest, RunManifest
    from persona_hub.transforms.hub.publishing import publish
    from persona_hub.transforms.hub.table_files import write_shard
    from persona_hub.transforms.records import Cluster, Member, Persona, Proof, Sample, persona_id
    from persona_hub.transforms.wire.batches import Batch

    def personas() -> Iterator[Batch[Persona]]:
        for start in range(0, samples, AT_ONCE):
            numbers = range(start, min(samples, start + AT_ONCE))
            yield Batch(keeper(n) for n in numbers)

    def keeper(n: int) -> Persona:
        text, source = f"A keeper of {n} bees who writes letters to the village", f"https://a.org/{n // 5}"
        return Persona(persona_id(text), text, "text", 0, "", "read", f"{n // 5:032}", source, "en", "m", "abc")

    def members() -> Iterator[Batch[Member]]:
        for batch in personas():
            yield Batch(Member(one.persona_id, f"{1 + int(one.persona_id[:6], 16) % CLUSTERS}") for one in batch)

    def problems() -> Iterator[Batch[Sample]]:
        for batch in personas():
            yield Batch(map(problem, batch))

    def problem(one: Persona) -> Sample:
        bees = int(one.text.split()[3])
        asked = f"{one.text} sells 12 jars a day at 4 dollars each, pays 9 for wax and works 6 days. What is left?"
        program = f"bees = {bees}\njars = 12 * 4\nwax = 9\nprint((jars - wax) * 6 + bees)"
        stated = str(234 + bees)
        fields = json.dumps({"problem": asked, "answer": stated, "program": program})
        proof, text = Proof("program", program, stated, 1), f"{asked}\n\nAnswer: {stated}"
        return Sample(one.persona_id, one.text, "math", text, "math", "m", "abc", 0, 300, 90, fields, proof)

    clusters = [Cluster(f"{n}", 1, "bees", "en", 1, "{}", "", 1, 0, b"") for n in range(1, CLUSTERS + 1)]
    entries = [
        write_shard(output, "hub/0001-aa", "personas-0", Persona, "avro", personas()),
        write_shard(output, "hub/0001-aa", "members-0", Member, "avro", members()),
        write_shard(output, "hub/0001-aa", "clusters-0", Cluster, "avro", [Batch(clusters)]),
    ]
    publish(output, Manifest(version="0001-aa", fingerprint="aa"), entries, {})
    entry = write_shard(output, "samples/math/0001-aa-11", "samples-0", Sample, "jsonl", problems())
    publish(output, RunManifest(run="0001-aa-11", hub_version="0001-aa"), [entry], {})


def peak() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--form", default="chat")
    parser.add_argument("--format", nargs="+", default=["jsonl", "parquet"])
    parser.add_argument("--write", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_hub(options.write, options.samples)
        return
    from persona_hub.pipelines.main import main as run

    with tempfile.TemporaryDirectory() as folder:
        hub = str(Path(folder, "hub"))
        command = [
            sys.executable,
            "-m",
            "benchmarks.samples.training",
            "--samples",
            str(options.samples),
            "--write",
            hub,
        ]
        subprocess.run(command, check=True)
        before, start, used = peak(), time.perf_counter(), time.process_time()
        assert run(["export", "--hub", hub, "--form", options.form, "--format", ",".join(options.format)]) == 0
        took, cpu = time.perf_counter() - start, time.process_time() - used
    print(
        f"{options.samples:,} samples as {options.form}, {' and '.join(options.format)}: {took:.0f} s, "
        f"{cpu:.0f} s of CPU, {peak():,.0f} MB at most, {before:,.0f} MB before"
    )


if __name__ == "__main__":
    main()
