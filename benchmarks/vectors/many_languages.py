"""`--across_languages` on many real texts: which links cells find of all there are, and what the comparison costs.

    python -m benchmarks.vectors.many_languages --data DATA --use FILE.npy [--rows 100000]

Texts and their vectors are those of `benchmarks.vectors.real_texts`, their languages detected: parallel paragraphs and
word problems are in up to seven of them. CPU is that of the comparison by meaning with and without the one across
languages, each on the FnApiRunner in one process, on one thread of linear algebra.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import apache_beam as beam  # noqa: E402
import numpy as np  # noqa: E402
from apache_beam.runners.portability.fn_api_runner import FnApiRunner  # noqa: E402

from benchmarks.embed_dedup import ranks_for, read_block  # noqa: E402
from benchmarks.vectors.real_texts import real_texts, use_vectors  # noqa: E402
from persona_hub.pipelines.planning.sizing import blocks_for  # noqa: E402
from persona_hub.pipelines.runners.memory import return_freed_memory  # noqa: E402
from persona_hub.transforms.corpus.language import quick_language  # noqa: E402
from persona_hub.transforms.embed_dedup.across_languages import (  # noqa: E402
    DuplicatesAcrossLanguages,
    RowsOfLanguages,
    spoken_code,
)
from persona_hub.transforms.embed_dedup.near_duplicates import NearDuplicates  # noqa: E402
from persona_hub.transforms.embedding.across_languages import across_languages  # noqa: E402
from persona_hub.transforms.similarity.ranks import blocks_of  # noqa: E402
from persona_hub.transforms.similarity.representatives import decide  # noqa: E402
from persona_hub.transforms.vectors.across_languages import LANGUAGE_TYPE, all_pairs_across, links  # noqa: E402
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays  # noqa: E402
from persona_hub.transforms.wire.spill import spilling  # noqa: E402

MEANING = 0.95
TURNS = 3


def codes_of_block(block: int, codes: Any, blocks: int) -> Any:
    """(block, ranks and languages) of what has a language."""
    ranks = ranks_for(len(codes))
    mine = np.flatnonzero((blocks_of(ranks, blocks) == block) & (codes != b""))
    yield block, pack_arrays(ranks[mine], codes[mine])


def decided(file: Path, codes: Any, across: bool) -> tuple[float, Any, Any]:
    """(us of CPU a row, ranks dropped by meaning, ranks dropped for one of another language)."""
    blocks, config = blocks_for(len(codes)), across_languages("use")
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        with spilling(), beam.Pipeline(runner=FnApiRunner()) as pipeline:
            numbers = pipeline | beam.Create(range(blocks), reshuffle=False)
            vectors = numbers | "Read" >> beam.FlatMap(read_block, str(file), blocks, 0).with_output_types(KeyedArrays)
            spoken = numbers | "Codes" >> beam.FlatMap(codes_of_block, codes, blocks).with_output_types(KeyedArrays)
            no_tables = pipeline | "NoTables" >> beam.Create([], reshuffle=False)
            found = (vectors, no_tables) | NearDuplicates(threshold=MEANING, blocks=blocks)
            kinds = {"meaning": found.decisions}
            if across:
                compared = RowsOfLanguages(vectors, spoken, found)
                kinds = (compared | DuplicatesAcrossLanguages(across=config, blocks=blocks))._asdict()
            for kind, decisions in kinds.items():
                _ = decisions | kind >> beam.Map(save, folder, kind)
        spent = (time.process_time() - start) * 1e6 / len(codes)
        return spent, *(dropped(folder, kind) for kind in ("meaning", "across"))


def save(element: KeyedArrays, folder: str, kind: str) -> None:
    """A file for each pack of decisions: the ranks of the dropped."""
    ranks, *_ = unpack_arrays(element[1])
    np.save(Path(folder, f"{kind}-{ranks[0]}.npy"), ranks)


def dropped(folder: str, kind: str) -> Any:
    """The ranks of all that are dropped."""
    packs = [np.load(file) for file in Path(folder).glob(f"{kind}-*")]
    return np.concatenate([np.empty(0, np.uint64), *packs])


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--use", type=Path, required=True, metavar="FILE")
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()

    texts, vectors = real_texts(options.data, options.rows), use_vectors(options.data, options.use, options.rows)
    config = across_languages("use")
    codes = np.array([spoken_code(text, quick_language(text), config) for text in texts], LANGUAGE_TYPE)
    print(f"{len(texts):,} texts: {dict(Counter(codes.tolist()).most_common())}", flush=True)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:  # what Beam loads at its first run is not counted
        _ = pipeline | beam.Create([0]) | beam.Map(lambda x: (x, x)) | beam.GroupByKey()
    return_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "vectors.npy")
        np.save(file, vectors)
        for _ in range(TURNS):
            without, _, _ = decided(file, codes, across=False)
            spent, by_meaning, by_language = decided(file, codes, across=True)
            print(f"{spent:.1f} us a row, {without:.1f} without the comparison across languages", flush=True)
    ranks = ranks_for(len(texts))
    gone = np.concatenate([by_meaning, by_language])
    print(f"{len(by_meaning):,} dropped by meaning, {len(by_language):,} across languages")
    left = np.flatnonzero(~np.isin(ranks, by_meaning) & (codes != b""))
    exact = links(
        config.thresholds.reached(all_pairs_across(ranks[left], vectors[left], codes[left], config.thresholds.lowest))
    )
    truth = decide(exact).dropped
    share = np.isin(truth, gone).mean()
    print(f"all pairs: {len(exact.first):,} links, {len(truth):,} dropped for them; of these cells drop {share:.4f}")


if __name__ == "__main__":
    main()
