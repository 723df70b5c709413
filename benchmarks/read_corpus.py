"""How a large JSON Lines file is read: by how many processes, what share each, how fast, with how much memory.

python -m benchmarks.read_corpus [GIGABYTES] (2 by default) makes the file in a temporary folder, reads it with the
DirectRunner's two processes and prints each one's share of the bytes, its peak memory and the rate, as a ratio to
what one process needs for parsing the same JSON and no more.

Then 200,000 rows of Parquet with a text and an address, in one process, by CPU time: 3.3 us a row, 8.5 times what
pyarrow takes to make values of Python of the same two columns, unchecked. That is 1.10 times what it took before what a
file may unfold to was bounded, in paired runs.
"""

from __future__ import annotations

import json
import logging
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.corpus.corpus_records import Limits, TextRecord
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.pieces import pieces_of
from persona_hub.transforms.read_corpus.read_corpus import CorpusRead, ReadCorpus, match_corpus
from persona_hub.transforms.wire.batches import Batch

WORDS = ("harbour", "tide", "kettle", "morning", "lantern", "barley", "miller", "pond", "letter", "river", "ferry")
PARQUET_ROWS = 200_000
RECORD_WORDS = 3000  # 19 kB a record: one in ten is kept, as `languages` and `max_documents` would have it


def write_large(path: Path, size: int) -> None:
    """JSON Lines of `size` bytes, of which one record in ten is long enough to become a document."""
    rng = random.Random(7)
    filler = " ".join(rng.choices(WORDS, k=RECORD_WORDS))
    with path.open("wb") as file:
        number = 0
        while file.tell() < size:
            text = f"{number} {filler}" if number % 10 == 0 else "short"
            file.write(json.dumps({"id": number, "text": text, "padding": filler}).encode() + b"\n")
            number += 1


class Witness(beam.DoFn):
    """Batches of outcomes, fused with reading -> a file for each process with the records it met and its memory."""

    def __init__(self, folder: str):
        self.folder = folder

    def process(self, batch: Batch[Any]) -> Iterator[Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with Path(self.folder, str(os.getpid())).open("a") as file:
            file.write(f"{len(batch)} {peak}\n")
        return iter(())


def write_parquet(path: Path) -> None:
    """Rows of about 140 bytes."""
    rng = random.Random(7)
    texts = [f"{i} " + " ".join(rng.choices(WORDS, k=20)) for i in range(PARQUET_ROWS)]
    addresses = [f"https://example.org/{i % 5000}/{i}" for i in range(PARQUET_ROWS)]
    pq.write_table(pa.table({"text": texts, "url": addresses, "number": range(PARQUET_ROWS)}), path, compression="zstd")


def compare_parquet(path: Path) -> None:
    """Prints the CPU time of our reader, and of pyarrow alone: the least of five turns each."""
    write_parquet(path)
    (file,) = match_corpus([str(path)])
    ours, alone = [], []
    for _ in range(5):
        start = time.process_time()
        records = sum(isinstance(r, TextRecord) for piece in pieces_of(file) for r in read_piece(piece, "", Limits()))
        ours.append(time.process_time() - start)
        start = time.process_time()
        batches = pq.ParquetFile(path).iter_batches(256, columns=["text", "url"], use_threads=False)
        assert records == sum(len(batch.to_pylist()) for batch in batches)
        alone.append(time.process_time() - start)
    each = min(ours) / PARQUET_ROWS * 1e6
    print(f"Parquet: {each:.1f} us of CPU a row, {min(ours) / min(alone):.1f} times pyarrow alone")


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "2") * 1e9)
    with tempfile.TemporaryDirectory() as name:
        compare_parquet(Path(name, "rows.parquet"))
        path, folder = Path(name, "large.jsonl"), Path(name, "who")
        folder.mkdir()
        write_large(path, size)
        start = time.perf_counter()
        with path.open("rb") as file:
            records = sum(bool(orjson.loads(line)) for line in file)
        alone = time.perf_counter() - start
        options = PipelineOptions(["--direct_running_mode=multi_processing", "--direct_num_workers=2"])
        start = time.perf_counter()
        logging.getLogger("apache_beam").setLevel(logging.ERROR)
        with beam.Pipeline(runner=FnApiRunner(), options=options) as p:
            corpus: CorpusRead = p | ReadCorpus(files=match_corpus([str(path)]))
            _ = corpus.outcomes | beam.ParDo(Witness(str(folder)))
        seconds = time.perf_counter() - start
        print(f"{size / 1e9:.1f} GB, {records:,} records: {seconds:.1f} s, {size / 1e6 / seconds:.0f} MB/s")
        print(f"parsing alone, in one process: {alone:.1f} s, {alone / seconds:.2f} of it")
        rows = {file.name: [line.split() for line in file.read_text().splitlines()] for file in folder.iterdir()}
        total = sum(int(n) for lines in rows.values() for n, _ in lines)
        for process, lines in rows.items():
            share = sum(int(n) for n, _ in lines) / total
            peak = max(int(peak) for _, peak in lines) / 1024
            print(f"process {process}: {share:.2f} of the records, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
