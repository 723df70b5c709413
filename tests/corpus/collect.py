"""Runs ReadCorpus on one worker of this process and hands back what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.read_corpus.read_corpus import ReadCorpus, match_corpus
from persona_hub.transforms.records import DeadLetter, Document, DocumentOutcome

# A function of a module is pickled by its name and the worker is a thread, so what it appends is seen here.
_out: dict[str, list[Any]] = {}


class Collected(NamedTuple):
    documents: list[Document]
    outcomes: list[DocumentOutcome]
    dead_letters: list[DeadLetter]


def _collect(batch: list[Any], name: str) -> None:
    _out[name].extend(batch)


def read(*patterns: Path | str, format: str = "auto", **flags: Any) -> Collected:
    """Documents, outcomes and dead letters of a corpus, each sorted by file and place."""
    _out.update({name: [] for name in Collected._fields})
    files = match_corpus([str(pattern) for pattern in patterns], format)
    with beam.Pipeline(runner=FnApiRunner()) as p:
        corpus = p | ReadCorpus(files=files, **flags)
        for name in Collected._fields:
            _ = getattr(corpus, name) | name >> beam.Map(_collect, name)
    for name in ("documents", "outcomes"):
        _out[name].sort(key=lambda record: (record.file, record.place))
    _out["dead_letters"].sort(key=lambda letter: letter.detail)
    return Collected(**_out)
