"""SolveTask: a model is given the problem of a sample, and nothing else of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.parsing import parse_json
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.prompts import Prompt, load_prompt
from persona_hub.transforms.records import Sample
from persona_hub.transforms.synthesis.use_case import UseCase

SOLVE = "solve"
SOLVE_SAMPLING = Sampling(max_tokens=2048)  # the working stands in it
ANSWER = "answer"
STATED = "stated"  # for the rules of the offline model, which can solve nothing: no prompt has it
SOLVE_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"working": {"type": "string"}, ANSWER: {"type": "string"}},
        "required": ["working", ANSWER],
        "additionalProperties": False,
    }
)


@dataclass(frozen=True)
class Ballot:
    """The answer of a model that saw the problem of a sample alone."""

    persona_id: str
    number: int  # of the sample
    draw: int  # of the answers to its problem, from 0
    answer: str


def solve_prompt(prompt_dir: str = "") -> Prompt:
    """The prompt `solve`. Raises PromptError."""
    problem = frozenset({"problem"})
    return load_prompt(SOLVE, problem, prompt_dir, required=problem)


@dataclass(frozen=True, kw_only=True)
class SolveTask:
    """Sample -> as many questions as answers are wanted; answer -> Ballot."""

    use_case: UseCase
    prompt: Prompt
    draws: int = 1
    sampling: Sampling = SOLVE_SAMPLING

    def __post_init__(self) -> None:
        if not self.use_case.question or not self.use_case.answer:
            raise InvalidInputError(
                f"use case {self.use_case.name}: states no answer that a model could be asked for; prove it by "
                "--verify program"
            )

    def requests(self, sample: Sample) -> list[Request]:
        """One question for each draw; a seed is another one for each, else all draws would be one."""
        values = {"problem": self.use_case.question_of(sample)}
        system, user = self.prompt.render(values)
        first = Request(
            task=SOLVE,
            system=system,
            prompt=user,
            prompt_hash=self.prompt.prompt_hash,
            sampling=self.sampling,
            schema=SOLVE_SCHEMA,
            values={**values, STATED: self.use_case.answer_of(sample)},
            subject=sample.persona_id,
        )
        return [replace(first, number=draw, sampling=drawn(self.sampling, draw)) for draw in range(self.draws)]

    def parse(self, sample: Sample, request: Request, completion: Completion, model: str) -> Ballot:
        """The ballot in an answer. Raises MalformedAnswer."""
        fields = parse_json(completion.text, SOLVE_SCHEMA, check_answered, self.prompt.text)
        return Ballot(sample.persona_id, sample.number, request.number, fields[ANSWER].strip())

    def key(self, sample: Sample) -> str:
        """Id of the persona."""
        return sample.persona_id


def drawn(sampling: Sampling, draw: int) -> Sampling:
    """The sampling of one draw."""
    return sampling if sampling.seed is None else replace(sampling, seed=sampling.seed + draw)


def check_answered(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for no answer at all."""
    if not fields[ANSWER].strip():
        raise MalformedAnswer(f"{ANSWER!r} is empty")
