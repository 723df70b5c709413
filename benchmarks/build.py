"""100,000 short documents to a hub of one hop: memory of each process, CPU per document, bytes per record by step.

    python -m benchmarks.build [--documents 100000] [--workers 2]

The documents are sentences of real corpora (PERSONA_HUB_DATA), recombined with a fixed seed. The limit that the CPU is
held against is measured in the same run: the same documents through a pipeline that only reads and groups them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import orjson
from apache_beam.metrics import monitoring_infos
from apache_beam.runners.portability.fn_api_runner.fn_runner import RunnerResult

LIMIT_GB = 2.0


def sentences(data: Path) -> list[str]:
    """Real sentences in eight languages."""
    found = []
    for file in sorted(data.glob("web/multiling/*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            found += re.split(r"(?<=[.!?。！？।])\s*", orjson.loads(line)["text"])
    return [sentence for sentence in found if len(sentence) > 30]


def write_corpus(data: Path, file: Path, documents: int) -> None:
    """Documents of one to three sentences of one language (they lie together), about 400 bytes."""
    pool, draw = sentences(data), random.Random(7)
    with file.open("wb") as handle:
        for number in range(documents):
            at = draw.randrange(len(pool) - 40)
            text = " ".join(pool[at + draw.randrange(40)] for _ in range(draw.randint(1, 3)))
            handle.write(orjson.dumps({"id": f"d{number}", "text": text}) + b"\n")


def command(corpus: Path, output: Path, *flags: str) -> list[str]:
    """The build that is measured."""
    build = [
        "build",
        "--input",
        str(corpus),
        "--output",
        str(output),
        "--expand_hops",
        "1",
        "--use_case",
        "instruction",
    ]
    return [sys.executable, "-m", "persona_hub", *build, *flags]


def run(words: list[str]) -> tuple[float, float]:
    """(CPU seconds of a command and its children, GB of the largest of these processes)."""
    with tempfile.NamedTemporaryFile() as report:
        code = (
            "import json, resource, subprocess, sys\n"
            "subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)\n"
            "r = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
            "json.dump([r.ru_utime + r.ru_stime, r.ru_maxrss / 1e6], open(sys.argv[1], 'w'))"
        )
        subprocess.run([sys.executable, "-c", code, report.name, *words], check=True)
        cpu, peak = json.loads(Path(report.name).read_text())
    return cpu, peak


def shuffled_bytes(corpus: Path, output: Path) -> dict[str, int]:
    """Bytes that went through the shuffles of each step, from the runner's own samples."""
    import apache_beam as beam

    from persona_hub.pipelines.build import BuildJob
    from persona_hub.pipelines.cli.commands import JOB_BY_NAME
    from persona_hub.pipelines.cli.parser import read_options
    from persona_hub.pipelines.planning.plan import plan_build
    from persona_hub.pipelines.runners.run import beam_options, run_pipeline

    build_options, rest = read_options(JOB_BY_NAME["build"], command(corpus, output)[4:])
    kept: list[beam.Pipeline] = []

    def graph(pipeline: beam.Pipeline) -> None:
        kept.append(pipeline)
        BuildJob(plan_build(build_options), "FnApiRunner").build(pipeline)

    result = run_pipeline(graph, beam_options(rest))
    assert isinstance(result, RunnerResult)
    proto = kept[0].to_runner_api()
    sent: dict[str, int] = defaultdict(int)
    inputs = {
        pcollection: transform.unique_name
        for transform in proto.components.transforms.values()
        if transform.spec.urn == "beam:transform:group_by_key:v1"
        for pcollection in transform.inputs.values()
    }
    elements: dict[str, int] = {}
    sizes: dict[str, float] = {}
    for infos in result._monitoring_infos_by_stage.values():
        for info in infos:
            name = info.labels.get("PCOLLECTION", "")
            if info.urn == monitoring_infos.ELEMENT_COUNT_URN:
                elements[name] = max(elements.get(name, 0), monitoring_infos.extract_counter_value(info))
            elif info.urn == monitoring_infos.SAMPLED_BYTE_SIZE_URN:
                count, total, *_ = monitoring_infos.extract_distribution(info)
                sizes[name] = total / max(count, 1)
    for pcollection, name in inputs.items():
        sent[step_of(name)] += int(elements.get(pcollection, 0) * sizes.get(pcollection, 0))
    return sent


def step_of(name: str) -> str:
    """ "ExpandPersona/Hop 1" of the label of a shuffle inside it."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] in ("ExpandPersona", "WriteHub") else parts[0]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no_bytes", action="store_true", help="leave out the run that counts bytes")
    args = parser.parse_args()
    n = args.documents
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.jsonl"
        write_corpus(Path(os.environ["PERSONA_HUB_DATA"]), corpus, n)
        print(f"{n:,} documents of {corpus.stat().st_size / n:.0f} bytes")
        runs = {
            "in_memory": [],
            f"{args.workers} processes": [
                "--direct_running_mode=multi_processing",
                f"--direct_num_workers={args.workers}",
            ],
        }
        for name, flags in runs.items():
            cpu, peak = run(command(corpus, Path(folder) / name.replace(" ", "_"), *flags))
            print(
                f"{name:14} {cpu * 1e6 / n:8.0f} us of CPU a document   largest process {peak:.2f} GB, "
                f"{peak / LIMIT_GB:.2f} of the limit"
            )
        if not args.no_bytes:
            for step, size in shuffled_bytes(corpus, Path(folder) / "bytes").items():
                print(f"{step:28} {size / n:8.0f} bytes shuffled a document")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"(this process: {own:.2f} GB)")


if __name__ == "__main__":
    main()
