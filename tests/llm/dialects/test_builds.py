"""Whole builds through servers of other dialects: how they end, what a second run sends."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, FAILED
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.store.registry import open_store
from tests.helpers.hubs import personas
from tests.helpers.paid import corpus_of, paying, spend
from tests.servers.models.launch import FakeServer

DOCUMENTS = 12


def build(server: FakeServer, folder: Path, *flags: str) -> int:
    """The exit code of a build of documents alone."""
    corpus = folder / "corpus.jsonl"
    if not corpus.exists():
        corpus_of(folder, DOCUMENTS)
    place = ["--input", str(corpus), "--output", str(folder / "out"), "--expand_hops", "0"]
    return main(["build", *place, *paying(server, folder), *flags])


@pytest.mark.parametrize(
    "refused",
    [["max_tokens"], ["json_schema"], ["json_schema", "json_object"], ["max_tokens", "json_schema", "json_object"]],
    ids=" ".join,
)
def test_a_server_of_another_dialect_makes_the_same_hub(
    server: FakeServer, tmp_path: Path, refused: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    places = ["harbour", "orchard", "foundry", "glacier", "apiary", "tannery"]
    answers = {
        f"part {i}:": [json.dumps({"persona": f"A keeper of the {places[i % 6]} who logs the weather of year {i}."})]
        for i in range(DOCUMENTS)
    }
    server.tell(refuses_fields=refused, answers=answers)
    assert build(server, tmp_path) == DONE
    assert len(personas(tmp_path / "out")) >= 1
    counts = open_hub(str(tmp_path / "out")).manifest.counts["extract_persona"]
    assert counts["answered"] == counts["asked"] == DOCUMENTS
    outcomes = server.outcomes()
    assert outcomes["answered"] == DOCUMENTS
    assert all(1 <= outcomes[f"refused {part}"] <= DOCUMENTS for part in refused)
    assert sum(row.calls for row in spend(tmp_path / "out").values()) == DOCUMENTS, "refused calls are not paid for"
    assert [message for message in caplog.messages if "this server is sent" in message] == caplog.messages
    assert len(caplog.messages) == 1
    assert build(server, tmp_path) == DONE
    assert server.outcomes() == outcomes, "a second run sends nothing"


def test_a_value_of_the_use_case_is_dropped_and_one_of_the_user_is_not(
    server: FakeServer, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    server.tell(refuses_fields=["temperature"])
    assert build(server, tmp_path, "--temperature", "0.5") == FAILED
    err = capfd.readouterr().err
    assert "--temperature" in err
    assert "is not supported with this model" in err, "the server's own words"
    assert not (tmp_path / "out" / "CURRENT").exists()
    use_case = tmp_path / "riddle.yaml"
    lines = [
        "name: riddle",
        "description: riddle",
        "output_prefix: 'Riddle:'",
        "sampling: {temperature: 0.9, max_tokens: 99}",
        "prompt: |",
    ]
    use_case.write_text("\n".join([*lines, "  Invent.", "  ---", "  A riddle for $persona, as Riddle: ...", ""]))
    server.tell(refuses_fields=["temperature"], answers={"A riddle for": ["Riddle: what has roots that nobody sees?"]})
    assert build(server, tmp_path, "--use_case", str(use_case)) == DONE
    assert "is sent no temperature" in caplog.text
    assert server.outcomes()["refused temperature"] <= DOCUMENTS


def test_half_sentences_become_no_personas(server: FakeServer, tmp_path: Path) -> None:
    rule = {"every": 2, "text": "Persona: A ferry pilot who keeps tide tables and", "finish": "length"}
    server.tell(script=[{"word": "be shorter", **rule, "every": 1}, rule])
    build(server, tmp_path)
    assert not [one for one in personas(tmp_path / "out") if one.text.endswith(" and")]
    assert open_hub(str(tmp_path / "out")).manifest.counts["extract_persona"]["lost-malformed"] == DOCUMENTS / 2


def test_a_build_whose_answers_are_all_thoughts_publishes_nothing_and_names_the_flag(
    server: FakeServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rule = {
        "text": "",
        "message": {"content": None, "reasoning_content": "Who would read this? " * 40},
        "finish": "length",
    }
    server.tell(script=[rule])
    assert build(server, tmp_path) == FAILED
    assert "raise --max_tokens" in capfd.readouterr().err
    assert server.counts()["calls"] <= DOCUMENTS
    assert not (tmp_path / "out" / "CURRENT").exists()
    server.say([])
    assert build(server, tmp_path, "--max_tokens", "4000") == DONE


def test_a_budget_of_tokens_is_reached_where_the_server_counts_none(server: FakeServer, tmp_path: Path) -> None:
    server.tell(script=[{"usage": "none"}])
    assert build(server, tmp_path, "--budget_tokens", "3500", "--max_in_flight", "1") == BUDGET_SPENT
    hub = open_hub(str(tmp_path / "out"))
    assert hub.manifest.partial
    with closing(open_store(f"sqlite:{tmp_path / 'out' / 'responses.sqlite'}")) as store:
        [row] = store.spend().values()
    assert row.estimated == row.calls == server.counts()["paid"] < DOCUMENTS
    assert 1000 < row.input_tokens + row.output_tokens <= 3500


def test_the_extra_body_decides_what_is_asked(server: FakeServer, tmp_path: Path) -> None:
    low = '--llm_extra_body={"reasoning_effort": "low"}'
    assert build(server, tmp_path, low) == DONE
    assert {body["reasoning_effort"] for body in server.bodies()} == {"low"}
    assert json.loads(open_hub(str(tmp_path / "out")).manifest.parameters["llm_extra_body"]) == {
        "reasoning_effort": "low"
    }
    assert build(server, tmp_path, low) == DONE
    assert server.counts()["calls"] == DOCUMENTS
    assert build(server, tmp_path) == 2, "another build on the same output"
