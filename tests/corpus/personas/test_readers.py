"""Tables of personas in every format: the same rows give the same personas and columns."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import fastavro
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, Limits, SkippedRecord
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.personas.readers import read_personas
from persona_hub.transforms.corpus.personas.rows import PERSONA_FIELDS, PersonaRecord, persona_of_row
from persona_hub.transforms.corpus.pieces import pieces_of
from tests.corpus.writing import PACK, as_rows

ROWS = [
    {"uuid": "u-1", "persona": "A nurse who works at night", "city": "Graz"},
    {"uuid": "u-2", "persona": "一位在夜间工作的护士", "city": "成都"},
]
FOUND = [(row["persona"], row["uuid"], {"uuid": row["uuid"], "city": row["city"]}) for row in ROWS]
DATA = os.environ.get("PERSONA_HUB_DATA", "")


def found_in(path: Path, *fields: str, piece_bytes: int = 1 << 30) -> list[CorpusRecord]:
    """Everything that is found in a file."""
    (file,) = match_corpus([str(path)])
    return [one for piece in pieces_of(file, piece_bytes) for one in read_personas(piece, fields, Limits())]


def personas_in(path: Path, *fields: str, **more: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """(text, source, columns) of what is found, which is nothing but personas."""
    found = found_in(path, *fields, **more)
    assert all(isinstance(one, PersonaRecord) for one in found), found
    return [
        (one.text, one.source, orjson.loads(one.columns or "{}")) for one in found if isinstance(one, PersonaRecord)
    ]


def damage_in(path: Path, *fields: str) -> Damage:
    """The damage that is all there is."""
    (found,) = found_in(path, *fields)
    assert isinstance(found, Damage)
    return found


@pytest.mark.parametrize("pack", PACK)
@pytest.mark.parametrize("extension", [".jsonl", ".csv", ".tsv", ".parquet", ".avro"])
def test_every_format_gives_the_same(tmp_path: Path, extension: str, pack: str) -> None:
    if pack and extension in (".parquet", ".avro"):
        pytest.skip("these compress their own blocks")
    path = tmp_path / f"rows{extension}{pack}"
    path.write_bytes(PACK[pack](as_rows(extension, ROWS)))
    assert personas_in(path) == FOUND


def test_members_of_an_archive_are_read(tmp_path: Path) -> None:
    path = tmp_path / "all.tar"
    with tarfile.open(path, "w") as archive:
        for extension in (".jsonl", ".parquet"):
            data = as_rows(extension, ROWS)
            member = tarfile.TarInfo(f"rows{extension}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    assert personas_in(path) == FOUND * 2


@pytest.mark.parametrize("field", PERSONA_FIELDS)
def test_the_released_names_of_the_field_are_known(field: str) -> None:
    found = persona_of_row({"id": 7, field: "A nurse"}, "line 1", PERSONA_FIELDS)
    assert found == PersonaRecord("line 1", "7", "A nurse", columns='{"id":7}')


@pytest.mark.parametrize("extension", [".jsonl", ".csv", ".parquet", ".avro"])
def test_of_several_fields_the_first_that_is_filled_has_the_text(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"rows{extension}"
    path.write_bytes(as_rows(extension, [{"b": "B one", "a": ""}, {"b": "B two", "a": "A two"}]))
    assert personas_in(path, "a", "b") == [("B one", "", {}), ("A two", "", {"b": "B two"})]


@pytest.mark.parametrize("extension", [".jsonl", ".csv", ".parquet", ".avro"])
def test_a_file_without_the_field_names_its_fields_and_the_remedy(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"rows{extension}"
    path.write_bytes(as_rows(extension, [{"portrait": "A nurse", "city": "Graz"}]))
    found = damage_in(path)
    assert found.reason == "field-missing"
    assert "'persona'" in found.detail or "persona or input persona" in found.detail
    assert "but portrait, city." in found.detail
    assert "Name the field of the persona with --persona_field." in found.detail
    assert "--text_field" not in found.detail
    assert [text for text, *_ in personas_in(path, "portrait")] == ["A nurse"]


@pytest.mark.parametrize(("value", "kind"), [(7, "int"), ({"a": 1}, "dict"), ([1], "list")])
def test_a_field_without_a_text_is_told(tmp_path: Path, value: object, kind: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"persona": value}))
    found = damage_in(path)
    assert (found.reason, f"no text but {kind}" in found.detail) == ("field-not-text", True)


def test_a_parquet_column_of_no_texts_is_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"persona": [1, 2]}), tmp_path / "rows.parquet")
    found = damage_in(tmp_path / "rows.parquet")
    assert (found.reason, "'persona' holds int64" in found.detail) == ("field-not-text", True)


def test_a_list_of_sentences_is_one_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"persona": ["i am in college", "i love books!", " "]}))
    assert personas_in(path) == [("i am in college. i love books!", "", {})]


def test_null_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"persona": None, "id": "a"}))
    assert found_in(path) == [SkippedRecord("line 1", "a", "no-text")]


def test_lists_and_records_are_not_read_and_times_are_written_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    columns = {
        "persona": ["A nurse"],
        "embedding": [[0.5] * 8],
        "person": [{"age": 7}],
        "day": pa.array([1 << 40], pa.timestamp("s")),
        "age": pa.array([41], pa.int8()),
        "urban": [True],
        "level": pa.array(["high"]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), path)
    (found,) = found_in(path)
    assert isinstance(found, PersonaRecord)
    kept = orjson.loads(found.columns)
    assert kept | {"day": ""} == {"age": 41, "urban": True, "level": "high", "day": ""}
    assert kept["day"]
    assert found.left_out == (("no-scalar", "embedding"), ("no-scalar", "person"))


def test_an_avro_row_has_its_nested_columns_left_out(tmp_path: Path) -> None:
    fields = [
        {"name": "persona", "type": ["null", "string"]},
        {"name": "labels", "type": {"type": "array", "items": "string"}},
        {"name": "age", "type": "int"},
    ]
    with (tmp_path / "rows.avro").open("wb") as file:
        schema = fastavro.parse_schema({"type": "record", "name": "Row", "fields": fields})
        fastavro.writer(file, schema, [{"persona": "A nurse", "labels": ["a"], "age": 41}])
    (found,) = found_in(tmp_path / "rows.avro")
    assert found == PersonaRecord("record 1", "", "A nurse", columns='{"age":41}', left_out=(("no-scalar", "labels"),))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"A nurse who works at night", "no-table"),
        ("a.html", b"<html><body>A nurse</body></html>", "no-table"),
        ("a.json", b'[{"persona": "A nurse"}]', "not-json-lines"),
        ("a.pdf", b"%PDF-1.7", "unread-pdf"),
        ("a.csv", b'persona,city\n"A nurse', "unclosed-quote"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert damage_in(tmp_path / name).reason == reason


@pytest.mark.parametrize("extension", [".jsonl", ".parquet", ".avro"])
def test_pieces_of_a_file_give_what_the_file_does(tmp_path: Path, extension: str) -> None:
    rows = [{"persona": f"Nurse {n} of ward {n % 7}", "ward": f"{n % 7}"} for n in range(300)]
    path = tmp_path / f"rows{extension}"
    if extension == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=50)
    else:
        path.write_bytes(as_rows(extension, rows))
    assert (
        personas_in(path, piece_bytes=1000)
        == personas_in(path)
        == [(row["persona"], "", {"ward": row["ward"]}) for row in rows]
    )


@pytest.mark.skipif(not DATA, reason="PERSONA_HUB_DATA names no folder")
def test_the_released_files_are_read() -> None:
    folder = Path(DATA) / "personas"
    assert len(personas_in(folder / "personahub_tool.jsonl.gz")) == 2486
    nemotron = personas_in(folder / "nemotron_personas_usa_50.csv")
    assert len(nemotron) == 50
    assert {"age", "occupation", "state", "skills"} <= nemotron[0][2].keys()
    assert len(personas_in(folder / "personachat_profiles_paml.jsonl")) == 5157
    assert "user 1 personas" in damage_in(folder / "synthetic_persona_chat_valid.csv.gz").detail
    assert len(personas_in(folder / "synthetic_persona_chat_valid.csv.gz", "user 1 personas")) == 1000
