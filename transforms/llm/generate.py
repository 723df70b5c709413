"""Generate: the one transform that asks language models, in batches of records."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.calls.bundle_dofn import DEAD_LETTERS, BundleDoFn
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.counting.board import add_to_board
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.llm.bundle import MAX_UNANSWERED, CompletionBundle
from persona_hub.transforms.llm.dialects.endings import UnusableAnswer, require_end
from persona_hub.transforms.llm.protocol import Completion, LanguageModel, MalformedAnswer, Task
from persona_hub.transforms.llm.registry import COMPLETIONS, answers_in_process, open_model
from persona_hub.transforms.records import DeadLetter, excerpt
from persona_hub.transforms.wire.batches import Batch


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


class AskModel(BundleDoFn[CompletionBundle]):
    """Asks through the process's engine, at most `max_in_flight` at a time over all bundles."""

    kind = COMPLETIONS

    def __init__(self, stage: str, task: Task[Any, Any], model: ModelConfig):
        super().__init__(stage, model)
        self.task = task

    def open_bundle(self, engine: Engine) -> CompletionBundle:
        """A bundle of the task's questions."""
        return CompletionBundle(self.stage, self.task, self.model, engine)

    def ask(self, bundle: CompletionBundle, element: Batch[Any]) -> None:
        """Submits a batch's questions."""
        add_to_board(self.stage, "records", len(element))  # how many questions are to come, by those of a record
        bundle.ask(element)

    def outputs(self, bundle: CompletionBundle, last: bool) -> Iterator[Any]:
        """Batches of results and of dead letters."""
        for dead, answers in bundle.answers(0 if last else MAX_UNANSWERED):
            yield TaggedOutput(DEAD_LETTERS, answers) if dead else answers


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
                    require_end(answer)
                    results.append(self.task.parse(record, request, answer, self.model.name))
                except ModelError as error:
                    dead.append(DeadLetter(self.stage, error.reason, self.task.key(record), excerpt(error.detail)))
                except UnusableAnswer as error:
                    key, text = self.task.key(record), excerpt(answer.text)
                    dead.append(DeadLetter(self.stage, error.reason, key, error.detail, text))
                except MalformedAnswer as error:
                    key, text = self.task.key(record), excerpt(answer.text)
                    dead.append(DeadLetter(self.stage, error.reason, key, excerpt(str(error)), text))
        add_to_board(self.stage, "records", len(batch))
        self.tally.inc("asked", len(results) + len(dead))
        self.tally.inc("answered", len(results))
        self.tally.inc("lost", len(dead))
        if results:
            yield results
        if dead:
            yield TaggedOutput(DEAD_LETTERS, dead)


def finished(answer: Coroutine[Any, Any, Completion]) -> Completion:
    """What a coroutine that never waits returns, without an event loop: 0.3 µs against 60 for a loop's task."""
    try:
        answer.send(None)
    except StopIteration as end:
        completion: Completion = end.value
        return completion
    answer.close()
    raise RuntimeError("a local model must answer at once; list it with the others in transforms/llm/registry.py")
