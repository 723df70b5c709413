"""Synthesize: every persona ends as so many samples or dead letters."""

from __future__ import annotations

import json

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request
from persona_hub.transforms.llm.registry import SERVED_BACKENDS
from persona_hub.transforms.records import Persona, Sample, persona_id
from persona_hub.transforms.synthesis.use_cases import load_use_case
from persona_hub.transforms.synthesize.synthesize import Synthesize, SynthesizeTask
from persona_hub.transforms.wire.batches import Batch


def persona(text: str) -> Persona:
    return Persona(persona_id(text), text, "text", 0, "", "like", "d0", "https://example.org", "en", "offline", "h0")


CLOCKMAKER = persona("A clockmaker")
INSTRUCTION = load_use_case("instruction")


def test_a_sample_says_whom_and_what_it_was_made_with() -> None:
    task = SynthesizeTask(use_case=INSTRUCTION, samples_per_persona=2, sampling=None)
    request = task.requests(CLOCKMAKER)[1]
    sample = task.parse(CLOCKMAKER, request, Completion('{"instruction": "Explain oil."}', 90, 7), "openai:m")
    assert sample == Sample(
        persona_id=CLOCKMAKER.persona_id,
        persona="A clockmaker",
        use_case="instruction",
        text="Explain oil.",
        description="instruction",
        model="openai:m",
        prompt_hash=INSTRUCTION.prompt.prompt_hash,
        number=1,
        input_tokens=90,
        output_tokens=7,
    )
    with pytest.raises(MalformedAnswer):
        task.parse(CLOCKMAKER, request, Completion("I cannot."), "openai:m")
    assert task.key(CLOCKMAKER) == CLOCKMAKER.persona_id


def test_the_samples_of_a_persona_differ_in_their_number_alone() -> None:
    requests = SynthesizeTask(use_case=INSTRUCTION, samples_per_persona=3, sampling=None).requests(CLOCKMAKER)
    assert [request.number for request in requests] == [0, 1, 2]
    assert len({(request.system, request.prompt) for request in requests}) == 1


@pytest.mark.parametrize("number", [0, -1, 1001])
def test_a_wrong_number_fails_before_anything_starts(number: int) -> None:
    with pytest.raises(ValueError, match=f"--samples_per_persona {number}: must be in 1..1000"):
        Synthesize(use_case=INSTRUCTION, model=ModelConfig(), samples_per_persona=number)


class Echo:
    """A model that answers what its persona says, if that is JSON."""

    def __init__(self, config: ModelConfig):
        pass

    async def complete(self, request: Request) -> Completion:
        return Completion(request.values["persona"])

    async def close(self) -> None:
        pass


def test_each_persona_ends_as_samples_or_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVED_BACKENDS, "echo", f"{__name__}:Echo")
    good, bad = persona(json.dumps({"instruction": "Wind it."})), persona("No JSON")
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        personas = pipeline | beam.Create([Batch([good, bad])])
        made = personas | "Synthesize" >> Synthesize(
            use_case=INSTRUCTION, model=ModelConfig("echo"), samples_per_persona=2
        )
        samples = made.samples | "S" >> beam.FlatMap(lambda batch: [(s.persona_id, s.text, s.number) for s in batch])
        dead = made.dead_letters | "D" >> beam.FlatMap(lambda batch: [(d.stage, d.reason, d.key) for d in batch])
        wanted = [(good.persona_id, "Wind it.", 0), (good.persona_id, "Wind it.", 1)]
        assert_that(samples, equal_to(wanted), "samples")
        assert_that(dead, equal_to([("synthesize_instruction", "malformed", bad.persona_id)] * 2), "dead letters")
