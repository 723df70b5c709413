"""One bundle's questions: asked of the store, then of the engine, answered as they come, repaired once."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transforms.calls.call import Inbox, Outcome, Stopped
from transforms.calls.engine import Engine
from transforms.calls.protocol import ModelConfig, ModelError
from transforms.llm.protocol import Completion, MalformedAnswer, Request, Task, request_key, unpack_completion
from transforms.records import BATCH_RECORDS, Batch, DeadLetter, excerpt
from transforms.store.protocol import StoreError

UNANSWERED = 2000  # in a bundle: some windows' worth, so that a slot never waits for the runner
PATIENCE_SECONDS = 5.0  # between looks at whether the engine still lives


@dataclass(frozen=True)
class Question:
    """One request of one record, and what became of it so far."""

    record: Any
    request: Request  # as the step asked
    sent: Request  # as it goes out: `request`, or its repair
    faults: tuple[str, ...] = ()  # of the answers so far


class Bundle:
    """Takes batches of records, gives batches of results and of dead letters, in the order of the answers."""

    def __init__(self, stage: str, task: Task[Any, Any], config: ModelConfig, engine: Engine):
        self.stage, self.task, self.config, self.engine = stage, task, config, engine
        self.inbox = Inbox()
        self.open = 0
        self.results: Batch[Any] = Batch()
        self.dead: Batch[DeadLetter] = Batch()
        self.counts: Counter[str] = Counter()
        self.fault: Exception | None = None  # why the bundle must fail
        self.paid: list[Outcome] = []  # for distributions

    def ask(self, records: Sequence[Any]) -> None:
        """Asks all questions of `records`."""
        questions = [Question(record, request, request) for record in records for request in self.task.requests(record)]
        self.counts["asked"] += len(questions)
        self._submit(questions)

    def answers(self, unanswered: int = UNANSWERED) -> Iterator[tuple[bool, Batch[Any]]]:
        """Waits until at most `unanswered` questions are open and takes what is there.

        Gives pairs of (whether these are dead letters, batch): only full batches, but at the end (0 unanswered) also
        what is left. When the engine has ended, what is in flight is awaited, so that it is stored before the runner
        hears of it and ends the process.
        """
        while self.open:
            try:
                outcome = self.inbox.arrived.get(self.open > unanswered, PATIENCE_SECONDS)
            except queue.Empty:
                if self.open <= unanswered:
                    break
                self._check_engine()
                continue
            self.open -= 1
            self._note(outcome)
            try:
                self._take(outcome.ticket, outcome.answer)
            except (Stopped, StoreError, ModelError) as error:
                self.fault, unanswered = self.fault or error, 0
            yield from self._full(BATCH_RECORDS)
        if self.fault:
            raise self.fault
        yield from self._full(BATCH_RECORDS if unanswered else 1)

    def abandon(self) -> None:
        """The bundle failed: nothing more is sent for it."""
        self.engine.cancel(self.inbox)

    def _submit(self, questions: Sequence[Question]) -> None:
        keyed = [(request_key(self.config.name, q.sent), q.sent, q) for q in questions]
        store = self.engine.store
        found = store.get_many(list({key for key, _, _ in keyed})) if store else {}
        missing = [item for item in keyed if item[0] not in found]
        self.open += len(missing)
        if missing:
            self.engine.submit(self.stage, missing, self.inbox)
        self.counts["cached"] += len(keyed) - len(missing)
        for key, _, question in keyed:
            if key in found:
                self._take(question, unpack_completion(found[key]))

    def _take(self, question: Question, answer: Completion | Exception) -> None:
        key = self.task.key(question.record)
        if isinstance(answer, ModelError) and not answer.fatal:
            self._lose(DeadLetter(self.stage, answer.reason, key, excerpt(answer.detail)))
        elif isinstance(answer, Exception):
            raise answer
        else:
            try:
                result = self.task.parse(question.record, question.request, answer, self.config.name)
            except MalformedAnswer as error:
                self._repair(question, answer, str(error))
            else:
                self.results.append(result)
                self.counts["answered"] += 1

    def _repair(self, question: Question, answer: Completion, fault: str) -> None:
        """Asks once more for an answer that cannot be read; the same fault gives the same request, kept too."""
        faults = (*question.faults, excerpt(fault))
        if len(faults) <= self.config.repairs:
            self.counts["repairs"] += 1
            self._submit([replace(question, sent=repair_request(question.request, faults), faults=faults)])
        else:
            key = self.task.key(question.record)
            self._lose(DeadLetter(self.stage, "malformed", key, excerpt(fault), excerpt(answer.text)))

    def _lose(self, letter: DeadLetter) -> None:
        self.dead.append(letter)
        self.counts["lost"] += 1

    def _note(self, outcome: Outcome) -> None:
        self.counts["retries"] += max(0, outcome.attempts - 1) if outcome.paid else 0
        if outcome.paid and isinstance(outcome.answer, Completion):
            self.counts["calls"] += 1
            self.counts["input_tokens"] += outcome.answer.input_tokens
            self.counts["output_tokens"] += outcome.answer.output_tokens
            self.counts["cost_nano_usd"] += outcome.cost
            self.paid.append(outcome)
        elif not isinstance(outcome.answer, Exception):
            self.counts["joined"] += 1

    def _full(self, least: int) -> Iterator[tuple[bool, Batch[Any]]]:
        if len(self.results) >= least:
            results, self.results = self.results, Batch()
            yield False, results
        if len(self.dead) >= least:
            dead, self.dead = self.dead, Batch()
            yield True, dead

    def _check_engine(self) -> None:
        if not self.engine.thread.is_alive():
            raise RuntimeError("the thread that calls the model has died; its last words are in the log")


def repair_request(request: Request, faults: tuple[str, ...]) -> Request:
    """The same question, and what was wrong with the answers to it."""
    wrong = "\n".join(f"- {fault}" for fault in faults)
    words = "Earlier answers to this could not be used:\n" + wrong + "\nAnswer again, exactly in the form asked for."
    return replace(request, prompt=f"{request.prompt}\n\n{words}")
