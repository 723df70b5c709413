"""A small hub for reports: personas that vary as they are told to, with all tables, and samples of one use case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from persona_hub.transforms.attributes import read_attributes
from persona_hub.transforms.embedding.hashing import DIMENSION, hashed
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
from tests.helpers import hubs

TRADES = ("nurse", "farmer", "lawyer", "miner", "judge", "baker", "pilot", "tailor", "teacher", "plumber")
PLACES = ("Norway", "Peru", "Japan", "Ghana", "Poland", "Kenya", "Chile", "India", "France", "Canada")
ENDS = (
    "keeps goats near the lake and sells the milk on Fridays",
    "repairs old radios for a museum of broadcasting in town",
    "writes letters to the council about the price of buses",
    "collects songs that grandmothers remember from weddings",
)
LANGUAGES = ("en", "en", "de", "fr")


def varied(number: int = 240) -> list[Persona]:
    """Personas of hop 0 and 1, of 60 documents on six sites, in three languages."""
    people: list[Persona] = []
    for i in range(number):
        text = f"A {TRADES[i % 10]} from {PLACES[i // 10 % 10]} who {ENDS[i // 7 % 4]}, case {i}"
        parent = people[i - 1].persona_id if i % 2 else ""
        source = f"https://site{i // 4 % 6}.example/{i // 4}"
        people.append(
            Persona(
                content_id(f"{i}"), text, "relation" if i % 2 else "text", i % 2, parent, "read", f"doc {i // 4}",
                source, LANGUAGES[i % 4], "made", "",
            )
        )  # fmt: skip
    return people


def vectors_of(texts: Sequence[str], numbers: int = DIMENSION) -> np.ndarray:
    return to_stored(hashed(texts, numbers))


def report_hub(folder: Path, files: int = 1) -> Path:
    """A hub of 240 personas with vectors, attributes, clusters, duplicates, in so many files each, and samples."""
    people = varied()
    stored = vectors_of([one.text for one in people])
    said = [vars(read_attributes(one.text, "en")) for one in people]
    hubs.write_personas(
        folder,
        people,
        embedder="hash",
        files=files,
        vectors=[Vector(one.persona_id, row.tobytes()) for one, row in zip(people, stored, strict=True)],
        attributes=[
            Attributes(one.persona_id, one.language, **told, given="") for one, told in zip(people, said, strict=True)
        ],
        members=[Member(one.persona_id, f"{i % 3 + 1}.{i % 2 + 1}") for i, one in enumerate(people)],
        duplicates=[Duplicate.of(people[i], people[0].persona_id, "text", 0.95) for i in (1, 2, 4)],
    )
    proof = Proof("program", "", "", 1)
    kept = [
        Sample(
            one.persona_id, one.text, "math", f"{one.text} counts {n} coins. How many?", "", "made", "p", n, 5, 7, "",
            proof,
        )
        for one in people[:60]
        for n in range(2)
    ]  # fmt: skip
    wrong = [Rejected.of(one, "program-disagreed", "3 where 4 is stated") for one in kept[:8]]
    return hubs.write_samples(folder, "math", kept, wrong)
