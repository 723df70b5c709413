"""preview: what a few documents come to: prompts, answers, personas, verdicts; to tune prompts before paying."""

from __future__ import annotations

import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from persona_hub.pipelines.cli.command_options import PreviewOptions
from persona_hub.pipelines.cli.exit_status import DONE, JobError, UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.corpus.sample import sample_corpus, sample_given
from persona_hub.pipelines.planning.corpus.sources import nothing_to_use
from persona_hub.pipelines.planning.models import HERE, called_models
from persona_hub.pipelines.planning.plan import BuildPlan
from persona_hub.pipelines.planning.preview_plan import plan_preview
from persona_hub.pipelines.runners.called_models import check_models
from persona_hub.pipelines.runners.signals import clear_stop_flag
from persona_hub.transforms.ask_attributes.ask_attributes import BY_NOTHING, unread
from persona_hub.transforms.ask_attributes.attributes_task import AttributesTask
from persona_hub.transforms.calls.call import Stopped
from persona_hub.transforms.calls.engines import acquire_engine, release_engine
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.choice.columns import JoinedRow, tables_of
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import ASK_ATTRIBUTES, EXPAND_PERSONA, EXTRACT_PERSONA, synthesize_stage
from persona_hub.transforms.expand_persona.relation_task import RelationTask
from persona_hub.transforms.extract_persona.extract_persona import ExtractTask
from persona_hub.transforms.filter_persona.filter_persona import FilterRules, examine
from persona_hub.transforms.llm.bundle import CompletionBundle
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Task
from persona_hub.transforms.llm.registry import COMPLETIONS
from persona_hub.transforms.pii.columns import clean_columns
from persona_hub.transforms.read_personas.given import GivenDocument, persona_of
from persona_hub.transforms.records import Attributes, DeadLetter, Document, Persona, printable
from persona_hub.transforms.store.protocol import StoreError
from persona_hub.transforms.synthesize.synthesize import SynthesizeTask
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.write_hub.attributes_of import attributes_of


@dataclass(frozen=True)
class Exchange:
    """One question, its answer and what a step reads in it."""

    record: Any
    request: Request
    answer: Completion
    result: Any  # None where the answer could not be read
    fault: str = ""


@dataclass(frozen=True)
class AnswerKeepingTask:
    """A step's task that keeps every answer, readable or not."""

    task: Task[Any, Any]

    def requests(self, record: Any) -> Sequence[Request]:
        """Those of the step."""
        return self.task.requests(record)

    def parse(self, record: Any, request: Request, completion: Completion, model: str) -> Exchange:
        """The answer beside what the step makes of it."""
        try:
            return Exchange(record, request, completion, self.task.parse(record, request, completion, model))
        except MalformedAnswer as error:
            return Exchange(record, request, completion, None, str(error))

    def key(self, record: Any) -> str:
        """That of the step."""
        return self.task.key(record)


def preview_build(options: PreviewOptions, _: Sequence[str]) -> int:
    """Prints the preview; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="persona-hub-") as folder:
        plan = plan_preview(options, folder)
    corpus, given = sample_corpus(plan.files, options, options.n), sample_given(plan.given, options, options.n)
    if not corpus.documents and not given.documents:
        raise UsageError(nothing_to_use(options))
    check_models(called_models(plan.model if plan.asks else None), HERE)
    answered = f", answered by {plan.model.name}" if plan.asks else ""
    for sample, what in ((corpus, "document"), (given, "given persona")):
        if sample.documents:
            about = "" if sample.exact else "about "
            say(f"{len(sample.documents)} of {about}{quantity(sample.total, what)}{answered}")
    clear_stop_flag(plan.store)
    try:
        for line in preview_lines(plan, corpus.documents, given.documents):
            say(line)
    except (ModelError, Stopped, StoreError) as error:
        raise JobError(f"{plan.model.name}: {error}") from error
    return DONE


def preview_lines(plan: BuildPlan, documents: Sequence[Document], given: Sequence[Document] = ()) -> Iterator[str]:
    """All lines: of each document and given persona what it came to; after them relations and samples."""
    options = plan.options
    rules = FilterRules(pii=options.pii, persona_language=options.persona_language)
    extract = ExtractTask(
        prompt=plan.extract,
        personas_per_document=options.personas_per_document,
        persona_language=options.persona_language,
        sampling=plan.sampling,
    )
    kept: list[Persona] = []
    columns = {one.document_id: one.columns for one in given if isinstance(one, GivenDocument)}
    seen: set[str] = set()  # system prompts that were shown
    for number, document in enumerate(documents, 1):
        yield from heading(f"document {number}: {document.source} ({document.language})")
        for one in ask(EXTRACT_PERSONA, extract, [document], plan.model):
            yield from exchange_lines(one, seen)
            yield from filter_lines(one, rules, kept)
    for number, document in enumerate(given, 1):
        yield from heading(f"given persona {number}: {document.source} ({document.language})")
        yield from verdict_lines(persona_of(document), rules, kept)
    if not kept:
        yield from heading("no persona was kept, so there is nothing to expand, and no sample")
        return
    if options.expand_hops:
        yield from heading("relations")
        for one in ask(EXPAND_PERSONA, RelationTask(1, 1, plan.expand, plan.sampling), kept, plan.model):
            yield from exchange_lines(one, seen)
            yield from filter_lines(one, rules, [])
    rows = attributes_by_rules(kept, columns, plan)
    if plan.attributes:
        yield from heading("attributes")
        for one in ask(ASK_ATTRIBUTES, AttributesTask(plan.attributes, plan.sampling), kept, plan.model):
            yield from exchange_lines(one, seen)
            if isinstance(one, Exchange) and one.result:
                name = one.record.persona_id
                rows[name] = replace(one.result, given=rows[name].given)
    condition = plan.choice.condition
    if plan.use_cases and condition and "members" in tables_of(condition.columns):
        yield from heading(f"no sample: --where {plan.choice.where} asks for clusters, which a preview has not")
        return
    used = [one for one in kept if condition is None or condition.holds(JoinedRow(one, rows[one.persona_id]))]
    if plan.use_cases and not used:
        yield from heading(f"no sample: --where {plan.choice.where} holds of no persona that was kept")
        return
    for use_case in plan.use_cases:
        task = SynthesizeTask(use_case=use_case, samples_per_persona=1, sampling=None)
        yield from heading(f"samples: {use_case.name}")
        for one in ask(synthesize_stage(use_case.name), task, used, plan.model):
            yield from exchange_lines(one, seen)
            if isinstance(one, Exchange) and one.result:
                yield from block("sample", one.result.text)


def attributes_by_rules(
    personas: Sequence[Persona], columns: Mapping[str, str], plan: BuildPlan
) -> dict[str, Attributes]:
    """{persona_id: row}, as a build has it before it asks a model; `columns` of given personas are by document."""
    found = {}
    for one in personas:
        given = clean_columns(columns.get(one.document_id, ""), one.language, plan.options.pii)
        row = Batch([attributes_of(one, given)])
        found[one.persona_id] = (unread(row) if plan.options.attributes == BY_NOTHING else row)[0]
    return found


def ask(stage: str, task: Any, records: Sequence[Any], model: ModelConfig) -> list[Exchange | DeadLetter]:
    """The answers to all questions about `records`, in their order; those without an answer after them."""
    engine = acquire_engine(model, COMPLETIONS)
    try:
        bundle = CompletionBundle(stage, AnswerKeepingTask(task), model, engine)
        bundle.ask(records)
        found = [one for _, batch in bundle.answers(unanswered=0) for one in batch]
    finally:
        release_engine(engine)
    places = {task.key(record): place for place, record in enumerate(records)}
    answers = [one for one in found if isinstance(one, Exchange)]
    answers.sort(key=lambda one: (places[task.key(one.record)], one.request.number))
    return [*answers, *(one for one in found if isinstance(one, DeadLetter))]


def exchange_lines(one: Exchange | DeadLetter, seen: set[str]) -> Iterator[str]:
    """Prompt and answer; each system prompt stands once."""
    if isinstance(one, DeadLetter):
        yield from block("no answer", f"{one.reason} {one.detail}")
        return
    if one.request.system not in seen:
        seen.add(one.request.system)
        yield from block("system", one.request.system)
    yield from block("prompt", one.request.prompt)
    tokens_in = quantity(one.answer.input_tokens, "token")
    tokens = f"{tokens_in} in, {one.answer.output_tokens:,} out" if any_tokens(one) else ""
    yield from block("answer", one.answer.text, tokens)
    if one.result is None:
        yield from block("unreadable", one.fault)


def any_tokens(one: Exchange) -> bool:
    """Whether the model counts tokens."""
    return bool(one.answer.input_tokens or one.answer.output_tokens)


def filter_lines(one: Exchange | DeadLetter, rules: FilterRules, kept: list[Persona]) -> Iterator[str]:
    """What the filter says to the persona in an answer; one that it keeps joins `kept`."""
    if isinstance(one, DeadLetter) or one.result is None:
        return
    yield from verdict_lines(one.result, rules, kept)


def verdict_lines(persona: Persona, rules: FilterRules, kept: list[Persona]) -> Iterator[str]:
    """What the filter says to a persona; one that it keeps joins `kept`."""
    found = examine(persona, rules)
    yield from block(f"persona ({persona.relation})", found.text if isinstance(found, Persona) else persona.text)
    if isinstance(found, str):
        yield from block("filter", f"dropped: {found}")
    else:
        kept.append(found)
        yield from block("filter", "kept, personal data scrubbed" if found.text != persona.text else "kept")


def heading(text: str) -> Iterator[str]:
    """A line that begins a part."""
    yield ""
    yield f"== {printable(text)} ".ljust(width(), "=")


def block(name: str, text: str, aside: str = "") -> Iterator[str]:
    """A name and a text under it, wrapped and indented."""
    yield f"-- {name}{f' ({aside})' if aside else ''}"
    for line in text.splitlines() or [""]:
        yield from textwrap.wrap(printable(line), width() - 3, initial_indent="   ", subsequent_indent="   ") or [""]


def width() -> int:
    """Columns to fill."""
    return min(100, shutil.get_terminal_size().columns)


if __name__ == "__main__":
    sys.exit(run_command("preview", preview_build))
