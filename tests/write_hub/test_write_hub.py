"""The files of the hub, as a pipeline writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from persona_hub.transforms.counting.counts import Count, CountDeadLetters, Equation
from persona_hub.transforms.errors import NothingKept
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.reading import ReadHub, read_personas
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import DeadLetter, DocumentOutcome, Persona, Sample, persona_id
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.write_hub.publish import Publish, WriteRecords


def persona(i: int) -> Persona:
    text = f"a gardener who keeps {i} bees"
    return Persona(persona_id(text), text, "text", 0, "", "read", "0" * 32, "file:1", "en", "offline", "abc")


PERSONAS = [persona(i) for i in range(1000)]
LETTERS = [DeadLetter("read_corpus", "too-short", f"file:{i}", "three words") for i in range(10)]
EQUATIONS = (Equation("dedup", "kept", ("write_hub/personas",)),)


def build(output: Path, personas: list[Persona] = PERSONAS, equations: Any = EQUATIONS, **options: Any) -> None:
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(**options)) as p:
        kept = p | "Personas" >> beam.Create(list(batches(personas, 70)), reshuffle=True)
        dead = p | "Letters" >> beam.Create([Batch(LETTERS)])
        samples = p | "Samples" >> beam.Create([Batch(sample(one) for one in personas if one in PERSONAS[:20])])
        run: Any = {"output": str(output), "shards": 4}
        files = (
            kept | "WritePersonas" >> WriteRecords(**run, folder="hub/0001-aa", prefix="personas", record=Persona),
            dead
            | "WriteDead"
            >> WriteRecords(
                **run, folder="dead_letters/0001-aa", prefix="dead_letters", record=DeadLetter, format="jsonl"
            ),
            samples
            | "WriteSamples"
            >> WriteRecords(
                **run, folder="samples/{use_case}/0001-aa", prefix="samples", record=Sample, format="jsonl"
            ),
        ) | "Files" >> beam.Flatten()
        counts = (
            kept | "CountKept" >> Count(stage="dedup", name="kept"),
            dead | "CountDead" >> CountDeadLetters(),
        ) | "Counts" >> beam.Flatten()
        draft = Manifest(version="0001-aa", fingerprint="aa", created="2026-01-01T00:00:00+00:00")
        {"files": files, "counts": counts} | Publish(output=str(output), draft=draft, equations=equations)


def sample(one: Persona) -> Sample:
    use_case = "math" if one.persona_id < "8" else "tool"
    return Sample(one.persona_id, one.text, use_case, "What is 2 + 2?", "a problem", "offline", "abc", 0, 10, 20)


def contents(output: Path) -> dict[str, bytes]:
    files = (file for file in output.rglob("*") if file.is_file())
    return {str(file.relative_to(output)): file.read_bytes() for file in files}


def test_a_version_holds_what_was_written(tmp_path: Path) -> None:
    build(tmp_path)
    hub = open_hub(str(tmp_path))
    assert list(read_personas(hub)) == sorted(PERSONAS, key=lambda one: one.persona_id)
    assert hub.manifest.counts == {
        "dedup": {"kept": 1000},
        "read_corpus": {"lost-too-short": 10},
        "write_hub": {"personas": 1000, "dead_letters": 10, "samples": 20},
    }
    assert [entry.kind for entry in hub.manifest.files] == ["personas"] * 4
    assert {path.parent.name for path in tmp_path.glob("samples/*/0001-aa")} == {"math", "tool"}
    assert len(list(tmp_path.glob("*/**/manifest.json"))) == 4
    assert not list(tmp_path.rglob("_part-*"))


def test_the_same_input_gives_the_same_files_in_any_order_and_with_any_workers(tmp_path: Path) -> None:
    build(tmp_path / "a")
    build(tmp_path / "b", personas=PERSONAS[::-1])
    build(tmp_path / "c", direct_running_mode="multi_processing", direct_num_workers=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == contents(tmp_path / "c")
    build(tmp_path / "a")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_hub_without_a_persona_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(NothingKept, match="nothing was published"):
        build(tmp_path, personas=[])
    assert {path.split("/")[0] for path in contents(tmp_path)} == {"dead_letters"}


def test_counts_that_do_not_add_up_are_not_published(tmp_path: Path) -> None:
    wrong = (Equation("dedup", "kept", ("write_hub/personas", "read_corpus/lost-*")),)
    with pytest.raises(Exception, match=r"dedup: kept 1000 is not write_hub/personas 1000 \+ .* 10 \(off by -10\)"):
        build(tmp_path, equations=wrong)
    assert not (tmp_path / "hub" / "CURRENT").exists()


def test_a_hub_is_read_by_block(tmp_path: Path) -> None:
    build(tmp_path)
    with beam.Pipeline(runner=FnApiRunner()) as p:
        read = p | ReadHub(hub=open_hub(str(tmp_path)), blocks=8)
        blocks = read | beam.MapTuple(lambda block, batch: {(int(one.persona_id[0], 16) // 2, block) for one in batch})
        assert_that(
            blocks | beam.FlatMap(list) | beam.Distinct(),
            equal_to([(i, i) for i in range(8)]),
        )


def test_documents_without_a_text_are_spread_and_read_back(tmp_path: Path) -> None:
    empty = [DocumentOutcome("", "s", "f", f"line {i}", "skipped-empty", "und", 0) for i in range(100)]
    with beam.Pipeline(runner=FnApiRunner()) as p:
        rows = p | beam.Create([Batch(empty)])
        files = rows | WriteRecords(
            output=str(tmp_path), folder="hub/0001-aa", prefix="documents", record=DocumentOutcome, shards=4
        )
        counts = rows | Count(stage="read_corpus", field="outcome")
        {"files": files, "counts": counts} | Publish(
            output=str(tmp_path), draft=Manifest(version="0001-aa", base="0000-aa")
        )
    hub = open_hub(str(tmp_path))
    assert hub.manifest.counts["read_corpus"] == {"skipped-empty": 100}
    assert len(hub.paths("documents")) == 4
    with beam.Pipeline(runner=FnApiRunner()) as p:
        read = p | ReadHub(hub=hub, blocks=8, kind="documents", record=DocumentOutcome, key="document_id")
        places = read | beam.FlatMapTuple(lambda block, batch: [(block, one.place) for one in batch])
        assert_that(places, equal_to([(0, one.place) for one in empty]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"format": "xml"}, "format: 'xml' for Persona; there are avro, jsonl"),
        ({"shards": 0}, "shards: 0"),
        ({"prefix": "my-personas"}, "prefix"),
        ({"record": Sample}, "format: 'avro' for Sample; there are jsonl"),
    ],
)
def test_a_wrong_value_is_named_at_construction(wrong: dict, message: str) -> None:
    right = {"output": "x", "folder": "hub/0001-aa", "prefix": "personas", "record": Persona, "shards": 4}
    with pytest.raises(ValueError, match=message):
        WriteRecords(**(right | wrong))
