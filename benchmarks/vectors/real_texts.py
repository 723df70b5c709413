"""Real short texts, and their vectors by the embedder `use`: what benchmarks of many rows are fed with.

    python -m benchmarks.vectors.real_texts --data DATA [--rows 100000] --cache FILE.npy

DATA is the folder with personas/, math/, web/, instructions/ and reference/. FILE.npy is written unless it is there:
float16 of unit length, shape (rows, 512), in the order of `real_texts`. 0.35 to 0.45 ms of CPU a row.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from benchmarks.embedding_use import CALL, real_personas  # noqa: E402
from benchmarks.planted_pairs import word_problems  # noqa: E402

PARALLEL = ("ar", "de", "en", "es", "ru", "th", "zh")  # of the paragraphs; those in Hindi are for another embedder
SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")
LETTERS = re.compile(r"[^\W\d_]")
SHORTEST, LONGEST = 12, 400  # characters of a text


def rows_of(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON Lines, compressed or not."""
    with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def paragraphs(data: Path, language: str) -> list[str]:
    """240 paragraphs of Wikipedia, the same in each language of PARALLEL and in Hindi."""
    return [row["text"] for row in rows_of(data / "web" / "multiling" / f"xquad_contexts.{language}.jsonl.gz")]


def personas(data: Path) -> Iterator[str]:
    """Personas of PersonaHub, profiles of PersonaChat as one text each, and their sentences."""
    yield from real_personas(data)
    profiles = [row["persona"] for row in rows_of(data / "personas" / "personachat_profiles_paml.jsonl")]
    with gzip.open(data / "personas" / "synthetic_persona_chat_valid.csv.gz", "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    profiles += [row[side].split("\n") for row in rows for side in ("user 1 personas", "user 2 personas")]
    yield from (". ".join(profile) for profile in profiles)
    yield from (sentence for profile in profiles for sentence in profile)
    for row in rows:
        yield from (line.partition(": ")[2] for line in row["Best Generated Conversation"].split("\n"))


def tables(data: Path) -> Iterator[str]:
    """Cells of tables that hold prose."""
    import pyarrow.parquet as pq

    for file in sorted((data / "web" / "parquet").glob("*.parquet")):
        table = pq.read_table(file)
        for column in ("text", "contents"):
            if column in table.column_names:
                yield from (cell.as_py() or "" for cell in table[column])
    for file in sorted((data / "web" / "jsonl").glob("*.jsonl")):
        yield from (row["text"] for row in rows_of(file))
    for file in sorted((data / "instructions").glob("*.jsonl")):
        for row in rows_of(file):
            yield row["instruction"]
            yield from (instance["output"] for instance in row["instances"])
    for row in rows_of(data / "math" / "gsm8k_test.jsonl"):
        yield from (row["question"], row["answer"])
    yield (data / "web" / "text" / "tinytroupe_meditations_gutenberg.txt").read_text("utf-8").replace("\n", " ")
    with (data / "reference" / "onet_occupation_data.csv").open(encoding="utf-8") as lines:
        yield from (row["Description"] for row in csv.DictReader(lines))


def job_titles(data: Path) -> Iterator[str]:
    """O*NET's alternate titles of occupations."""
    with gzip.open(data / "reference" / "onet_alternate_titles.txt.gz", "rt", encoding="utf-8") as lines:
        yield from (line.split("\t")[1] for line in lines)


def real_texts(data: Path, rows: int = 100_000, seed: int = 0) -> list[str]:
    """At most `rows` different texts, shuffled: personas first, then sentences of all else, then titles of jobs."""
    prose = [text for language in PARALLEL for text in paragraphs(data, language)]
    prose += [text for language in ("de", "en", "es", "ja", "zh") for text in word_problems(data, language)]
    prose += tables(data)
    sentences = (" ".join(part.split()) for text in prose for part in SENTENCE.split(text))
    found: dict[str, None] = {}
    for text in (*personas(data), *sentences, *job_titles(data)):
        if SHORTEST <= len(text) <= LONGEST and 2 * len(LETTERS.findall(text)) > len(text):
            found.setdefault(text.strip())
    texts = list(found)[:rows]
    random.Random(seed).shuffle(texts)
    return texts


def use_vectors(data: Path, cache: Path, rows: int = 100_000) -> Any:
    """Vectors of `real_texts` by `use`, as they are stored; read from `cache` if that is there, else written to it."""
    from persona_hub.transforms.embedding.protocol import EmbedderConfig
    from persona_hub.transforms.embedding.registry import open_embedder
    from persona_hub.transforms.vectors.float16 import to_stored

    if not cache.exists():
        texts, encoder = real_texts(data, rows), open_embedder(EmbedderConfig("use"))
        calls = (texts[start : start + CALL] for start in range(0, len(texts), CALL))
        vectors = np.concatenate([to_stored(encoder.embed(call)) for call in calls])
        written = cache.with_suffix(".part.npy")
        np.save(written, vectors)
        written.rename(cache)
    vectors = np.load(cache)
    if len(vectors) < rows:
        raise SystemExit(f"--cache {cache}: holds {len(vectors)} vectors, and {rows} are asked for; name another file")
    return vectors[:rows]


def main() -> None:
    """Writes the file, or says that it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    vectors = use_vectors(options.data, options.cache, options.rows)
    print(f"{options.cache}: {len(vectors)} vectors of {vectors.shape[1]} numbers")


if __name__ == "__main__":
    main()
