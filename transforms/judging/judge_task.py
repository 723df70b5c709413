"""JudgeTask: a model gives a sample points, by a rubric."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.judging.rubric import COMMENT, Rubric, default_rubric
from persona_hub.transforms.llm.parsing import parse_json
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.prompts import Prompt, load_prompt
from persona_hub.transforms.records import Sample, excerpt

JUDGE_PROMPT = "judge"
JUDGE_SAMPLING = Sampling(max_tokens=512)
COMMENT_CHARACTERS = 500  # of a judge's words, in a sample's row
RUBRIC_VALUES = frozenset({"rubric", "form"})  # that stand in a prompt for good, so that its hash covers them


def judge_prompt(rubric: Rubric, prompt_dir: str = "") -> Prompt:
    """The prompt `judge` with a rubric in it. Raises PromptError."""
    values = frozenset({"persona", "sample"}) | RUBRIC_VALUES
    prompt = load_prompt(JUDGE_PROMPT, values, prompt_dir, required=frozenset({"sample", "rubric"}))
    return prompt.with_values({"rubric": rubric.text, "form": rubric.form})


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A model that judges, what it looks at, and from which score on a sample is good."""

    model: ModelConfig
    min_score: float = 0.0  # 0 to 1
    rubric: Rubric = field(default_factory=default_rubric)
    prompt: Prompt | None = None  # with the rubric in it; None: the packaged one
    sampling: Sampling = JUDGE_SAMPLING

    def __post_init__(self) -> None:
        if not 0 <= self.min_score <= 1:
            raise InvalidInputError(f"--min_score {self.min_score:g}: must be from 0 to 1")
        if self.prompt is None:
            object.__setattr__(self, "prompt", judge_prompt(self.rubric))

    @property
    def task(self) -> JudgeTask:
        """What it is asked."""
        return JudgeTask(self.rubric, self.prompt or judge_prompt(self.rubric), self.sampling)


@dataclass(frozen=True)
class JudgeTask:
    """Sample -> one question; answer -> the sample with its scores."""

    rubric: Rubric
    prompt: Prompt
    sampling: Sampling = JUDGE_SAMPLING

    def requests(self, sample: Sample) -> list[Request]:
        """The question."""
        values = {"persona": sample.persona, "sample": sample.text}
        system, user = self.prompt.render(values)
        return [
            Request(
                task=JUDGE_PROMPT,
                system=system,
                prompt=user,
                prompt_hash=self.prompt.prompt_hash,
                sampling=self.sampling,
                schema=self.rubric.schema,
                values=values,
                subject=sample.persona_id,
            )
        ]

    def parse(self, sample: Sample, request: Request, completion: Completion, model: str) -> Sample:
        """The sample with its scores. Raises MalformedAnswer."""
        points = parse_json(completion.text, self.rubric.schema, asked=self.prompt.text)
        return replace(sample, scores=scores_row(self.rubric, points, model))

    def key(self, sample: Sample) -> str:
        """Id of the persona."""
        return sample.persona_id


def scores_row(rubric: Rubric, points: Mapping[str, Any], judge: str) -> str:
    """`Sample.scores`: a JSON object of judge, score (0 to 1), points (1 to 5) by criterion, and the judge's words."""
    row = {
        "judge": judge,
        "score": rubric.score(points),
        "points": {one.name: points[one.name] for one in rubric.criteria},
        COMMENT: excerpt(points[COMMENT], COMMENT_CHARACTERS),
    }
    return json.dumps(row, ensure_ascii=False)


def score_of(sample: Sample) -> float | None:
    """The score that a judge gave a sample, None where none did."""
    return float(json.loads(sample.scores)["score"]) if sample.scores else None
