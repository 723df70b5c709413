"""Generate: the one transform that calls language models, in batches.

The window of calls spans the bundle: `process` asks the store, submits what is missing and yields what is complete;
`finish_bundle` drains. A barrier for each batch of 500 reached only 0.27 of the ideal throughput at 256 in flight.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.engines import acquire_engine, release_engine
from persona_hub.transforms.calls.metrics import CallMetrics
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.llm.bundle import Bundle
from persona_hub.transforms.llm.protocol import Completion, LanguageModel, MalformedAnswer, Task
from persona_hub.transforms.llm.registry import COMPLETIONS, answers_in_process, open_model
from persona_hub.transforms.records import DeadLetter, excerpt
from persona_hub.transforms.wire.batches import Batch

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
        asker = AskHere if answers_in_process(self.model) else AskModel
        out = records | "Ask" >> beam.ParDo(asker(self.stage, self.task, self.model)).with_outputs(
            DEAD_LETTERS, main="results"
        )
        return Generated(out.results, out[DEAD_LETTERS])


class AskModel(beam.DoFn):
    """Asks through the process's engine, at most `max_in_flight` at a time over all bundles."""

    def __init__(self, stage: str, task: Task[Any, Any], model: ModelConfig):
        self.stage, self.task, self.model = stage, task, model
        self.metrics = CallMetrics(stage)
        self.engine: Engine | None = None
        self.bundle: Bundle | None = None

    def setup(self) -> None:
        """Opens the process's engine, or joins its users."""
        self.engine = acquire_engine(self.model, COMPLETIONS)

    def start_bundle(self) -> None:
        """A bundle that never finished has failed."""
        self._abandon()
        if self.engine is None or self.engine.ended:
            self.teardown()
            self.setup()
        assert self.engine is not None
        self.bundle = Bundle(self.stage, self.task, self.model, self.engine)

    def process(self, batch: Batch[Any]) -> Iterator[Any]:
        """Submits a batch's questions and gives what is complete, of whichever batch."""
        assert self.bundle is not None
        try:
            self.bundle.ask(batch)
            for dead, answers in self.bundle.answers():
                yield beam.pvalue.TaggedOutput(DEAD_LETTERS, answers) if dead else answers
            self.metrics.report(self.bundle.window)
        except BaseException:  # a generator that is closed before its end, too: the step after it failed
            self._abandon()
            raise

    def finish_bundle(self) -> Iterator[Any]:
        """Waits for all that is still open."""
        assert self.bundle is not None
        try:
            for dead, answers in self.bundle.answers(unanswered=0):
                value = WindowedValue(answers, GlobalWindow().max_timestamp(), (GlobalWindow(),))
                yield beam.pvalue.TaggedOutput(DEAD_LETTERS, value) if dead else value
            self.metrics.report(self.bundle.window)
            self.bundle = None
        except BaseException:
            self._abandon()
            raise

    def teardown(self) -> None:
        """Leaves the engine; the last to leave closes it."""
        self._abandon()
        if self.engine is not None:
            engine, self.engine = self.engine, None
            release_engine(engine)

    def _abandon(self) -> None:
        if self.bundle is not None:
            bundle, self.bundle = self.bundle, None
            bundle.window.abandon()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "engine": None, "bundle": None}


class AskHere(beam.DoFn):
    """Asks a model that is part of this process: no engine, no thread, no store."""

    def __init__(self, stage: str, task: Task[Any, Any], model: ModelConfig):
        self.stage, self.task, self.model = stage, task, model
        self.tally = Tally(stage)

    def setup(self) -> None:
        """Opens the model."""
        self.opened: LanguageModel = open_model(self.model)

    def process(self, batch: Batch[Any]) -> Iterator[Any]:
        """One batch of results and, where there are any, one of dead letters."""
        results: Batch[Any] = Batch()
        dead: Batch[DeadLetter] = Batch()
        for record in batch:
            for request in self.task.requests(record):
                try:
                    answer = finished(self.opened.complete(request))
                    results.append(self.task.parse(record, request, answer, self.model.name))
                except ModelError as error:
                    dead.append(DeadLetter(self.stage, error.reason, self.task.key(record), excerpt(error.detail)))
                except MalformedAnswer as error:
                    key, text = self.task.key(record), excerpt(answer.text)
                    dead.append(DeadLetter(self.stage, "malformed", key, excerpt(str(error)), text))
        self.tally.inc("asked", len(results) + len(dead))
        self.tally.inc("answered", len(results))
        self.tally.inc("lost", len(dead))
        if results:
            yield results
        if dead:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, dead)


def finished(answer: Coroutine[Any, Any, Completion]) -> Completion:
    """What a coroutine that never waits returns, without an event loop: 0.3 µs against 60 for a loop's task."""
    try:
        answer.send(None)
    except StopIteration as end:
        completion: Completion = end.value
        return completion
    answer.close()
    raise RuntimeError("a local model must answer at once; list it with the others in transforms/llm/registry.py")
