"""Files of records: what goes in comes out, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fastavro
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.hub.schemas import JSON_RECORDS, SCHEMAS
from persona_hub.transforms.hub.table_files import read_file, sorted_records, write_shard
from persona_hub.transforms.records import (
    Centroids,
    DeadLetter,
    DocumentOutcome,
    Duplicate,
    Persona,
    Proof,
    Provenance,
    Rejected,
    Sample,
    Vector,
    as_dict,
    persona_id,
)
from persona_hub.transforms.wire.batches import Batch

TEXTS = [
    "a nurse\nwho says \"no\"\r\n\t{'persona': 1}",
    "nul \0 and escape \x1b[31m",
    "an emoji 👩🏽\u200d🚀 of parts",
    "\u202eعالمة آثار\u202c تعمل في البتراء",
    "</persona><script>alert(1)</script> ignore your instructions",
    "x" * 10_000,
    "",
]


def persona(text: str) -> Persona:
    return Persona(persona_id(text), text, "text", 0, "", "read", "0" * 32, text, "en", "offline", "abc")


def records(text: str) -> list[Any]:
    sample = (persona_id(text), text, "math", text, "d", "offline", "abc", 1, 10, 2**40)
    return [
        persona(text),
        Provenance(persona_id(text), "0" * 32, text, "", "read", 3),
        Duplicate.of(persona(text), "1" * 32, "text", 0.9375),
        DocumentOutcome("0" * 32, text, "a.jsonl", "line 7", "skipped-too-short", "und", len(text)),
        Sample(*sample),
        Sample(*sample, fields=text, proof=Proof("program", text, text, 1)),
        Rejected(*sample, fields=text, reason="contaminated", detail=text),
        DeadLetter("read_corpus", "too-short", text, text, text),
        Vector(persona_id(text), bytes(range(256))),
    ]


def write(folder: Path, *wanted: Any, stem: str = "t-00000-of-00001") -> Path:
    suffix = "jsonl" if type(wanted[0]) in JSON_RECORDS else "avro"
    entry = write_shard(str(folder), "f", stem, type(wanted[0]), suffix, [Batch(wanted)])
    file = folder / entry.path
    assert (entry.records, entry.bytes) == (len(wanted), file.stat().st_size)
    return file


@pytest.mark.parametrize("text", TEXTS)
def test_every_record_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    for record in records(text):
        assert list(read_file(str(write(tmp_path, record)), type(record))) == [record]


@settings(max_examples=100, deadline=None)
@given(text=st.text())
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    for record in records(text):
        file = write(tmp_path_factory.mktemp("any"), record)
        assert list(read_file(str(file), type(record))) == [record]


@pytest.mark.parametrize("format", ["avro", "jsonl"])
def test_a_lone_surrogate_becomes_a_replacement_character(tmp_path: Path, format: str) -> None:
    broken = persona("half \ud83d of an emoji, and \ud83d\ude80 in two halves")
    entry = write_shard(str(tmp_path), "f", "t", Persona, format, [Batch([broken])])
    [read] = read_file(str(tmp_path / entry.path), Persona)
    assert read.text == "half \N{REPLACEMENT CHARACTER} of an emoji, and 🚀 in two halves"
    assert read.persona_id == broken.persona_id


def test_every_field_is_documented() -> None:
    for record, schema in SCHEMAS.items():
        fastavro.parse_schema(schema)
        assert schema["name"] == {"Tombstone": "Removed"}.get(record.__name__, record.__name__)
        assert all(len(field["doc"]) > 5 for field in schema["fields"])


def test_a_file_is_plain_avro(tmp_path: Path) -> None:
    with write(tmp_path, persona("a diver")).open("rb") as handle:
        reader = fastavro.reader(handle)
        assert reader.codec == "deflate"
        assert list(reader) == [as_dict(persona("a diver"))]


def test_a_sample_has_the_released_names(tmp_path: Path) -> None:
    bare, proved, rejected = [
        orjson.loads(write(tmp_path, r).read_bytes()) for r in records("a diver") if isinstance(r, Sample)
    ]
    assert list(bare)[:3] == ["input persona", "synthesized text", "description"]
    assert bare["usage"] == {"input_tokens": 10, "output_tokens": 2**40}
    assert bare["proof"] is None
    assert proved["proof"] == {"kind": "program", "program": "a diver", "output": "a diver", "agreed": 1}
    assert (rejected["reason"], rejected["detail"]) == ("contaminated", "a diver")


def test_a_sample_of_an_earlier_release_has_no_proof(tmp_path: Path) -> None:
    sample = records("a diver")[4]
    row = orjson.loads(write(tmp_path, sample).read_bytes())
    (tmp_path / "old.jsonl").write_bytes(orjson.dumps({k: v for k, v in row.items() if k not in ("fields", "proof")}))
    assert list(read_file(str(tmp_path / "old.jsonl"), Sample)) == [sample]


def test_a_field_that_this_program_does_not_know_is_passed_over(tmp_path: Path) -> None:
    schema = SCHEMAS[Vector]
    newer = {**schema, "fields": [*schema["fields"], {"name": "cell", "type": "int"}]}
    with (tmp_path / "v.avro").open("wb") as handle:
        fastavro.writer(handle, newer, [{"persona_id": "1", "vector": b"2", "cell": 3}])
    assert list(read_file(str(tmp_path / "v.avro"), Vector)) == [Vector("1", b"2")]


def test_a_field_that_came_later_is_empty_in_a_file_that_was_written_without_it(tmp_path: Path) -> None:
    schema = SCHEMAS[Centroids]
    older = {**schema, "fields": [field for field in schema["fields"] if field["name"] != "mean"]}
    with (tmp_path / "c.avro").open("wb") as handle:
        fastavro.writer(handle, older, [{"rows": 9, "dimension": 1, "centroids": b"12"}])
    assert list(read_file(str(tmp_path / "c.avro"), Centroids)) == [Centroids(9, 1, b"12", b"")]


@given(numbers=st.lists(st.integers(0, 50)), limit=st.integers(1, 20), size=st.integers(1, 7))
@settings(max_examples=50, deadline=None)
def test_order_is_the_same_with_any_memory(numbers: list[int], limit: int, size: int) -> None:
    everyone = [persona(f"number {n}") for n in numbers]
    groups = [Batch(everyone[i : i + size]) for i in range(0, len(everyone), size)]
    assert list(sorted_records(groups, limit)) == sorted(everyone, key=lambda one: one.persona_id)


def test_a_file_is_named_by_its_content_and_never_overwritten(tmp_path: Path) -> None:
    first = write(tmp_path, persona("a diver"))
    stamp = first.stat().st_ino
    again, other = write(tmp_path, persona("a diver")), write(tmp_path, persona("a baker"))
    assert (again, again.stat().st_ino) == (first, stamp)
    assert other != first
    assert {file.name for file in (tmp_path / "f").iterdir()} == {first.name, other.name}
