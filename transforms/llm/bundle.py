"""One bundle's questions: asked of the store, then of the engine, answered as they come, repaired once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.calls.window import CallWindow
from persona_hub.transforms.llm.dialects.endings import UnusableAnswer, UsedUp, first_answers_of, require_end
from persona_hub.transforms.llm.dialects.extra_body import EXTRA_BODY
from persona_hub.transforms.llm.protocol import (
    Completion,
    MalformedAnswer,
    Request,
    Task,
    request_key,
    unpack_completion,
)
from persona_hub.transforms.records import DeadLetter, excerpt
from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch

MAX_UNANSWERED = 2000  # in a bundle: some windows' worth, so that a slot never waits for the runner


@dataclass(frozen=True)
class Question:
    """One request of one record, and what became of it so far."""

    record: Any
    request: Request  # as the step asked
    sent: Request  # as it goes out: `request`, or its repair
    faults: tuple[str, ...] = ()  # of the answers so far
    earlier: tuple[int, ...] = ()  # limits of tokens of earlier runs, whose stored answers are looked at first

    @property
    def asked(self) -> Request:
        """The request as it is looked up: under the limit of an earlier run, as long as there is one."""
        return with_limit(self.sent, self.earlier[0]) if self.earlier else self.sent


class CompletionBundle:
    """Takes batches of records, gives batches of results and of dead letters, in the order of the answers."""

    def __init__(self, stage: str, task: Task[Any, Any], config: ModelConfig, engine: Engine):
        self.stage, self.task, self.config = stage, task, config
        self.window = CallWindow(stage, engine)
        self.results: Batch[Any] = Batch()
        self.dead: Batch[DeadLetter] = Batch()
        self.counts = self.window.counts
        self.used_up: list[tuple[Question, Completion, UsedUp]] = []  # asked again last, if others did end
        self.first_answers = first_answers_of(engine)
        self.extra_body: str = config.options.get(EXTRA_BODY, "")

    def ask(self, records: Sequence[Any]) -> None:
        """Asks all questions of `records`."""
        questions = [
            Question(record, request, request, earlier=request.sampling.earlier)
            for record in records
            for request in self.task.requests(record)
        ]
        self.counts["asked"] += len(questions)
        self._submit(questions)

    def answers(self, unanswered: int = MAX_UNANSWERED) -> Iterator[tuple[bool, Batch[Any]]]:
        """Waits until at most `unanswered` questions are open and takes what is there.

        Gives pairs of (whether these are dead letters, batch): only full batches, but at the end (0 unanswered) also
        what is left.
        """
        yield from self._arrived(unanswered)
        while self.used_up and not unanswered:
            self._ask_used_up_again()
            yield from self._arrived(0)
        yield from self._full(BATCH_RECORDS if unanswered else 1)

    def _arrived(self, unanswered: int) -> Iterator[tuple[bool, Batch[Any]]]:
        for _ in self.window.arrivals(lambda outcome: self._take(outcome.ticket, outcome.answer), unanswered):
            yield from self._full(BATCH_RECORDS)

    def _submit(self, questions: Sequence[Question]) -> None:
        keyed = [(request_key(self.config.name, q.asked, self.extra_body), q.sent, q) for q in questions]
        store = self.window.engine.store
        found = store.get_many(list({key for key, _, _ in keyed})) if store else {}
        missing = [item for item in keyed if item[0] not in found and not item[2].earlier]
        if found:
            self.window.engine.found()
        self.window.submit(missing)
        unknown = [q for key, _, q in keyed if key not in found and q.earlier]
        self.counts["cached"] += len(keyed) - len(missing) - len(unknown)
        for key, _, question in keyed:
            if key in found:
                self._take(question, unpack_completion(found[key]))
        if unknown:
            self._submit([under_next_limit(question) for question in unknown])

    def _take(self, question: Question, answer: Completion | Exception) -> None:
        key = self.task.key(question.record)
        if isinstance(answer, ModelError) and not answer.fatal:
            self._lose(DeadLetter(self.stage, answer.reason, key, excerpt(answer.detail)))
        elif isinstance(answer, Exception):
            raise answer
        else:
            self._weigh(answer)
            if not question.earlier and (fault := self.first_answers.fault_after(answer)):
                self.window.engine.end(fault)
                raise fault
            try:
                require_end(answer)
                result = self.task.parse(question.record, question.request, answer, self.config.name)
            except UsedUp as error:
                if question.earlier:
                    self._repair(question, answer, error)
                else:
                    self.used_up.append((question, answer, error))
            except UnusableAnswer as error:
                self._lose(DeadLetter(self.stage, error.reason, key, error.detail, excerpt(answer.text)))
            except MalformedAnswer as error:
                self._repair(question, answer, error)
            else:
                self.results.append(result)
                self.counts["answered"] += 1

    def _weigh(self, answer: Completion) -> None:
        """Counts the tokens of an answer, bought or found, and their squares: `estimate` wants their spread."""
        self.counts["heard"] += 1
        self.counts["heard_input_tokens"] += answer.input_tokens
        self.counts["heard_output_tokens"] += answer.output_tokens
        self.counts["heard_squared_tokens"] += (answer.input_tokens + answer.output_tokens) ** 2

    def _ask_used_up_again(self) -> None:
        """Asks once more where the model thought too long, unless it always does: that is the request's fault."""
        if fault := self.first_answers.all_used_up():
            self.window.engine.end(fault)
            raise fault
        used_up, self.used_up = self.used_up, []
        for question, answer, error in used_up:
            self._repair(question, answer, error)

    def _repair(self, question: Question, answer: Completion, fault: MalformedAnswer) -> None:
        """Asks once more for an answer that cannot be read; the same fault gives the same request, kept too."""
        faults = (*question.faults, excerpt(fault.told))
        if len(faults) <= self.config.repairs:
            self.counts["repairs"] += not question.earlier
            self._submit([replace(question, sent=repair_request(question.request, faults), faults=faults)])
        elif question.earlier:
            self._submit([under_next_limit(question)])
        else:
            key = self.task.key(question.record)
            self._lose(DeadLetter(self.stage, fault.reason, key, excerpt(str(fault)), excerpt(answer.text)))

    def _lose(self, letter: DeadLetter) -> None:
        self.dead.append(letter)
        self.counts["lost"] += 1

    def _full(self, least: int) -> Iterator[tuple[bool, Batch[Any]]]:
        if len(self.results) >= least:
            results, self.results = self.results, Batch()
            yield False, results
        if len(self.dead) >= least:
            dead, self.dead = self.dead, Batch()
            yield True, dead


def with_limit(request: Request, max_tokens: int) -> Request:
    """The same question with another limit of tokens."""
    return replace(request, sampling=replace(request.sampling, max_tokens=max_tokens))


def under_next_limit(question: Question) -> Question:
    """The question from its beginning, as the run after the one that left no answer asked it, or as this one does."""
    return replace(question, sent=question.request, faults=(), earlier=question.earlier[1:])


def repair_request(request: Request, faults: tuple[str, ...]) -> Request:
    """The same question, and what was wrong with the answers to it."""
    wrong = "\n".join(f"- {fault}" for fault in faults)
    words = "Earlier answers to this could not be used:\n" + wrong + "\nAnswer again, exactly in the form asked for."
    return replace(request, prompt=f"{request.prompt}\n\n{words}")
