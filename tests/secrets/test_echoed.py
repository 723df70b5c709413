"""Servers that quote the key or the prompt: neither comes out in an answer, a dead letter, an error or a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from persona_hub.pipelines.runners.ending import ending
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.store.registry import open_store
from tests.helpers.asking import ask, records
from tests.servers.models.launch import FakeServer

KEY = "planted-key-4711-0815"


@pytest.fixture
def model(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelConfig:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    return ModelConfig(name="openai:m", base_url=server.url, store=f"sqlite:{tmp_path}/r.sqlite", timeout=20)


def test_a_key_in_an_answer_is_neither_given_nor_kept(server: FakeServer, model: ModelConfig) -> None:
    server.tell(script=[{"text": f"Your key is {KEY}, isn't it?"}])
    for config in (model, replace(model, store="")):
        answers, _ = ask(records(1), config)
        assert [answer.text for answer in answers] == ["Your key is [secret], isn't it?"]
    assert open_store(model.store).spend()["echo"].calls == 1
    server.tell()
    assert ask(records(1), model)[0][0].text == "Your key is [secret], isn't it?", "as it was stored"


def test_a_dead_letter_has_the_server_s_words_without_key_and_prompt(server: FakeServer, model: ModelConfig) -> None:
    question = "record " + "of a long and private letter, page after page " * 3
    said = f"No: {KEY} may not ask: Say {question}"
    server.tell(script=[{"word": "private", "status": 400, "json": {"error": {"message": said}}}])
    answers, dead = ask([*records(10), question], model)
    assert len(answers) == 10
    assert [letter.detail for letter in dead] == ["No: [secret] may not ask: [prompt]"]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_the_request_is_one_line_with_words_and_remedy(
    server: FakeServer, model: ModelConfig, workers: int
) -> None:
    message = f"Unsupported value:\n'temperature' must be 1\r\nfor key {KEY}"
    error = {"message": message, "param": "temperature", "code": "unsupported_value"}
    server.tell(script=[{"status": 400, "json": {"error": error}}])
    with pytest.raises(Exception, match="Unsupported") as caught:
        ask(records(40), model, workers=workers)
    line = str(ending(caught.value))
    assert "\n" not in line
    assert "http-400: Unsupported value: 'temperature' must be 1 for key [secret]" in line
    assert "--temperature" in line
    assert KEY not in str(caught.value)
    assert server.counts()["calls"] <= 40
