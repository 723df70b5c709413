"""Lineage: where a row of a data set comes from, from the corpus to the call, in one column."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import pyarrow as pa

from persona_hub.transforms.records import Proof, Sample

LINEAGE = "lineage"  # name of the column
USAGE = pa.struct([("input_tokens", pa.int64()), ("output_tokens", pa.int64())])
PROOF = pa.struct([("kind", pa.string()), ("program", pa.string()), ("output", pa.string()), ("agreed", pa.int64())])
LINEAGE_TYPE = pa.struct(
    [
        ("persona_id", pa.string()),
        ("persona", pa.string()),
        ("language", pa.string()),
        ("cluster", pa.string()),
        ("hop", pa.int64()),
        ("document_id", pa.string()),
        ("source", pa.string()),
        ("run", pa.string()),
        ("number", pa.int64()),
        ("prompt_hash", pa.string()),
        ("model", pa.string()),
        ("parameters", pa.string()),
        ("usage", USAGE),
        ("proof", PROOF),
    ]
)


class PersonaFacts(NamedTuple):
    """What a hub knows of a persona beyond a sample of it; None where it does not know the persona."""

    hop: int | None = None
    document_id: str | None = None
    source: str | None = None
    language: str | None = None
    cluster: str | None = None  # path of the leaf, None where the persona has no vector


NO_FACTS = PersonaFacts()


class FactTable:
    """{persona_id: PersonaFacts} in a temporary file: a million personas take 0.3 GB of disk, and no memory."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._db = sqlite3.connect(Path(self._folder.name, "facts.db"), isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(
            "CREATE TABLE facts (persona_id TEXT PRIMARY KEY, hop, document_id, source, language, cluster) "
            "WITHOUT ROWID"
        )

    def add(self, facts: Iterable[tuple[str, PersonaFacts]]) -> None:
        """Notes what is known of some personas."""
        self._db.execute("BEGIN")
        rows = ((persona_id, *known) for persona_id, known in facts)
        self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def of(self, persona_id: str) -> PersonaFacts:
        """What is known of a persona."""
        row = self._db.execute(
            "SELECT hop, document_id, source, language, cluster FROM facts WHERE persona_id = ?", (persona_id,)
        ).fetchone()
        return PersonaFacts(*row) if row else NO_FACTS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._folder.cleanup()


@dataclass(frozen=True)
class RunFacts:
    """What is known of the run that made a sample."""

    run: str
    parameters: str  # JSON object of the settings that decided what the model was asked and how it answered

    @classmethod
    def of(cls, run: str, parameters: Mapping[str, Any]) -> Self:
        """Of a run's name and settings."""
        return cls(run, json.dumps(dict(sorted(parameters.items())), ensure_ascii=False))


def lineage_of(sample: Sample, run: RunFacts, facts: PersonaFacts) -> dict[str, Any]:
    """The value of the column of a sample, as LINEAGE_TYPE has it."""
    return {
        "persona_id": sample.persona_id,
        "persona": sample.persona,
        "language": facts.language,
        "cluster": facts.cluster,
        "hop": facts.hop,
        "document_id": facts.document_id,
        "source": facts.source,
        "run": run.run,
        "number": sample.number,
        "prompt_hash": sample.prompt_hash,
        "model": sample.model,
        "parameters": run.parameters,
        "usage": {"input_tokens": sample.input_tokens, "output_tokens": sample.output_tokens},
        "proof": proof_row(sample.proof),
    }


def proof_row(proof: Proof) -> dict[str, Any] | None:
    """A proof as a row has it, None where there is none."""
    return dict(vars(proof)) if proof.kind else None
