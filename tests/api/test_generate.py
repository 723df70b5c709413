"""Generate on plain records: the question, the parser, and what is refused before anything runs."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamTestPipeline
from apache_beam.testing.util import assert_that, equal_to

from persona_hub import Generate, ModelConfig
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.prompts import PromptError
from tests.servers.models.launch import FakeServer


def ask(**changes: Any) -> Generate:
    """A question to a server's model."""
    given = {"prompt": "Who reads $text?", "values": lambda text: {"text": text}, "parse": lambda text, _: text}
    return Generate(**{**given, "model": ModelConfig(name="openai:any"), **changes})


@pytest.fixture
def model(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> ModelConfig:
    """The fake server's."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    return ModelConfig(name="openai:any", base_url=server.url)


def test_each_record_gives_a_result(model: ModelConfig) -> None:
    with BeamTestPipeline() as p:
        answers = p | beam.Create(["a letter", "a map"]) | ask(model=model)
        assert_that(answers.results, equal_to(["a letter", "a map"]))
        assert_that(answers.dead_letters, equal_to([]), "DeadLetters")


def test_what_the_parser_refuses_is_a_dead_letter(model: ModelConfig) -> None:
    def refuse(_: str, answer: str) -> str:
        raise KeyError("verdict")

    with BeamTestPipeline() as p:
        letters = (p | beam.Create(["a map"]) | ask(model=model, parse=refuse, name="verdicts")).dead_letters
        seen = letters | beam.Map(lambda one: (one.stage, one.reason, one.detail))
        assert_that(seen, equal_to([("verdicts", "malformed", "KeyError: 'verdict'")]))


def test_a_broken_prompt_is_refused_at_construction() -> None:
    with pytest.raises(PromptError, match="begins no placeholder"):
        ask(prompt="It costs 5$")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("offline", "^model offline: it answers only this project's own prompts; .*base_url.*OpenAI protocol"),
        ("gpt", "^model gpt: no backend 'gpt'; there are gemini, .*openai, "),
    ],
)
def test_a_model_without_a_server_is_refused_at_construction(name: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        ask(model=ModelConfig(name=name))
