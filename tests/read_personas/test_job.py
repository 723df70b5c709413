"""A hub out of personas that exist: built without a model, refreshed, taken down, beside a corpus."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.main import main
from persona_hub.pipelines.planning.plan import plan_build
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import Hub, list_versions, open_hub, path_of
from persona_hub.transforms.records import Attributes, DocumentOutcome, Provenance
from tests.helpers.hubs import personas
from tests.material.growing import OFF

BOTH = "A choir conductor in Tartu who arranges Baltic folk songs for altos"
RELEASED = [
    {"input persona": "A soil chemist who maps lead in the allotments of Leeds", "description": "math"},
    {"input persona": BOTH, "description": "math"},
    {"input persona": "Mail the pilot at pilot@harbour.example, who guides tankers at dawn", "description": "math"},
    {"input persona": "12345", "description": "math"},
]
PORTRAITS = [
    {
        "professional_persona": "A lighthouse keeper who logs every ship",
        "name": "Ada Quill",
        "age": "61",
        "uuid": "u-1",
    },
    {"professional_persona": BOTH, "name": "Ben Quill", "age": "35", "uuid": "u-2"},
]
NEW = {"professional_persona": "A tram driver who knows every timetable of Graz", "age": "44", "uuid": "u-3"}


def write(folder: Path) -> tuple[Path, Path]:
    """The two files."""
    released, portraits = folder / "released.jsonl", folder / "portraits.csv"
    released.write_bytes(b"\n".join(map(orjson.dumps, RELEASED)))
    with portraits.open("w", newline="") as file:
        writer = csv.DictWriter(file, PORTRAITS[0].keys())
        writer.writeheader()
        writer.writerows(PORTRAITS)
    return released, portraits


def command(files: Iterator[Path] | tuple[Path, ...], output: Path, *flags: str) -> list[str]:
    """The command that builds a hub of files of personas."""
    return ["build", "--personas", ",".join(map(str, files)), "--output", str(output), *OFF, *flags]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def hub(files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("given") / "hub"
    assert main(command(files, output)) == DONE
    return output


@pytest.fixture
def own(hub: Path, tmp_path: Path) -> Path:
    """A copy of the hub that may be changed."""
    return Path(shutil.copytree(hub, tmp_path / "hub"))


def given_of(hub: Path) -> dict[str, dict[str, Any]]:
    """{text: its columns} of all personas."""
    rows = {row.persona_id: row.given for row in read_table(open_hub(str(hub)), "attributes", Attributes)}
    return {one.text: orjson.loads(rows[one.persona_id] or "{}") for one in personas(hub)}


def manifest_of(hub: Path) -> Manifest:
    """Of the version that readers see."""
    return open_hub(str(hub)).manifest


def first_of(hub: Path) -> Hub:
    """The hub in its first version."""
    return open_hub(str(hub), list_versions(str(hub))[0].version)


def test_they_are_filtered_scrubbed_and_told_where_from(hub: Path, files: tuple[Path, Path]) -> None:
    released, portraits = files
    found = personas(hub)
    assert {(one.origin, one.relation, one.hop, one.model, one.parent_id) for one in found} == {
        ("given", "given", 0, "", "")
    }
    assert len(found) == 4
    assert not [one for one in found if "@" in one.text]
    assert {one.language for one in found} == {"en"}
    assert {one.source for one in found} <= {"u-1", "u-2", *(f"{released}, line {n}" for n in range(1, 5))}
    rows = list(read_table(open_hub(str(hub)), "documents", DocumentOutcome))
    assert sorted((row.file, row.outcome) for row in rows) == [
        *((str(portraits), outcome) for outcome in ("document", "document")),
        *((str(released), outcome) for outcome in ("document", "document", "document", "repeated")),
    ]


def test_counts_add_up_and_no_model_is_named(hub: Path) -> None:
    made = manifest_of(hub)
    assert made.counts["read_personas"] == {"document": 5, "personas": 5, "records": 6, "repeated": 1}
    assert made.counts["filter_persona"]["personas"] == 5
    assert not made.counts.keys() & {"read_corpus", "extract_persona", "expand_persona"}
    assert "llm" not in made.models
    assert not list(hub.glob("responses*"))


def test_their_columns_are_attributes_without_personal_data(hub: Path) -> None:
    found = given_of(hub)
    assert found["A lighthouse keeper who logs every ship"] == {"age": "61", "uuid": "u-1"}
    assert found[BOTH] == {"age": "35", "uuid": "u-2"}, "portraits.csv comes before released.jsonl"
    assert {"description": "math"} in found.values()


def test_a_second_build_does_nothing(hub: Path, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(hub.rglob("*"))
    assert main(command(files, hub)) == DONE
    assert "nothing is to be done" in capsys.readouterr().out
    assert sorted(hub.rglob("*")) == before


def test_a_takedown_of_one_file_empties_its_part(own: Path, files: tuple[Path, Path]) -> None:
    _, portraits = files
    assert main(["takedown", "--hub", str(own), "--source", str(portraits)]) == DONE
    left = {one.text: one for one in personas(own)}
    assert "A lighthouse keeper who logs every ship" not in left
    assert (left[BOTH].origin, left[BOTH].source.endswith("released.jsonl, line 2")) == ("given", True)
    assert given_of(own)[BOTH] == {}, "those were the other file's"
    said = {row.persona_id: replace(row, given="") for row in read_table(first_of(own), "attributes", Attributes)}
    for row in read_table(open_hub(str(own)), "attributes", Attributes):
        assert replace(row, given="") == said[row.persona_id]
    assert len(left) == 3
    attributes = list(read_table(open_hub(str(own)), "attributes", Attributes))
    assert sorted(row.persona_id for row in attributes) == sorted(one.persona_id for one in left.values())

    assert main(["refresh", "--hub", str(own), "--personas", str(portraits)]) == DONE
    assert {one.text for one in personas(own)} == left.keys(), "what was taken down is not read again"


def test_a_purge_erases_the_columns_of_one_who_stays(own: Path, files: tuple[Path, Path]) -> None:
    _, portraits = files
    purge = ["takedown", "--hub", str(own), "--source", str(portraits), "--purge", "--older_than_hours", "0"]
    assert main(purge) == DONE
    for version in list_versions(str(own)):
        for entry in version.files_of("attributes"):
            for row in read_file(path_of(str(own), entry.path), Attributes):
                assert not {"u-1", "u-2"} & set(orjson.loads(row.given or "{}").values())
    assert BOTH in {one.text for one in personas(own)}


def test_a_refresh_reads_only_what_is_new(own: Path, files: tuple[Path, Path], tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_bytes(b"\n".join(map(orjson.dumps, [NEW, *PORTRAITS])))
    before = {one.persona_id for one in personas(own)}
    assert main(["refresh", "--hub", str(own), "--personas", f"{more},{files[0]}"]) == DONE
    assert {one.text for one in personas(own) if one.persona_id not in before} == {NEW["professional_persona"]}
    assert given_of(own)[NEW["professional_persona"]] == {"age": "44", "uuid": "u-3"}
    assert manifest_of(own).counts["read_personas"]["known"] == 6


def test_beside_a_corpus_they_are_expanded_and_made_samples_of(
    examples: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    corpus = ["--input", str(examples / "corpus" / "notes.jsonl"), "--expand_hops", "1", "--use_case", "math"]
    assert main(command(files, tmp_path / "hub", *corpus)) == DONE
    found = personas(tmp_path / "hub")
    made = manifest_of(tmp_path / "hub")
    given = {one.persona_id for one in found if one.origin == "given"}
    assert len(given) == 4
    assert {one.origin for one in found} == {"given", "text", "relation"}
    children = [one for one in found if one.parent_id in given]
    assert children
    rows = {one.document_id for one in found if one.origin == "given"}
    assert {one.document_id for one in children} <= rows
    assert made.counts["synthesize_math"]["asked"] == len(found)
    assert made.counts["read_corpus"]["document"] == made.counts["extract_persona"]["documents"]
    assert set(made.novelty["by_hop"]) == {"0", "1"}
    ways = read_table(open_hub(str(tmp_path / "hub")), "provenance", Provenance)
    assert {row.relation for row in ways if row.persona_id in given and row.hop == 0} == {"given"}
    assert made.records_of("attributes") == len(found)


def test_a_file_without_the_field_is_named_with_the_remedy(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.jsonl"
    bare.write_text(json.dumps({"portrait": "A tailor who mends sails", "city": "Leeds"}))
    output = tmp_path / "hub"
    assert main(command((*files, bare), output)) == BUDGET_SPENT
    said = capsys.readouterr().out
    assert f"no persona was read of 1 file: {bare} (no field 'persona' or" in said
    assert "but portrait, city" in said
    assert f"persona-hub refresh --hub {output} --personas FILE --persona_field NAME" in said
    assert main(["refresh", "--hub", str(output), "--personas", str(bare), "--persona_field", "portrait"]) == DONE
    assert "A tailor who mends sails" in {one.text for one in personas(output)}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("", "--input or --personas is required"),
        ("--personas ,", "--personas: names nothing"),
        ("--personas nowhere.jsonl", "--personas 'nowhere.jsonl' matches no file"),
        ("--personas x.jsonl --text_field a", "--text_field: goes with --input, and there is none; the field of --per"),
        ("--input x.jsonl --persona_field a", "--persona_field: goes with --personas, and there is none"),
        ("--personas x/{date:%Q}.jsonl", "--personas x/{date:%Q}.jsonl: {date:%Q} is no date macro"),
    ],
)
def test_wrong_flags_are_named(flags: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", *flags.split(), "--output", str(tmp_path / "hub")]) == WRONG_COMMAND
    assert said in capsys.readouterr().err


def test_preview_and_estimate_know_them(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    personas_flag = ["--personas", ",".join(map(str, files))]
    assert main(["preview", *personas_flag, "--n", "2"]) == DONE
    said = capsys.readouterr().out
    assert "2 of 5 given personas\n" in said
    assert "-- persona (given)" in said
    assert main(["estimate", *personas_flag]) == DONE
    assert "no model is asked" in capsys.readouterr().out
    assert main(["estimate", *personas_flag, "--expand_hops", "1"]) == DONE
    said = capsys.readouterr().out
    assert "expand_persona" in said
    assert "extract_persona" not in said


def test_the_released_files_become_one_hub(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = (data / "personas" / "personahub_tool.jsonl.gz", data / "personas" / "nemotron_personas_usa_50.csv")
    hub = tmp_path / "hub"
    assert main(command(files, hub)) == DONE
    assert manifest_of(hub).counts["read_personas"]["document"] == 2536
    assert len(personas(hub)) > 2500
    assert sum("zipcode" in columns for columns in given_of(hub).values()) == 50
    assert main(command(files, hub)) == DONE
    assert "nothing is to be done" in capsys.readouterr().out
    assert main(["takedown", "--hub", str(hub), "--source", str(files[1])]) == DONE
    assert not any("zipcode" in columns for columns in given_of(hub).values())
    assert {one.source.partition(",")[0] for one in personas(hub)} == {str(files[0])}


def test_whether_a_model_is_asked(files: tuple[Path, Path], tmp_path: Path) -> None:
    parser = JOB_BY_NAME["build"]

    def asks(*flags: str) -> bool:
        typed = ["--personas", str(files[0]), "--output", str(tmp_path / "hub"), *flags]
        return plan_build(read_options(parser, typed)[0]).asks

    assert not asks()
    assert asks("--expand_hops", "1")
    assert asks("--use_case", "math")
    assert asks("--attributes", "model")
    assert asks("--input", str(files[0]), "--expand_hops", "0")
