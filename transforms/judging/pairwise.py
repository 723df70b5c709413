"""JudgePairs: which of two samples a judge holds for better, asked in both orders, since judges favour a place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import COMPARE
from persona_hub.transforms.judging.judge_task import JUDGE_SAMPLING, RUBRIC_VALUES
from persona_hub.transforms.judging.rubric import COMMENT, Rubric, default_rubric
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.parsing import parse_json
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.prompts import Prompt, load_prompt
from persona_hub.transforms.records import DeadLetter, Sample, content_id
from persona_hub.transforms.wire.batches import Batch

COMPARE_PROMPT = "compare"
FIRST, SECOND, TIE = "first", "second", "neither"
ORDERS = 2
PLACES = frozenset({"persona", "first", "second"})
COMPARE_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {COMMENT: {"type": "string"}, "better": {"type": "string", "enum": [FIRST, SECOND, TIE]}},
        "required": [COMMENT, "better"],
        "additionalProperties": False,
    }
)


def compare_prompt(rubric: Rubric, prompt_dir: str = "") -> Prompt:
    """The prompt `compare` with a rubric in it. Raises PromptError."""
    required = frozenset({"first", "second", "rubric"})
    prompt = load_prompt(COMPARE_PROMPT, PLACES | RUBRIC_VALUES, prompt_dir, required=required)
    weights = "\n".join(f"- {one.name} (weight {one.weight:g}): {one.text}" for one in rubric.criteria)
    return prompt.with_values({"rubric": weights, "form": ""})


@dataclass(frozen=True)
class Pair:
    """Two samples of one persona and use case."""

    first: Sample
    second: Sample

    @property
    def pair_id(self) -> str:
        """32 hex digits of both texts."""
        return content_id(f"{self.first.text}\0{self.second.text}")


@dataclass(frozen=True)
class JudgedPair:
    """A pair, and which of it is better: "first", "second" or "neither"."""

    pair: Pair
    better: str
    consistent: bool  # whether the judge said the same in both orders


@dataclass(frozen=True)
class Opinion:
    """What a judge said of a pair in one order; `better` is of the pair's own order."""

    pair: Pair
    order: int  # 0: as the pair has them, 1: the other way round
    better: str


class JudgedPairs(NamedTuple):
    """What came of the pairs."""

    pairs: beam.PCollection[Batch[JudgedPair]]
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every question is answered or lost."""
        return (Equation(COMPARE, "asked", ("answered", "lost-*")),)


@dataclass(frozen=True)
class CompareTask:
    """Pair -> two questions, one for each order; answer -> Opinion."""

    prompt: Prompt
    sampling: Sampling = JUDGE_SAMPLING

    def requests(self, pair: Pair) -> list[Request]:
        """The questions."""
        return [self.request(pair, order) for order in range(ORDERS)]

    def request(self, pair: Pair, order: int) -> Request:
        """The question in one order. Its number is the order: equal texts ask one thing twice."""
        shown = (pair.first.text, pair.second.text)
        values = {"persona": pair.first.persona, "first": shown[order], "second": shown[1 - order]}
        system, user = self.prompt.render(values)
        return Request(
            task=COMPARE_PROMPT,
            system=system,
            prompt=user,
            prompt_hash=self.prompt.prompt_hash,
            sampling=self.sampling,
            schema=COMPARE_SCHEMA,
            number=order,
            values=values,
            subject=pair.first.persona_id,
        )

    def parse(self, pair: Pair, request: Request, completion: Completion, model: str) -> Opinion:
        """The opinion. Raises MalformedAnswer."""
        better = parse_json(completion.text, COMPARE_SCHEMA, asked=self.prompt.text)["better"]
        other = {FIRST: SECOND, SECOND: FIRST}
        return Opinion(pair, request.number, other.get(better, better) if request.number else better)

    def key(self, pair: Pair) -> str:
        """Id of the persona."""
        return pair.first.persona_id


@dataclass(kw_only=True)
class JudgePairs(beam.PTransform):
    """Batch of pairs -> batch of judged pairs; where the orders disagree, neither is better.

    A pair of which an order has no answer is lost, with the dead letter of that answer.
    """

    model: ModelConfig
    rubric: Rubric = field(default_factory=default_rubric)
    prompt: Prompt | None = None  # with the rubric in it; None: the packaged one
    sampling: Sampling = JUDGE_SAMPLING

    def expand(self, pairs: beam.PCollection[Batch[Pair]]) -> JudgedPairs:
        """Asks in both orders, and brings the two together."""
        task = CompareTask(self.prompt or compare_prompt(self.rubric), self.sampling)
        answers = pairs | "Generate" >> Generate(stage=COMPARE, task=task, model=self.model)
        judged = (
            answers.results
            | "ByPair" >> beam.FlatMap(lambda batch: [(one.pair.pair_id, one) for one in batch])
            | "Together" >> beam.GroupByKey()
            | "Judge" >> beam.FlatMap(lambda element: judged_pairs(element[1])).with_output_types(Batch[JudgedPair])
        )
        counts = (
            *count_records(COMPARE, "asked", pairs, times=ORDERS),
            *count_records(COMPARE, "answered", answers.results),
        )
        return JudgedPairs(judged, answers.dead_letters, counts)


def judged_pairs(opinions: Iterable[Opinion]) -> Iterator[Batch[JudgedPair]]:
    """One pair of its two opinions, as often as it was asked about; none where one is lacking."""
    by_order: tuple[list[Opinion], list[Opinion]] = ([], [])
    for one in opinions:
        by_order[one.order].append(one)
    judged = Batch(
        JudgedPair(one.pair, one.better if one.better == other.better else TIE, one.better == other.better)
        for one, other in zip(*by_order, strict=False)
    )
    if judged:
        yield judged
