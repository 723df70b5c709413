"""Generate on plain records: the question, the parser, and what is refused before anything runs."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamTestPipeline
from apache_beam.testing.util import assert_that, equal_to

from persona_hub import Generate, ModelConfig
from persona_hub.transforms.prompts import PromptError


def ask(**changes: Any) -> Generate:
    """A question to the offline model."""
    given = {"prompt": "Who reads $text?", "values": lambda text: {"text": text}, "parse": lambda text, _: text}
    return Generate(**{**given, "model": ModelConfig(), **changes})


def test_each_record_gives_a_result() -> None:
    with BeamTestPipeline() as p:
        answers = p | beam.Create(["a letter", "a map"]) | ask()
        assert_that(answers.results, equal_to(["a letter", "a map"]))
        assert_that(answers.dead_letters, equal_to([]), "DeadLetters")


def test_what_the_parser_refuses_is_a_dead_letter() -> None:
    def refuse(_: str, answer: str) -> str:
        raise KeyError("verdict")

    with BeamTestPipeline() as p:
        letters = (p | beam.Create(["a map"]) | ask(parse=refuse, name="verdicts")).dead_letters
        seen = letters | beam.Map(lambda one: (one.stage, one.reason, one.detail))
        assert_that(seen, equal_to([("verdicts", "malformed", "KeyError: 'verdict'")]))


def test_a_broken_prompt_is_refused_at_construction() -> None:
    with pytest.raises(PromptError, match="begins no placeholder"):
        ask(prompt="It costs 5$")
