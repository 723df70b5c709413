"""Large hubs and runs of samples, in the hub's own format: made once, out of real texts and vectors.

Of a hub: words and attributes of the released personas, a fifth of the words changed, a name in a third of the texts;
vectors of 512 numbers, real ones with noise, so that they lie in clusters; chains of seven hops; six languages besides
English; 2,000 sites; a duplicate for each fifth persona.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson

from benchmarks.evaluation.material import data, released, vectors_512
from persona_hub.transforms.attributes import read_attributes
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.records import (
    Attributes,
    Duplicate,
    Member,
    Persona,
    Proof,
    Rejected,
    Sample,
    Vector,
    content_id,
)
from persona_hub.transforms.vectors.float16 import to_stored
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.hubs import write_samples

PART, SOME = 100_000, 5_000  # personas in a file of each table; whose noise is drawn at once
CHAIN, SITES, SPREAD = 7, 2_000, 0.5  # personas of a document; sites; the noise's norm by a vector's
CHANGED, NAMED, REPEATED, REFUSED = 0.2, 0.35, 5, 5
LANGUAGES = ("en",) * 14 + ("de", "fr", "es", "ja", "zh", "pt")
SYLLABLES = ("Ka", "ro", "mi", "ta", "ne", "lo", "vi", "sha", "dor", "ben", "el", "ar")
VERSION = "0001-aa"


class Made:
    """The rows of a made hub, each a function of its number."""

    def __init__(self, n: int) -> None:
        self.n, self.real = n, [row["input persona"] for row in released()]
        self.pool = [word for text in self.real for word in text.split()]
        self.said = [vars(read_attributes(text, "en")) for text in self.real]
        self.vectors = vectors_512().astype(np.float32)
        self.order = sorted(range(n), key=lambda i: content_id(f"{i}"))  # a table's files are sorted by id

    def persona(self, i: int) -> Persona:
        """A persona."""
        drawn, hop, document = random.Random(i), i % CHAIN, i // CHAIN
        text = self.varied(self.real[i % len(self.real)], drawn)
        if drawn.random() < NAMED:
            text += " in " + "".join(drawn.choices(SYLLABLES, k=3)).capitalize()
        source = f"https://site{int(SITES * random.Random(document).random() ** 3)}.example/{document}"
        return Persona(
            content_id(f"{i}"), text, "relation" if hop else "text", hop,
            content_id(f"{i - 1}") if hop else "", "read", content_id(f"document {document}"), source,
            LANGUAGES[document % len(LANGUAGES)], "made", "",
        )  # fmt: skip

    def varied(self, text: str, drawn: random.Random) -> str:
        """A text, some of its words changed."""
        return " ".join(drawn.choice(self.pool) if drawn.random() < CHANGED else word for word in text.split())

    def vectors_of(self, numbers: Sequence[int]) -> list[Vector]:
        """Real vectors, each with noise of its own."""
        base = self.vectors[np.array(numbers) * 7919 % len(self.vectors)]
        noise = np.random.default_rng(numbers[0]).standard_normal(base.shape, np.float32)
        stored = to_stored(base + SPREAD * noise / np.sqrt(base.shape[1]))
        return [Vector(content_id(f"{i}"), row.tobytes()) for i, row in zip(numbers, stored, strict=True)]

    def tables(self, numbers: Sequence[int]) -> Iterator[tuple[str, list[object]]]:
        """(table, its rows) of some numbers."""
        people = [self.persona(i) for i in numbers]
        yield "personas", list(people)
        yield (
            "duplicates",
            [
                Duplicate.of(
                    Persona(**{**vars(one), "persona_id": content_id(f"again {i}")}), one.persona_id, "text", 0.9
                )
                for i, one in zip(numbers, people, strict=True)
                if i % REPEATED == 0
            ],
        )
        yield (
            "attributes",
            [
                Attributes(one.persona_id, one.language, **self.said[i % len(self.real)], given="")
                for i, one in zip(numbers, people, strict=True)
            ],
        )
        leaves = [i * 7919 % len(self.vectors) for i in numbers]
        yield (
            "members",
            [
                Member(one.persona_id, f"{k % 12 + 1}.{k % 5 + 1}.{k % 7 + 1}")
                for one, k in zip(people, leaves, strict=True)
            ],
        )
        yield (
            "vectors",
            [one for at in range(0, len(numbers), 5000) for one in self.vectors_of(numbers[at : at + 5000])],
        )


def make_hub(folder: Path, n: int) -> None:
    """A hub of n personas."""
    made, part = Made(n), folder.with_name(f".{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    shards = [
        write_shard(str(part), f"hub/{VERSION}", f"{kind}-{at:05}", TABLES[kind], "avro", [Batch(rows)])
        for at in range(0, n, PART)
        for kind, rows in made.tables(made.order[at : at + PART])
    ]
    publish(str(part), Manifest(version=VERSION, fingerprint="aa", models={"embedder": "use"}), shards, {})
    part.rename(folder)


def make_samples(folder: Path, n: int, personas: int) -> None:
    """A run of n samples of a made hub, a fifth of them rejected."""
    made, part = Made(personas), folder.with_name(f".{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    asked = [orjson.loads(line)["question"] for line in data("math/gsm8k_test.jsonl").read_bytes().splitlines()]
    rows = []
    for k in range(n):
        one, drawn = made.persona(k * 31 % personas), random.Random(k)
        words = [
            drawn.choice(made.pool) if drawn.random() < CHANGED else word for word in asked[k % len(asked)].split()
        ]
        proof = Proof("program", "print(1)", "1", 1)
        text = " ".join(words)
        rows.append(Sample(one.persona_id, one.text, "math", text, "", "made", "p", k, 500, 300, "", proof))
    wrong = [Rejected.of(one, "program-disagreed", "3 where 4 is stated") for one in rows[::REFUSED]]
    write_samples(part, "math", rows, wrong)
    part.rename(folder)
