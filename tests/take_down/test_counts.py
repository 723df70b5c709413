"""What a takedown counts, on a hub that is written without a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.counting.stages import TAKE_DOWN
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.records import DocumentOutcome, Persona, Provenance
from persona_hub.transforms.take_down.take_down import TakeDown
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.collecting import Collect, collected

A, B, C = ("a" * 32, "b" * 32, "c" * 32)  # documents
P, X, Q, R, Y = (f"{n:032x}" for n in range(1, 6))
# (persona, document, parent): P is of A and B, R of B and C, Q of B alone; X and Y are close to P and R
WAYS = [(P, A, ""), (P, B, ""), (X, A, P), (Q, B, ""), (R, C, ""), (R, B, ""), (Y, C, R), (Y, B, Q)]
KEPT = [(P, A, ""), (X, A, P), (Q, B, ""), (R, C, ""), (Y, C, R)]


def hub(folder: Path) -> Hub:
    rows: dict[str, list[Any]] = {
        "documents": [DocumentOutcome(one, one[0], "f", "line 1", "document", "en", 9) for one in (A, B, C)],
        "personas": [
            Persona(one, one, "text", int(parent != ""), parent, "read", document, document[0], "en", "m", "")
            for one, document, parent in KEPT
        ],
        "provenance": [
            Provenance(one, document, document[0], parent, "read", int(parent != "")) for one, document, parent in WAYS
        ],
    }
    entries = [
        write_shard(str(folder), "hub/0001-aa", f"{kind}-0", TABLES[kind], "avro", [Batch(rows[kind])]) for kind in rows
    ]
    publish(str(folder), Manifest(version="0001-aa", fingerprint="aa"), entries, {})
    return open_hub(str(folder))


def test_all_that_stay_of_those_that_came_of_it_are_counted_and_not_only_those_that_change_hands(
    tmp_path: Path,
) -> None:
    opened = hub(tmp_path)
    with beam.Pipeline(runner=FnApiRunner()) as p:
        for source in "ab":
            taken = p | f"TakeDown {source}" >> TakeDown(hub=opened, sources=frozenset({source}), blocks=1)
            sums = taken.counts | f"All {source}" >> beam.Flatten() | f"Sum {source}" >> beam.CombinePerKey(sum)
            _ = sums | f"Collect {source}" >> Collect(tmp_path, source)
    of_a, of_b = (dict(collected(tmp_path, source)) for source in "ab")
    assert (of_a[TAKE_DOWN, "supported"], of_a[TAKE_DOWN, "moved"], of_a.get((TAKE_DOWN, "gone"), 0)) == (2, 2, 0)
    assert (of_b[TAKE_DOWN, "supported"], of_b.get((TAKE_DOWN, "moved"), 0), of_b[TAKE_DOWN, "gone"]) == (3, 0, 1)
