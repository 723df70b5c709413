"""Generate: the one transform that calls language models, in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from transforms.llm.protocol import Completion, LanguageModel, MalformedAnswer, ModelConfig, ModelError, Request, Task
from transforms.llm.registry import open_model
from transforms.records import Batch, DeadLetter, excerpt
from transforms.tally import Tally

DEAD_LETTERS = "dead_letters"


class Generated(NamedTuple):
    """What came of the questions of one step."""

    results: beam.PCollection[Batch[Any]]
    dead_letters: beam.PCollection[Batch[DeadLetter]]


@dataclass(kw_only=True)
class Generate(beam.PTransform):
    """Batch of records -> batch of what `task` makes of a model's answers, and dead letters for the rest."""

    stage: str
    task: Task[Any, Any]
    model: ModelConfig

    def expand(self, records: beam.PCollection[Batch[Any]]) -> Generated:
        """Asks every question of every record."""
        out = records | "Ask" >> beam.ParDo(GenerateDoFn(self.stage, self.task, self.model)).with_outputs(
            DEAD_LETTERS, main="results"
        )
        return Generated(out.results, out[DEAD_LETTERS])


class GenerateDoFn(beam.DoFn):
    """Asks the questions of a batch together, at most `max_in_flight` at a time."""

    def __init__(self, stage: str, task: Task[Any, Any], model: ModelConfig):
        self.stage, self.task, self.model = stage, task, model
        self.tally = Tally(stage)

    def process(self, batch: Batch[Any]) -> Iterator[Any]:
        """One batch of results and, where there are any, one of dead letters."""
        asked = [(record, request) for record in batch for request in self.task.requests(record)]
        answers = asyncio.run(answer_all(self.model, [request for _, request in asked]))
        results: Batch[Any] = Batch()
        dead: Batch[DeadLetter] = Batch()
        for (record, request), answer in zip(asked, answers, strict=True):
            if isinstance(answer, ModelError):
                dead.append(DeadLetter(self.stage, answer.reason, self.task.key(record), answer.detail))
                continue
            try:
                results.append(self.task.parse(record, request, answer, self.model.name))
            except MalformedAnswer as error:
                key = self.task.key(record)
                dead.append(DeadLetter(self.stage, "malformed", key, str(error), excerpt(answer.text)))
        self.tally.inc("asked", len(asked))
        self.tally.inc("answered", len(results))
        self.tally.inc("lost", len(dead))
        if results:
            yield results
        if dead:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, dead)


async def answer_all(config: ModelConfig, requests: Sequence[Request]) -> list[Completion | ModelError]:
    """The answer to each request, in their order."""
    model: LanguageModel = open_model(config)
    slots = asyncio.Semaphore(config.max_in_flight)

    async def answer(request: Request) -> Completion | ModelError:
        async with slots:
            try:
                return await model.complete(request)
            except ModelError as error:
                return error

    try:
        return await asyncio.gather(*map(answer, requests))
    finally:
        await model.close()
