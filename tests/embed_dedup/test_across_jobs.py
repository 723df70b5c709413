"""Hubs built with --across_languages: refreshes go on so, and a takedown brings back the other languages."""

from __future__ import annotations

from pathlib import Path

import orjson

from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Duplicate
from tests.helpers.hubs import personas
from tests.material.translated_personas import translated_personas

FLAGS = ["--embedder", "use", "--embedding_threshold", "0.95", "--use_case", "none"]


def given(file: Path, texts: list[str]) -> str:
    file.write_bytes(b"".join(orjson.dumps({"persona": text}) + b"\n" for text in texts))
    return str(file)


def test_a_hub_holds_each_persona_once_whatever_the_language(tmp_path: Path) -> None:
    nurse, beekeeper = translated_personas()[0], translated_personas()[6]
    hub = str(tmp_path / "hub")
    first = given(tmp_path / "first.jsonl", [nurse["de"], nurse["ja"], nurse["ru"], beekeeper["en"]])
    assert main(["build", "--personas", first, "--output", hub, *FLAGS, "--across_languages"]) == 0
    manifest = open_hub(hub).manifest
    assert manifest.counts["embed_dedup"] == {"personas": 4, "kept": 2, "duplicate-language": 2}
    assert manifest.parameters["across_languages"] is True
    [kept] = {one.text for one in personas(Path(hub))} & set(nurse.values())

    second = given(tmp_path / "second.jsonl", [nurse["en"], beekeeper["zh"], beekeeper["fr"]])
    assert main(["refresh", "--hub", hub, "--personas", second]) == 0
    assert {one.text for one in personas(Path(hub))} == {kept, beekeeper["en"]}
    rows = {row.text: row for row in read_table(open_hub(hub), "duplicates", Duplicate)}
    by_text = {one.text: one.persona_id for one in personas(Path(hub))}
    assert {row.kind for row in rows.values()} == {"language"}
    assert {text: row.duplicate_of for text, row in rows.items()} == {
        **{text: by_text[kept] for text in (nurse["de"], nurse["ja"], nurse["ru"], nurse["en"]) if text != kept},
        **dict.fromkeys((beekeeper["zh"], beekeeper["fr"]), by_text[beekeeper["en"]]),
    }

    assert main(["takedown", "--hub", hub, "--source", first]) == 0
    left = {one.text for one in personas(Path(hub))}
    assert nurse["en"] in left
    assert len(left & {beekeeper["zh"], beekeeper["fr"]}) == len(left) - 1 == 1
