"""What others read: `datasets`, a trainer's chat template, and Croissant, of every form in both formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from tests.helpers.data_sets.made import CLUSTER_OF, PERSONAS, whole_hub
from tests.helpers.data_sets.reading import read_by_others
from tests.servers.hub_card import faults_of_card, front_matter_of

FORMS = ("chat", "alpaca", "released", "preference")
USE_CASES = {"alpaca": "math,tool", "released": "math", "preference": "math"}  # of chat all; each takes its time
PERSONA = {one.persona_id: one for one in PERSONAS}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """{form and format: the folder of the data set}; of alpaca both formats in one, too."""
    place = tmp_path_factory.mktemp("sets")
    hub = whole_hub(str(place / "hub"))
    found = {}
    for form in FORMS:
        for formats in ("jsonl", "parquet", *(["jsonl,parquet"] if form == "alpaca" else [])):
            name = f"{form} {formats}"
            found[name] = str(place / name)
            command = ["export", "--hub", hub, "--form", form, "--format", formats, "--output", found[name]]
            command += ["--use_case", USE_CASES[form]] if form in USE_CASES else []
            assert main([*command, "--test_share", "0.2", "--license", "CC-BY-4.0"]) == DONE
    return found


@pytest.fixture(scope="module")
def read(folders: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the libraries read, all in one process: they take seconds to start."""
    return read_by_others(folders, tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("form", FORMS)
def test_both_formats_load_with_the_same_rows(read: dict[str, Any], form: str) -> None:
    lines, parquet = read[f"{form} jsonl"], read[f"{form} parquet"]
    assert lines["rows"] == parquet["rows"]
    assert lines["features"] == parquet["features"]
    every = "game_npc,instruction,knowledge_text,latin,logical_reasoning,math,tool"
    assert ",".join(sorted(lines["rows"])) == USE_CASES.get(form, every)
    assert all(set(splits) == {"train", "test"} for splits in lines["rows"].values())


def test_where_both_formats_lie_in_one_folder_they_do_not_mix(read: dict[str, Any]) -> None:
    assert read["alpaca jsonl,parquet"]["rows"] == read["alpaca parquet"]["rows"]


@pytest.mark.parametrize("form", FORMS)
def test_the_rows_are_those_of_the_files(read: dict[str, Any], folders: dict[str, str], form: str) -> None:
    name = f"{form} jsonl"
    for use_case, splits in read[name]["rows"].items():
        for split, rows in splits.items():
            lines = Path(folders[name], f"{use_case}-{split}.jsonl").read_text("utf-8").splitlines()
            assert rows == [json.loads(line) for line in lines]


@pytest.mark.parametrize("form", FORMS)
def test_lineage_leads_to_persona_document_prompt_and_proof(read: dict[str, Any], form: str) -> None:
    rows = [row for rows in read[f"{form} jsonl"]["rows"]["math"].values() for row in rows]
    for row in rows:
        known = row["lineage"]
        persona = PERSONA[known["persona_id"]]
        assert (known["persona"], known["hop"], known["source"]) == (persona.text, persona.hop, persona.source)
        assert (known["document_id"], known["cluster"]) == (persona.document_id, CLUSTER_OF[persona.persona_id])
        assert json.loads(known["parameters"]) == {"llm": "openai:m", "temperature": 0.7, "seed": 0}
        assert (known["prompt_hash"], known["model"], known["run"]) == ("abc", "m", "0001-aa-11")
        assert known["usage"] == {"input_tokens": 10, "output_tokens": 20}
        assert known["proof"]["kind"] == "program"
        assert known["proof"]["agreed"] == 1
        assert row["license"] == "CC-BY-4.0"


@pytest.mark.parametrize("form", FORMS)
def test_no_cluster_and_no_text_is_in_both_splits(read: dict[str, Any], form: str) -> None:
    clusters: dict[str, set[str]] = {"train": set(), "test": set()}
    texts: dict[str, set[str]] = {"train": set(), "test": set()}
    for splits in read[f"{form} jsonl"]["rows"].values():
        for split, rows in splits.items():
            clusters[split] |= {row["lineage"]["cluster"] for row in rows}
            texts[split] |= {text for row in rows for text in strings({**row, "lineage": None, "license": None})}
    assert clusters["train"].isdisjoint(clusters["test"])
    both = {text for text in texts["train"] & texts["test"] if len(text.split()) >= 8}
    assert not [text for text in both if "parameters" not in text], "schemas of functions may be in both"


def strings(value: Any) -> list[str]:
    """The texts in a row, but what all rows share."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


def test_chat_rows_pass_a_chat_template(read: dict[str, Any]) -> None:
    for formats in ("jsonl", "parquet"):
        found = read[f"chat {formats}"]
        for use_case, rendered in found["rendered"].items():
            rows = [row for rows in found["rows"][use_case].values() for row in rows]
            assert len(rendered) == len(rows)
            for text, row in zip(rendered, rows, strict=True):
                assert text.count("<|im_start|>assistant") == sum(m["role"] == "assistant" for m in row["messages"])
                assert text.endswith("<|im_end|>\n")
        assert '<tool_call>{"name": "count_bees", "arguments": {"hive": "h' in "".join(found["rendered"]["tool"])
        assert '"parameters": {"type": "object", "properties": {"kilograms"' in "".join(found["rendered"]["tool"])


@pytest.mark.parametrize("form", FORMS)
def test_croissant_is_valid_and_leads_to_the_rows(read: dict[str, Any], form: str) -> None:
    for formats in ("jsonl", "parquet"):
        found = read[f"{form} {formats}"]
        assert found["issues"] == []
        counts: dict[str, int] = {}
        for record_set, records in found["records"].items():
            use_case, split = record_set.split("-")[:2]
            counts[f"{use_case}-{split}"] = counts.get(f"{use_case}-{split}", 0) + len(records)
        assert counts == {
            f"{use_case}-{split}": len(rows)
            for use_case, splits in found["rows"].items()
            for split, rows in splits.items()
        }


@pytest.mark.parametrize("form", FORMS)
def test_the_card_is_what_the_hub_takes(read: dict[str, Any], folders: dict[str, str], form: str) -> None:
    for formats in ("jsonl", "parquet"):
        card = Path(folders[f"{form} {formats}"], "README.md").read_text("utf-8")
        assert faults_of_card(card) == []
        told = front_matter_of(card)
        assert (told["license"], told["language"], told["size_categories"]) == ("cc-by-4.0", ["en"], ["n<1K"])
        for info in told["dataset_info"]:
            assert read[f"{form} {formats}"]["features"][info["config_name"]] == info["features"]
