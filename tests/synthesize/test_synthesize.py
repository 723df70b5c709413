"""Synthesize: every persona ends as so many samples or dead letters."""

from __future__ import annotations

from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request
from persona_hub.transforms.llm.registry import SERVED_BACKENDS
from persona_hub.transforms.records import Persona, Sample, persona_id
from persona_hub.transforms.synthesis.use_cases import load_use_case
from persona_hub.transforms.synthesize.sample_task import SynthesizeTask, require_of_its_own
from persona_hub.transforms.synthesize.synthesize import Synthesize
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
        fields='{"instruction": "Explain oil."}',
    )
    with pytest.raises(MalformedAnswer):
        task.parse(CLOCKMAKER, request, Completion("I cannot."), "openai:m")
    assert task.key(CLOCKMAKER) == CLOCKMAKER.persona_id


def test_a_sample_does_not_speak_of_the_persona() -> None:
    task = SynthesizeTask(use_case=INSTRUCTION, samples_per_persona=1, sampling=None)
    [request] = task.requests(CLOCKMAKER)
    answer = Completion('{"instruction": "Explain to the persona above how oil ages."}')
    with pytest.raises(MalformedAnswer, match="persona above"):
        task.parse(CLOCKMAKER, request, answer, "m")
    free = replace(task, use_case=replace(INSTRUCTION, stands_alone=False))
    assert free.parse(CLOCKMAKER, request, answer, "m").text.startswith("Explain")
    marketer = persona("A marketer who sketches personas")
    question = Completion('{"instruction": "What does the persona read on Sundays?"}')
    assert task.parse(marketer, request, question, "m").text == "What does the persona read on Sundays?"


@pytest.mark.parametrize(
    ("sample", "repeats"),
    [
        ("Describe a clockmaker who winds the town hall clock on Mondays", True),
        ("A clockmaker who winds the town hall clock on Mondays", True),
        ("a clockmaker who winds the town hall clock, on Mondays. He is a clockmaker in a town hall.", True),
        ("A clockmaker who winds the town hall clock on Mondays needs 90 turns of a crank of 30 cm radius. How far does"
         " her hand travel in a year of 52 weeks, and how high does a weight of 40 kg rise?", False),
        ("How many turns does the clock need?", False),
    ],
)  # fmt: skip
def test_the_persona_itself_is_no_sample(sample: str, repeats: bool) -> None:
    assert of_its_own(sample, "A clockmaker who winds the town hall clock on Mondays") is not repeats
    assert of_its_own("A chef has 9 eggs", "A chef")


def of_its_own(sample: str, persona: str) -> bool:
    try:
        require_of_its_own(sample, persona)
    except MalformedAnswer:
        return False
    return True


def test_a_sample_in_a_loop_is_malformed() -> None:
    assert not of_its_own("The clock strikes and the hand moves on, " * 12, "A clockmaker")
    assert of_its_own("The clock strikes. " * 3, "A clockmaker")
    assert of_its_own(" ".join(f"The clock strikes {n} and the hand moves to {n}." for n in range(12)), "A clockmaker")


@pytest.mark.parametrize(("stands_alone", "kept"), [(True, 1), (False, 3)])
def test_personas_with_one_sample_in_common(monkeypatch: pytest.MonkeyPatch, stands_alone: bool, kept: int) -> None:
    monkeypatch.setitem(SERVED_BACKENDS, "same", f"{__name__}:Same")
    use_case = replace(INSTRUCTION, stands_alone=stands_alone)
    given = Batch([persona(f"A clockmaker in town {n}") for n in range(3)])
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        personas = pipeline | beam.Create([given])
        made = personas | Synthesize(use_case=use_case, model=ModelConfig("same"))
        samples = made.samples | "S" >> beam.FlatMap(lambda batch: [s.persona_id for s in batch])
        rejected = made.rejected | "R" >> beam.FlatMap(lambda batch: [(r.reason, r.persona_id) for r in batch])
        counts = made.counts | beam.Flatten() | beam.FlatMap(lambda count: [count[0][1]] * count[1])
        ids = sorted(one.persona_id for one in given)
        assert_that(samples, equal_to(ids[:kept]), "samples")
        assert_that(rejected, equal_to([("near-duplicate-sample", key) for key in ids[kept:]]), "rejected")
        wanted = ["asked", "answered", "samples"] * 3 + ["accepted"] * kept
        assert_that(counts, equal_to(wanted + ["rejected-near-duplicate-sample"] * (3 - kept)), "counts")


class Same:
    """A model that has one answer."""

    def __init__(self, config: ModelConfig):
        pass

    async def complete(self, request: Request) -> Completion:
        return Completion('{"instruction": "Tell me how to oil the clock of a church tower in frost."}')

    async def close(self) -> None:
        pass


def test_the_samples_of_a_persona_differ_in_their_number_alone() -> None:
    requests = SynthesizeTask(use_case=INSTRUCTION, samples_per_persona=3, sampling=None).requests(CLOCKMAKER)
    assert [request.number for request in requests] == [0, 1, 2]
    assert len({(request.system, request.prompt) for request in requests}) == 1


@pytest.mark.parametrize("number", [0, -1, 1001])
def test_a_wrong_number_fails_before_anything_starts(number: int) -> None:
    with pytest.raises(ValueError, match=f"--samples_per_persona {number}: must be in 1..1000"):
        Synthesize(use_case=INSTRUCTION, model=ModelConfig(), samples_per_persona=number)


class Echo:
    """A model that knows what to tell a clockmaker."""

    def __init__(self, config: ModelConfig):
        pass

    async def complete(self, request: Request) -> Completion:
        knows = "clockmaker" in request.values["persona"]
        return Completion('{"instruction": "Wind it with the small key."}' if knows else "I do not know.")

    async def close(self) -> None:
        pass


def test_each_persona_ends_as_samples_or_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVED_BACKENDS, "echo", f"{__name__}:Echo")
    good, bad = persona("A clockmaker"), persona("A diver")
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        personas = pipeline | beam.Create([Batch([good, bad])])
        made = personas | "Synthesize" >> Synthesize(
            use_case=INSTRUCTION, model=ModelConfig("echo"), samples_per_persona=2
        )
        samples = made.samples | "S" >> beam.FlatMap(lambda batch: [(s.persona_id, s.text, s.number) for s in batch])
        dead = made.dead_letters | "D" >> beam.FlatMap(lambda batch: [(d.stage, d.reason, d.key) for d in batch])
        wanted = [
            (good.persona_id, "Wind it with the small key.", 0),
            (good.persona_id, "Wind it with the small key.", 1),
        ]
        assert_that(samples, equal_to(wanted), "samples")
        assert_that(dead, equal_to([("synthesize_instruction", "malformed", bad.persona_id)] * 2), "dead letters")
