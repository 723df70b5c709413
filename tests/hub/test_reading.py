"""What is read of a version: table after table, block by block; and files for others to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_hub.transforms.hub.manifest import FileEntry, HubError, Manifest
from persona_hub.transforms.hub.reading import ReadHub, read_blocks, read_manifest_files, read_personas, read_table
from persona_hub.transforms.hub.schemas import SCHEMAS, TABLES, from_row, to_row
from persona_hub.transforms.hub.showing.exporting import (
    PARQUET_TYPES,
    SAMPLE_SCHEMA,
    parquet_schema,
    write_parquet,
    write_released,
)
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import Hub, missing_files
from persona_hub.transforms.records import (
    DocumentOutcome,
    Persona,
    Provenance,
    Sample,
    as_dict,
    content_id,
    partition_of,
)
from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch
from tests.material.personas import persona

PEOPLE = sorted((persona(f"A keeper of {n} bees") for n in range(500)), key=lambda one: one.persona_id)


def written(output: Path, *groups: list[Any], stem: str = "personas") -> Hub:
    """A hub of one version with a file for each group; it is not published."""
    entries = [
        write_shard(str(output), "hub/0001-aa", f"{stem}-{i}", type(group[0]), "avro", [Batch(group)])
        for i, group in enumerate(groups)
    ]
    return Hub(str(output), Manifest(version="0001-aa", files=tuple(entries)))


def test_a_table_is_read_file_after_file(tmp_path: Path) -> None:
    hub = written(tmp_path, PEOPLE[:300], PEOPLE[300:])
    assert list(read_personas(hub)) == PEOPLE
    assert list(read_manifest_files(hub.output, hub.manifest, "personas", Persona)) == PEOPLE
    assert list(read_table(hub, "provenance", Provenance)) == []


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    hub = written(tmp_path, PEOPLE[:10], PEOPLE[10:20])
    first, second = hub.paths("personas")
    assert missing_files(hub) == []
    Path(second).unlink()
    assert missing_files(hub) == [second]
    assert Path(first).exists()


@pytest.mark.parametrize("blocks", [1, 7, 64])
def test_a_file_is_read_by_block_in_batches(tmp_path: Path, blocks: int) -> None:
    [path] = written(tmp_path, PEOPLE).paths("personas")
    read = list(read_blocks(path, Persona, "persona_id", blocks))
    assert [one for _, batch in read for one in batch] == PEOPLE
    assert all(partition_of(one.persona_id, blocks) == block for block, batch in read for one in batch)
    assert max(len(batch) for _, batch in read) <= BATCH_RECORDS
    assert [block for block, _ in read] == sorted(block for block, _ in read)  # each block lies in one piece


def test_records_without_an_id_are_in_the_first_block(tmp_path: Path) -> None:
    rows = [DocumentOutcome("", "u", "f", f"line {n}", "skipped-no-text", "und", 0) for n in range(3)]
    rows += [DocumentOutcome(content_id("x"), "u", "f", "line 9", "document", "en", 1)]
    [path] = written(tmp_path, rows, stem="documents").paths("documents")
    read = dict(read_blocks(path, DocumentOutcome, "document_id", 1000))
    assert [row.place for row in read[0]] == ["line 0", "line 1", "line 2"]


def test_blocks_have_a_least_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="blocks: 0"):
        ReadHub(hub=Hub(str(tmp_path), Manifest(version="0001-aa")), blocks=0)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_a_parquet_schema_with_its_docs(table: str) -> None:
    avro = SCHEMAS[TABLES[table]]
    schema = parquet_schema(avro)
    assert schema.names == [field["name"] for field in avro["fields"]]
    assert all(field.metadata[b"doc"] for field in schema)
    assert not any(field.nullable for field in schema)
    assert {str(PARQUET_TYPES[field["type"]]) for field in avro["fields"]} == {str(kind) for kind in schema.types}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(n=st.integers(0, 40), size=st.integers(1, 15))
def test_rows_are_cut_into_files_of_a_size(tmp_path_factory: pytest.TempPathFactory, n: int, size: int) -> None:
    folder = tmp_path_factory.mktemp("parquet")
    rows = (as_dict(one) for one in PEOPLE[:n])
    made = write_parquet(str(folder), "personas", parquet_schema(SCHEMAS[Persona]), rows, n, size)
    assert [entry.records for entry in made][:-1] == [size] * (len(made) - 1)
    assert sum(entry.records for entry in made) == n
    assert len(made) == max(1, -(-n // size))
    read = [Persona(**row) for entry in made for row in pq.read_table(folder / entry.path).to_pylist()]
    assert read == PEOPLE[:n]
    assert all((folder / entry.path).stat().st_size == entry.bytes for entry in made)


def one_file(folder: Path, rows: Iterator[dict[str, Any]], total: int, size: int = 10) -> list[FileEntry]:
    return write_parquet(str(folder), "personas", parquet_schema(SCHEMAS[Persona]), rows, total, size)


def test_files_of_another_export_are_not_mixed_in(tmp_path: Path) -> None:
    one_file(tmp_path, map(as_dict, PEOPLE[:20]), 20)
    with pytest.raises(HubError, match=r"personas-00000-of-00002\.parquet: left by another export; delete it, or"):
        one_file(tmp_path, map(as_dict, PEOPLE[:30]), 30)
    one_file(tmp_path, map(as_dict, PEOPLE[20:40]), 20)  # the same number of files replaces them
    assert pq.read_table(tmp_path / "personas-00000-of-00002.parquet").to_pylist()[0] == as_dict(PEOPLE[20])


def test_a_value_of_a_wrong_type_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(pa.ArrowException):
        one_file(tmp_path, iter([as_dict(PEOPLE[0]) | {"hop": "three"}]), 1)
    assert list(tmp_path.iterdir()) == []


texts = st.text(max_size=20)
samples = st.builds(
    Sample, texts, texts, texts, texts, texts, texts, texts, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)
)


@given(samples)
def test_a_sample_comes_back_from_its_released_row(sample: Sample) -> None:
    row = to_row(sample)
    assert list(row) == SAMPLE_SCHEMA.names
    assert pa.Table.from_pylist([row], SAMPLE_SCHEMA).to_pylist() == [row]
    assert from_row(Sample, row) == sample


def test_released_rows_are_lines_in_their_own_script(tmp_path: Path) -> None:
    entry = write_released(str(tmp_path), "persona.jsonl", ({"persona": text} for text in ("蜂を飼う人", "a\nb")))
    assert (entry.path, entry.records) == ("persona.jsonl", 2)
    assert (tmp_path / "persona.jsonl").read_text("utf-8") == '{"persona":"蜂を飼う人"}\n{"persona":"a\\nb"}\n'
