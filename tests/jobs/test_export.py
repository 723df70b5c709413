"""`persona-hub export`: files for others to read."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest

from persona_hub.pipelines.commands.export import export
from persona_hub.transforms.hub.manifest import HubError, Manifest, RunManifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.records import Persona, Sample, as_dict, persona_id
from persona_hub.transforms.wire.batches import Batch

TEXTS = [f"a keeper of {n} bees\nand 🐝 \0 \u202eعسل" for n in range(25)]
PERSONAS = sorted(
    (Persona(persona_id(t), t, "text", 0, "", "read", "0" * 32, "s", "en", "offline", "abc") for t in TEXTS),
    key=lambda one: one.persona_id,
)
SAMPLES = [Sample(p.persona_id, p.text, "math", "2 + 2?", "d", "offline", "abc", 0, 10, 20) for p in PERSONAS[:3]]


@pytest.fixture
def hub(tmp_path: Path) -> str:
    output = str(tmp_path / "hub")
    entry = write_shard(output, "hub/0001-aa", "personas-0", Persona, "avro", [Batch(PERSONAS)])
    publish(output, Manifest(version="0001-aa", fingerprint="aa"), [entry], {})
    return output


def synthesize(output: str, run: str) -> None:
    entry = write_shard(output, f"samples/math/{run}", "samples-0", Sample, "jsonl", [Batch(SAMPLES)])
    publish(output, RunManifest(run=run, hub_version="0001-aa"), [entry], {})


def lines(file: Path) -> list[dict]:
    return [orjson.loads(line) for line in file.read_bytes().split(b"\n")[:-1]]


def test_json_lines_are_as_the_authors_released_theirs(hub: str) -> None:
    synthesize(hub, "one")
    synthesize(hub, "two")
    done = export(hub, ["jsonl"])
    folder = Path(hub, "export", "0001-aa")
    assert done.folder == str(folder)
    assert {(entry.path, entry.records) for entry in done.files} == {("persona.jsonl", 25), ("math.jsonl", 6)}
    assert lines(folder / "persona.jsonl") == [{"persona": one.text} for one in PERSONAS]
    assert lines(folder / "math.jsonl") == 2 * [
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
