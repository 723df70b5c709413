"""Files of personas in; personas, their columns, outcomes and dead letters out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import orjson
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.corpus.corpus_records import CorpusError
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.read_personas.given import GIVEN_MARK
from persona_hub.transforms.read_personas.read_personas import ReadPersonas
from persona_hub.transforms.records import (
    GIVEN,
    DeadLetter,
    DocumentOutcome,
    GivenColumns,
    Persona,
    content_id,
    persona_id,
)
from tests.helpers.collecting import Collect, collected

NURSE, PILOT = "A nurse who works at night", "Eine Lotsin, die Tanker in den Hafen bringt"


class Got(NamedTuple):
    """What came out."""

    personas: list[Persona]
    columns: list[GivenColumns]
    outcomes: list[DocumentOutcome]
    dead_letters: list[DeadLetter]
    counts: dict[str, int]


def read(folder: Path, *files: Path, **settings: Any) -> Got:
    """What ReadPersonas makes of files."""
    out = folder / "out"
    out.mkdir(parents=True)
    with beam.Pipeline(runner=FnApiRunner()) as p:
        found = p | ReadPersonas(files=match_corpus([str(file) for file in files]), **settings)
        for name in ("personas", "columns", "outcomes", "dead_letters"):
            _ = getattr(found, name) | name >> Collect(out, name)
        sums = found.counts | beam.Flatten() | beam.CombinePerKey(sum)
        _ = sums | "counts" >> Collect(out, "counts")
    lists = [[one for batch in collected(out, name) for one in batch] for name in Got._fields[:4]]
    counts = {f"{stage}/{name}": n for (stage, name), n in collected(out, "counts")}
    personas, columns, outcomes, dead_letters = (sorted(rows, key=repr) for rows in lists)
    return Got(personas, columns, outcomes, dead_letters, counts)


def write(path: Path, *rows: dict[str, Any] | str) -> Path:
    """A file of JSON Lines."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_a_row_gives_a_persona_and_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"persona": NURSE, "id": "n-1", "age": 41}, {"persona": PILOT})
    got = read(tmp_path, path)
    nurse = Persona(
        persona_id=persona_id(NURSE),
        text=NURSE,
        origin=GIVEN,
        hop=0,
        parent_id="",
        relation=GIVEN,
        document_id=content_id(GIVEN_MARK + NURSE),
        source="n-1",
        language="en",
        model="",
        prompt_hash="",
    )
    assert nurse in got.personas
    assert {(one.text, one.source, one.language) for one in got.personas} == {
        (NURSE, "n-1", "en"),
        (PILOT, f"{path}, line 2", "de"),
    }
    assert got.columns == [GivenColumns(nurse.document_id, '{"age":41,"id":"n-1"}')]
    assert {one.outcome for one in got.outcomes} == {"document"}


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        {"persona": NURSE, "labels": ["a", "b"], "story": "x" * 2000},
        {"persona": NURSE},
        {"persona": "  "},
        {"portrait": "no persona"},
        '{"persona": "cut off',
        {"persona": "unwanted"},
        {"persona": PILOT, "labels": ["c"]},
    )
    unwanted = frozenset({content_id(GIVEN_MARK + "unwanted")})
    got = read(tmp_path, path, languages=frozenset({"en"}), unwanted=unwanted)
    assert [one.text for one in got.personas] == [NURSE]
    assert got.counts["read_personas/records"] == 7
    assert {name.removeprefix("read_personas/"): n for name, n in got.counts.items() if "read_pers" in name} == {
        "records": 7,
        "document": 1,
        "personas": 1,
        "repeated": 1,
        "skipped-no-text": 1,
        "skipped-taken-down": 1,
        "skipped-language": 1,
    }
    assert sorted(letter.reason for letter in got.dead_letters) == ["broken-json", "field-missing"]
    assert {letter.stage for letter in got.dead_letters} == {"read_personas"}
    assert {name: n for name, n in got.counts.items() if name.startswith("left_out")} == {
        "left_out/no-scalar labels": 1,
        "left_out/too-long story": 1,
    }


def test_columns_that_go_for_their_names_are_counted_unless_they_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"persona": NURSE, "E-Mail": "a@b.org", "age": 41}, {"persona": PILOT})
    for pii, counted in (("scrub", ["left_out/personal E-Mail"]), ("keep", [])):
        got = read(tmp_path / pii, path, pii=pii)
        assert [name for name in got.counts if name.startswith("left_out")] == counted


def test_of_equal_rows_the_first_by_file_and_place_stands_for_all_in_any_order(tmp_path: Path) -> None:
    rows = [{"persona": f"Nurse {n % 5} of the night ward", "n": n} for n in range(40)]
    a, b = write(tmp_path / "a.jsonl", *rows[20:]), write(tmp_path / "b.jsonl", *rows[:20])
    once = read(tmp_path / "1", a, b)
    again = read(tmp_path / "2", b, a, piece_bytes=100, load_bytes=1, partitions=3)
    assert {orjson.loads(row.columns)["n"] for row in once.columns} == {20, 21, 22, 23, 24}
    assert {orjson.loads(row.columns)["n"] for row in again.columns} == {20, 21, 22, 23, 24}
    assert {one.persona_id for one in once.personas} == {one.persona_id for one in again.personas}
    assert len(once.personas) == 5


def test_the_rows_with_the_smallest_ids_are_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *({"persona": f"Nurse {n} of the night ward"} for n in range(9)))
    got = read(tmp_path, path, max_personas=4)
    ids = sorted(one.document_id for one in got.outcomes)
    assert sorted(one.document_id for one in got.personas) == ids[:4]
    assert got.counts["read_personas/skipped-max-documents"] == 5


def test_a_file_without_the_field_or_of_no_table_is_counted_as_lost(tmp_path: Path) -> None:
    good = write(tmp_path / "a.jsonl", {"persona": NURSE}, {"text": "none"})
    bare = write(tmp_path / "b.jsonl", {"text": "x"}, {"text": "y"})
    text, array = tmp_path / "c.txt", tmp_path / "d.json"
    text.write_text("A nurse")
    array.write_text("[1]")
    got = read(tmp_path, good, bare, text, array)
    lost = {name: n for name, n in got.counts.items() if name.startswith("lost_files/")}
    assert lost == {f"lost_files/bare {bare}": 2, f"lost_files/bare {text}": 1, f"lost_files/bare {array}": 1}


def test_wrong_settings_are_refused(tmp_path: Path) -> None:
    files = match_corpus([str(write(tmp_path / "a.jsonl", {"persona": NURSE}))])
    with pytest.raises(CorpusError, match="--personas"):
        ReadPersonas(files=[])
    with pytest.raises(CorpusError, match="--max_personas"):
        ReadPersonas(files=files, max_personas=-1)
    with pytest.raises(CorpusError, match="--language"):
        ReadPersonas(files=files, languages=frozenset({"english"}))
