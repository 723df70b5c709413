"""Near-duplicates of meaning: recall against exact all pairs, CPU against faiss and hnswlib, growth, memory.

    python -m benchmarks.embed_dedup --data DATA [--rows 100000] [--peers PYTHON] [--growth] [--memory] [--processes 2]
    python -m benchmarks.embed_dedup --data DATA --use FILE.npy [--rows 100000] [--peers PYTHON]

DATA is the folder with vectors/minilm_personas_50k.npy. PYTHON is an interpreter with requirements-bench.in installed.
With --use rows are vectors of real texts by `use`, none planted, kept in FILE.npy (`benchmarks.vectors.real_texts`).
CPU is the whole process's, the runner included, on one thread of linear algebra; each run has a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from benchmarks.vectors.real_texts import use_vectors  # noqa: E402

NEW = np.uint64(1 << 63)
TARGETS = {0.9: 0.99, 0.8: 0.97, 0.7: 0.95}  # share of what exact all pairs drop
USE_TARGETS = dict.fromkeys((0.97, 0.965, 0.95, 0.93, 0.9), 0.97)  # of vectors by `use`, whose thresholds lie higher
NEIGHBOURS = 20  # of a query to a peer
PEERS = [("run_faiss", probes) for probes in (4, 6, 8, 12)] + [("run_hnsw", 32)]
USE_PEERS = [("run_faiss", probes) for probes in (1, 2, 3, 4)] + [("run_hnsw", 32)]


def planted(data: Path, rows: int, seed: int = 0, parts: int = 2) -> Any:
    """Sentence vectors, shuffled: one row in `parts` is real, the others have a cosine of 0.45 to 1.0 to one of those.

    Half of those drift towards another real vector, as real near-duplicates do, half in any direction.
    """
    rng = np.random.default_rng(seed)
    real = np.load(data / "vectors" / "minilm_personas_50k.npy").astype(np.float32)
    real = real[: rows // parts]
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    count = rows - len(real)
    source = real[rng.integers(0, len(real), count)]
    cosine = rng.uniform(0.45, 1.0, (count, 1)).astype(np.float32)
    away = rng.standard_normal(source.shape, dtype=np.float32)
    towards = rng.random(count) < 0.5
    away[towards] = real[rng.integers(0, len(real), towards.sum())]
    away -= (away * source).sum(1, keepdims=True) * source
    away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-9
    all_rows = np.concatenate([real, cosine * source + np.sqrt(1 - cosine**2) * away])
    return (all_rows / np.linalg.norm(all_rows, axis=1, keepdims=True))[rng.permutation(rows)].astype(np.float16)


def ranks_for(rows: int) -> Any:
    """Ascending ranks, even over the blocks."""
    return (np.arange(rows, dtype=np.uint64) * np.uint64((1 << 60) // rows)) | NEW


def pairs_over(vectors: Any, threshold: float) -> tuple[Any, Any, Any]:
    """Every pair (earlier, later, cosine) of at least `threshold`: brute force."""
    single = vectors.astype(np.float32)
    found = []
    for start in range(0, len(single), 2000):
        products = single[start : start + 2000] @ single[: start + 2000].T
        products[:, start:] = np.tril(products[:, start:], -1)
        later, earlier = np.nonzero(products >= threshold)
        found.append((earlier, later + start, products[later, earlier]))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))  # type: ignore[return-value]


def dropped_by(rows: int, earlier: Any, later: Any, cosine: Any, threshold: float) -> Any:
    """Which rows are dropped, given the pairs that were found."""
    from persona_hub.transforms.similarity.edges import Edges
    from persona_hub.transforms.similarity.representatives import decide

    near = cosine >= threshold
    ranks = ranks_for(rows)
    return np.isin(ranks, decide(Edges(ranks[earlier[near]], ranks[later[near]], cosine[near])).dropped)


def recall(found: Any, truth: Any) -> float:
    """Share of the rows that truly are dropped, that were dropped."""
    return float((found & truth).sum() / truth.sum())


# One run of ours or of a peer, each in a process of its own: prints one line of JSON.


def run_ours(vectors_file: str, out: str, threshold: float, processes: int, blocks: int, seed: int) -> None:
    """The transform on the FnApiRunner, fed with vectors."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    from benchmarks.embed_dedup import read_block
    from persona_hub.pipelines.runners.memory import return_freed_memory
    from persona_hub.transforms.embed_dedup.near_duplicates import NearDuplicates
    from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays
    from persona_hub.transforms.wire.spill import spilling

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:  # as imports, what Beam loads at its first run is not counted
        _ = pipeline | beam.Create([0]) | beam.Map(lambda x: (x, x)) | beam.GroupByKey()
    mode = ["--direct_running_mode=multi_processing", f"--direct_num_workers={processes}"] if processes > 1 else []
    return_freed_memory()  # as jobs do (`persona_hub.pipelines.runners.run`)
    start = time.process_time()
    with spilling(), beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(mode)) as pipeline:
        vectors = (
            pipeline
            | beam.Create(list(range(blocks)), reshuffle=processes > 1)
            | "Read" >> beam.FlatMap(read_block, vectors_file, blocks, seed).with_output_types(KeyedArrays)
        )
        no_centroids = pipeline | "NoCentroids" >> beam.Create([])
        found = (vectors, no_centroids) | NearDuplicates(threshold=threshold, blocks=blocks)
        _ = found.decisions | "Save" >> beam.MapTuple(
            lambda block, packed: np.save(Path(out, f"{block}.npy"), unpack_arrays(packed)[0])
        )
    rows = len(np.load(vectors_file, mmap_mode="r"))
    dropped = np.concatenate([np.load(file) for file in Path(out).iterdir()])
    report(start, rows, dropped=np.flatnonzero(np.isin(ranks_for(rows), dropped)).tolist())


def read_block(block: int, vectors_file: str, blocks: int, seed: int) -> Any:
    """The rows of one block, in elements of 2,000; `seed` shuffles them."""
    from persona_hub.transforms.similarity.ranks import blocks_of
    from persona_hub.transforms.wire.packing import pack_arrays

    file = np.load(vectors_file, mmap_mode="r")
    ranks = ranks_for(len(file))
    mine = np.flatnonzero(blocks_of(ranks, blocks) == block)
    # Read and not mapped: pages of a mapped file would count as memory of the process.
    vectors = np.fromfile(
        vectors_file, file.dtype, len(mine) * file.shape[1], offset=file.offset + mine[0] * file[0].nbytes
    ).reshape(len(mine), -1)
    ranks = ranks[mine]
    order = np.random.default_rng(seed).permutation(len(mine)) if seed else np.arange(len(mine))
    for start in range(0, len(mine), 2000):
        rows = order[start : start + 2000]
        yield block, pack_arrays(ranks[rows], vectors[rows])


def run_exact(vectors_file: str, threshold: float) -> None:
    """Brute force in float32."""
    vectors = np.load(vectors_file)
    start = time.process_time()
    found = dropped_by(len(vectors), *pairs_over(vectors, threshold), threshold)
    report(start, len(vectors), dropped=np.flatnonzero(found).tolist())


def run_faiss(vectors_file: str, thresholds: list[float], probes: int) -> None:
    """faiss IVF, 1,000 lists, on one thread."""
    import faiss

    faiss.omp_set_num_threads(1)
    vectors = np.load(vectors_file).astype(np.float32)
    start = time.process_time()
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], 1000, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[:40_000])
    index.add(vectors)
    index.nprobe = probes
    cosine, ids = index.search(vectors, NEIGHBOURS)
    report_peer(start, thresholds, cosine, ids)


def run_hnsw(vectors_file: str, thresholds: list[float], effort: int) -> None:
    """hnswlib, M=16, ef_construction=64, on one thread."""
    import hnswlib

    vectors = np.load(vectors_file).astype(np.float32)
    start = time.process_time()
    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), M=16, ef_construction=64)
    index.add_items(vectors, num_threads=1)
    index.set_ef(effort)
    ids, distance = index.knn_query(vectors, k=NEIGHBOURS, num_threads=1)
    report_peer(start, thresholds, 1 - distance, ids.astype(np.int64))


def report_peer(start: float, thresholds: list[float], cosine: Any, ids: Any) -> None:
    """What a peer's neighbours would drop; choosing representatives is not on its bill."""
    spent = time.process_time() - start
    row = np.repeat(np.arange(len(ids)), ids.shape[1])
    other, near = ids.ravel(), cosine.ravel()
    real = (other >= 0) & (other != row)
    row, other, near = row[real], other[real], near[real]
    pairs = np.minimum(row, other), np.maximum(row, other), near
    dropped = {t: np.flatnonzero(dropped_by(len(ids), *pairs, t)).tolist() for t in thresholds}
    report(time.process_time() - spent, len(ids), dropped_at=dropped)


def report(start: float, rows: int, **more: Any) -> None:
    """CPU in microseconds a row, and peak memory in bytes; of children too."""
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    status = Path("/proc/self/status").read_text()  # ru_maxrss of a child begins with its parent's
    own = int(status.split("VmHWM:")[1].split()[0])
    spent = time.process_time() - start + children.ru_utime + children.ru_stime
    peak = max(own, children.ru_maxrss) * 1024
    print(json.dumps({"cpu": spent * 1e6 / rows, "peak": peak} | more))


def measure(python: str, function: str, *arguments: Any) -> dict[str, Any]:
    """Runs `function` of this file in a process of its own."""
    call = f"from benchmarks import embed_dedup as b; b.{function}(*{arguments!r})"
    done = subprocess.run([python, "-c", call], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(vectors: Any, targets: dict[float, float], peers: Any, python: str, processes: int) -> None:
    """Recall at each threshold, and CPU beside the peers'."""
    rows = len(vectors)
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/vectors.npy"
        np.save(file, vectors)
        pairs = pairs_over(vectors, min(targets))
        truth = {threshold: dropped_by(rows, *pairs, threshold) for threshold in targets}
        cost, reached = {}, {}
        for threshold, aim in targets.items():
            ours = ours_on(file, threshold, processes)
            cost[threshold], reached[threshold] = ours["cpu"], recall(mask(ours["dropped"], rows), truth[threshold])
            figures = (
                f"recall {reached[threshold]:.4f} of {truth[threshold].sum():,} (aim {aim}), {ours['cpu']:.1f} us a row"
            )
            print(f"ours at {threshold}: {figures}, peak {ours['peak'] >> 20} MB", flush=True)
        for function, effort in peers if python else ():
            peer = measure(python, function, file, list(targets), effort)
            for threshold in targets:
                share = recall(mask(peer["dropped_at"][str(threshold)], rows), truth[threshold])
                beside = "at least ours" if share >= reached[threshold] else "less than ours"
                figures = f"recall {share:.4f} ({beside}), {peer['cpu']:.1f} us a row"
                ratio = f"ours is {cost[threshold] / peer['cpu']:.2f} of it"
                print(f"{function} {effort} at {threshold}: {figures}, {ratio}", flush=True)


def ours_on(file: str, threshold: float, processes: int = 1, seed: int = 0) -> dict[str, Any]:
    """One run of ours, cut into as many blocks as the product takes."""
    from persona_hub.pipelines.planning.sizing import blocks_for  # peers' environment has less than it needs

    blocks = blocks_for(len(np.load(file, mmap_mode="r")))
    with tempfile.TemporaryDirectory() as out:
        return measure(sys.executable, "run_ours", file, out, threshold, processes, blocks, seed)


def mask(dropped: list[int], rows: int) -> Any:
    """Row numbers as a mask."""
    return np.isin(np.arange(rows), dropped)


def growth(data: Path) -> None:
    """CPU a row at 50, 100 and 200 thousand rows.

    Half of the rows are real, or all 50,000 that there are: then a row of the larger set has more near-duplicates. With
    a quarter of them real it has as many.
    """
    with tempfile.TemporaryDirectory() as folder:
        for parts, density in ((2, "more near-duplicates"), (4, "as many near-duplicates")):
            for threshold in TARGETS:
                cost = {}
                for rows in (50_000, 100_000, 200_000):
                    np.save(f"{folder}/vectors.npy", planted(data, rows, parts=parts))
                    ours = ours_on(f"{folder}/vectors.npy", threshold)
                    cost[rows], dropped = ours["cpu"], len(ours["dropped"]) / rows
                    figures = f"{ours['cpu']:.1f} us a row, {ours['peak'] >> 20} MB, {dropped:.2f} dropped"
                    print(f"{density}, {threshold}: {rows:,} rows {figures}", flush=True)
                grown = cost[200_000] / cost[50_000]
                print(f"{density}, {threshold}: 50,000 to 200,000 rows: {grown:.2f} x linear", flush=True)


def memory(data: Path, rows: int, processes: int) -> None:
    """The peak of the largest process."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/vectors.npy", planted(data, rows))
        for threshold in TARGETS:
            ours = ours_on(f"{folder}/vectors.npy", threshold, processes)
            figures = f"{ours['peak'] >> 20} MB a process at most, {ours['cpu']:.1f} us a row"
            print(f"{rows:,} rows at {threshold}, {processes} processes: {figures}", flush=True)


def main() -> None:
    """Prints a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("PERSONA_HUB_DATA"))
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--peers", default="", help="interpreter with faiss and hnswlib")
    parser.add_argument("--use", type=Path, metavar="FILE", help="vectors by `use`, written if they are not there")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    if arguments.growth:
        growth(arguments.data)
    elif arguments.memory:
        memory(arguments.data, arguments.rows, arguments.processes)
    elif arguments.use:
        vectors = use_vectors(arguments.data, arguments.use, arguments.rows)
        compare(vectors, USE_TARGETS, USE_PEERS, arguments.peers, arguments.processes)
    else:
        vectors = planted(arguments.data, arguments.rows)
        compare(vectors, TARGETS, PEERS, arguments.peers, arguments.processes)


if __name__ == "__main__":
    main()
