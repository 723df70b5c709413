"""`persona-hub export`: files for others to read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import orjson
import pyarrow.parquet as pq
import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED
from persona_hub.pipelines.commands.export import Selection, export
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.current import set_current
from persona_hub.transforms.hub.manifest import HubError, Manifest, RunManifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Persona, Sample, Tombstone, as_dict, persona_id
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.places import ROOT

TEXTS = [f"a keeper of {n} bees\nand 🐝 \0 \u202eعسل" for n in range(25)]
PERSONAS = sorted(
    (Persona(persona_id(t), t, "text", 0, "", "read", "0" * 32, "s", "en", "offline", "abc") for t in TEXTS),
    key=lambda one: one.persona_id,
)
SAMPLES = [Sample(p.persona_id, p.text, "math", "2 + 2?", "d", "offline", "abc", 0, 10, 20) for p in PERSONAS[:3]]
PERSONAS_TWIN = replace(SAMPLES[0], persona_id=PERSONAS[9].persona_id)


@pytest.fixture
def hub(tmp_path: Path) -> str:
    output = str(tmp_path / "hub")
    entry = write_shard(output, "hub/0001-aa", "personas-0", Persona, "avro", [Batch(PERSONAS)])
    publish(output, Manifest(version="0001-aa", fingerprint="aa"), [entry], {})
    return output


def synthesize(
    output: str, run: str, samples: list[Sample] = SAMPLES, use_case: str = "math", version: str = "0001-aa"
) -> None:
    entry = write_shard(output, f"samples/{use_case}/{run}", "samples-0", Sample, "jsonl", [Batch(samples)])
    publish(output, RunManifest(run=run, hub_version=version), [entry], {})


def next_version(output: str, parent: str, name: str, *removed: str) -> None:
    """A version after `parent`, without some of its personas."""
    draft = Manifest(version=name, parent=parent, fingerprint=name, files=open_hub(output, parent).manifest.files)
    entries = []
    if removed:
        gone = Batch(Tombstone(persona, "persona") for persona in removed)
        entries = [write_shard(output, f"hub/{name}", "removed-0", Tombstone, "avro", [gone])]
        draft = replace(draft, hidden={"personas": len(removed)})
    publish(output, draft, entries, {})


def lines(file: Path) -> list[dict]:
    return [orjson.loads(line) for line in file.read_bytes().split(b"\n")[:-1]]


def test_the_snippets_of_the_page_run_as_they_stand_there(hub: str) -> None:
    synthesize(hub, "one")
    export(hub, ["jsonl", "parquet"])
    page = (ROOT / "docs" / "hub.md").read_text("utf-8")
    snippets = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"pipeline": beam.Pipeline()}
    for code in snippets:
        exec(code.replace("OUTPUT", hub).replace("0001-5f0c19aa", "0001-aa"), names)
        if "fastavro" in code:
            assert [row["text"] for row in names["personas"]] == [one.text for one in PERSONAS]
    assert len(snippets) == 3
    assert names["languages"] == [{"language": "en", "persona_id_count": 25}]
    assert [one["synthesized text"] for one in names["samples"]] == [one.text for one in SAMPLES]
    assert sorted(names["texts"]) == sorted(one.text for one in PERSONAS)


def test_json_lines_are_as_the_authors_released_theirs(hub: str) -> None:
    synthesize(hub, "one")
    synthesize(hub, "two")
    done = export(hub, ["jsonl"])
    folder = Path(hub, "export", "0001-aa")
    assert done.folder == str(folder)
    assert {(entry.path, entry.records) for entry in done.files} == {("persona.jsonl", 25), ("math.jsonl", 3)}
    assert done.notes == ("left out: 3 samples that several runs made alike, kept once",)
    assert lines(folder / "persona.jsonl") == [{"persona": one.text} for one in PERSONAS]
    assert lines(folder / "math.jsonl") == [
        {"input persona": one.persona, "synthesized text": one.text, "description": one.description} for one in SAMPLES
    ]


def test_parquet_is_typed_and_in_files_of_a_size(hub: str, tmp_path: Path) -> None:
    synthesize(hub, "one")
    done = export(hub, ["parquet"], str(tmp_path / "out"), rows_per_file=10)
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == sorted(entry.path for entry in done.files)
    personas = [name for name in found if name.startswith("personas-")]
    assert personas == [f"personas-{i:05}-of-00003.parquet" for i in range(3)]
    tables = [pq.read_table(tmp_path / "out" / name) for name in personas]
    assert [row for table in tables for row in table.to_pylist()] == [as_dict(one) for one in PERSONAS]
    assert str(tables[0].schema.field("hop").type) == "int64"
    [sample, *_] = pq.read_table(tmp_path / "out" / "samples-math-00000-of-00001.parquet").to_pylist()
    assert sample["usage"] == {"input_tokens": 10, "output_tokens": 20}
    assert sample["input persona"] == PERSONAS[0].text


def test_an_empty_table_is_a_file_without_rows(hub: str, tmp_path: Path) -> None:
    export(hub, ["parquet"], str(tmp_path / "out"))
    table = pq.read_table(tmp_path / "out" / "duplicates-00000-of-00001.parquet")
    assert (table.num_rows, table.schema.field("similarity").type) == (0, "double")


def test_exporting_again_replaces_the_files(hub: str, tmp_path: Path) -> None:
    assert export(hub, ["jsonl", "parquet"]) == export(hub, ["jsonl", "parquet"])
    export(hub, ["parquet"], str(tmp_path / "out"), rows_per_file=10)
    with pytest.raises(HubError, match=r"personas-00000-of-00003.parquet: left by another export; delete it, or"):
        export(hub, ["parquet"], str(tmp_path / "out"))


def test_a_folder_of_samples_only(tmp_path: Path) -> None:
    synthesize(str(tmp_path), "one")
    assert [entry.path for entry in export(str(tmp_path), ["jsonl"]).files] == ["math.jsonl"]


def test_nothing_to_export_and_unknown_formats_are_named(hub: str, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="there is no hub here"):
        export(str(tmp_path / "nowhere"), ["jsonl"])
    with pytest.raises(HubError, match=r"--format csv: there are jsonl, parquet"):
        export(hub, ["jsonl", "csv"])


def test_a_sample_is_told_from_another_by_persona_number_prompt_and_model(hub: str) -> None:
    [one, *_] = SAMPLES
    others = [replace(one, number=1), replace(one, prompt_hash="xyz"), replace(one, model="m"), PERSONAS_TWIN]
    synthesize(hub, "a", [one])
    synthesize(hub, "b", [replace(one, text="made anew"), *others])
    export(hub, ["jsonl", "parquet"])
    found = lines(Path(hub, "export", "0001-aa", "math.jsonl"))
    assert [row["synthesized text"] for row in found] == ["2 + 2?"] * 5, "the oldest run's stays"
    table = pq.read_table(Path(hub, "export", "0001-aa", "samples-math-00000-of-00001.parquet"))
    assert table.num_rows == 5


def test_those_taken_down_are_in_no_export(hub: str) -> None:
    synthesize(hub, "one")
    gone = SAMPLES[0].persona_id
    next_version(hub, "0001-aa", "0002-bb", gone)
    done = export(hub, ["jsonl", "parquet"])
    assert done.notes == ("left out: 1 sample of personas that were taken down",)
    shown = {row["input persona"] for row in lines(Path(done.folder, "math.jsonl"))}
    assert shown == {one.persona for one in SAMPLES[1:]}
    for file in Path(done.folder).glob("*.parquet"):
        rows = pq.read_table(file).to_pylist()
        assert file.name.startswith("removed-") or gone not in {row.get("persona_id") for row in rows}, file


def test_whom_another_document_brings_back_has_samples_again(hub: str) -> None:
    synthesize(hub, "one")
    next_version(hub, "0001-aa", "0002-bb", SAMPLES[0].persona_id)
    entry = write_shard(hub, "hub/0003-cc", "personas-0", Persona, "avro", [Batch(PERSONAS[:1])])
    held = open_hub(hub).manifest
    draft = Manifest(version="0003-cc", parent="0002-bb", fingerprint="cc", files=held.files, hidden=held.hidden)
    publish(hub, draft, [entry], {})
    done = export(hub, ["jsonl"])
    assert {(entry.path, entry.records) for entry in done.files} == {("persona.jsonl", 25), ("math.jsonl", 3)}


def test_after_a_rollback_runs_of_the_later_version_are_named_and_left_out(hub: str) -> None:
    synthesize(hub, "one")
    next_version(hub, "0001-aa", "0002-bb")
    synthesize(hub, "two", [PERSONAS_TWIN], version="0002-bb")
    assert [entry.records for entry in export(hub, ["jsonl"]).files] == [25, 4]
    set_current(hub, "0002-bb", "0001-aa")
    done = export(hub, ["jsonl"])
    assert [entry.records for entry in done.files] == [25, 3]
    assert done.notes == ("left out: 1 run of versions that this one did not come from; --run exports one, as two",)
    assert [entry.records for entry in export(hub, ["jsonl"], selection=Selection(runs=("two",))).files] == [25, 1]


def test_runs_of_versions_that_gc_has_removed_are_shown(hub: str) -> None:
    synthesize(hub, "one")
    next_version(hub, "0001-aa", "0002-bb")
    Path(hub, "hub", "0001-aa", "manifest.json").unlink()
    assert [entry.records for entry in export(hub, ["jsonl"]).files] == [25, 3]


def test_use_case_run_and_language_choose(hub: str, capsys: pytest.CaptureFixture[str]) -> None:
    synthesize(hub, "one")
    synthesize(hub, "two", [replace(one, use_case="tool") for one in SAMPLES], "tool")
    german = replace(PERSONAS[0], language="de")
    entry = write_shard(hub, "hub/0002-bb", "personas-1", Persona, "avro", [Batch([german])])
    files = tuple(one for one in open_hub(hub).manifest.files if one.kind != "personas")
    publish(hub, Manifest(version="0002-bb", parent="0001-aa", fingerprint="bb", files=files), [entry], {})

    def exported(*flags: str) -> dict[str, str]:
        assert main(["export", "--hub", hub, *flags]) == DONE
        said = [line.split() for line in capsys.readouterr().out.splitlines()]
        return {Path(path).name: n for n, _, path in said}

    assert exported("--use_case", "tool") == {"persona.jsonl": "1", "tool.jsonl": "3"}
    assert exported("--run", "one") == {"persona.jsonl": "1", "math.jsonl": "3"}
    assert exported("--language", "de") == {"persona.jsonl": "1", "math.jsonl": "1", "tool.jsonl": "1"}


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--use_case", "poem"], "--use_case poem: {hub} has nothing of that name to export; there are: math"),
        (["--run", "three"], "--run three: {hub} has nothing of that name to export; there are: one"),
        (["--language", "de"], "--language de: {hub} has nothing of that name to export; there are: en"),
    ],
)
def test_what_chooses_nothing_is_a_failure(
    hub: str, capsys: pytest.CaptureFixture[str], flags: list[str], told: str
) -> None:
    synthesize(hub, "one")
    assert main(["export", "--hub", hub, *flags]) == FAILED
    assert told.format(hub=hub) in capsys.readouterr().err
    assert not Path(hub, "export").exists()


def test_a_version_without_anything_to_show_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(str(tmp_path), Manifest(version="0001-aa", fingerprint="aa"), [], {})
    assert main(["export", "--hub", str(tmp_path)]) == FAILED
    assert "version 0001-aa shows no persona and no sample" in capsys.readouterr().err
