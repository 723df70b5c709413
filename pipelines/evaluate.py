"""evaluate: a hub and its samples -> a report with figures, as a page and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam
import orjson

from persona_hub.pipelines.cli.command_options import EvaluateOptions
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, UsageError
from persona_hub.pipelines.cli.log_lines import say, say_lines
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.evaluated_files import ReadFileRows, require_persona
from persona_hub.pipelines.pages.report.evaluated import (
    EVALUATION,
    LOST_WHOLE,
    ReportFacts,
    facts_of,
    facts_of_files,
    report_of,
)
from persona_hub.pipelines.pages.report.experiment import GivenAblation, ablation_of_file
from persona_hub.pipelines.pages.report.given import (
    GivenSamples,
    balance_of_flags,
    digest_of,
    reference_of_file,
    samples_of,
)
from persona_hub.pipelines.pages.report.page import INDEX, REPORT_JSON, write_report
from persona_hub.pipelines.planning.embedders import EMBEDDER
from persona_hub.pipelines.planning.evaluated_documents import (
    NOTHING_COMPARED,
    ComparedDocuments,
    documents_of,
    told_calls,
    told_judge,
)
from persona_hub.pipelines.planning.plan import unpacked_size
from persona_hub.pipelines.planning.sizing import ROW_BYTES, blocks_for, shards_for
from persona_hub.pipelines.reporting.evaluation import balance_told, open_questions
from persona_hub.pipelines.reporting.partial import report_partial
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.ablation.thresholds import cluster_threshold
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import ONE_MODEL, split_embedder
from persona_hub.transforms.embedding.thresholds import DEFAULT_EMBEDDER, default_threshold
from persona_hub.transforms.evaluate.balance import BalancePlan
from persona_hub.transforms.evaluate.evaluate import Evaluated, EvaluateRows, ReadHubRows
from persona_hub.transforms.evaluate.sections.samples import BesideHub
from persona_hub.transforms.files.storage import file_exists, join_path, read_bytes
from persona_hub.transforms.hub.manifest import content_of, fingerprint
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.llm.registry import COMPLETIONS, MODELS

EVALUATION_FORM = 1  # of what is computed: a later one is another result
BELOW = 0.1  # under the threshold of duplicates: at it, a hub that was deduplicated has distinct personas only
LARGEST_REPORT = 1 << 28  # bytes


def evaluate_hub(options: EvaluateOptions, beam_flags: Sequence[str]) -> int:
    """Evaluates; returns the exit code."""
    return run_job(partial(plan_evaluate, options), options, beam_flags)


@dataclass(frozen=True, kw_only=True)
class EvaluateJob:
    """Reads a version, and samples; writes the report."""

    rows: ReadHubRows | ReadFileRows
    output: str
    compared: BesideHub
    facts: ReportFacts
    given: GivenSamples
    done: bool
    balance: BalancePlan | None = None
    documents: ComparedDocuments = NOTHING_COMPARED

    @property
    def store(self) -> str:
        """The judge's."""
        return self.documents.judge.model.store if self.documents.judge else ""

    @property
    def called(self) -> Sequence[CalledModel]:
        """The judge, where it is a server's."""
        judge = self.documents.judge
        return [CalledModel(judge.model, COMPLETIONS)] if judge and not MODELS.is_local(judge.model.name) else []

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        given = self.given
        evaluate = EvaluateRows(
            compared=self.compared,
            sample_files=given.files,
            read=given.read,
            balance=self.balance,
            corpus=self.documents.corpus,
            judge=self.documents.judge,
        )
        if told := told_calls(self.documents):
            say(told)
        found = p | "Rows" >> self.rows | "Evaluate" >> evaluate
        _ = found | "Publish" >> beam.Map(publish_report, self.facts, self.output, self.documents)

    def report(self) -> int:
        """Says where the report is, and what it says first; files that were lost whole are told by the exit code."""
        found = held_report(self.output)
        if self.done:
            say(f"{self.output} already holds this report; nothing is to be done")
        warnings = quantity(len(found.get("warnings", ())), "warning")
        personas = quantity(found.get("hub", {}).get("personas", 0), "persona")
        say(f"{found.get('title', '')}: {personas}, {warnings}")
        for one in found.get("warnings", ()):
            if one["bad"]:
                say(f"warning: {one['text']}; {one['remedy']}")
        say_lines(balance_told(found, self.output))
        say(join_path(self.output, INDEX), join_path(self.output, REPORT_JSON))
        code = report_partial(open_questions(found), self.documents.judge.model) if self.documents.judge else DONE
        return BUDGET_SPENT if LOST_WHOLE in found.get("hub", {}) else code


def publish_report(found: Evaluated, facts: ReportFacts, output: str, documents: ComparedDocuments) -> None:
    """Writes the two files, each whole or not at all; done twice they are the same."""
    fidelity = found.sections["fidelity"]
    if fidelity and documents.judge:
        fidelity |= told_judge(documents)
    write_report(output, report_of(found, facts))


def plan_evaluate(options: EvaluateOptions, where: Where) -> EvaluateJob:
    """The plan of an evaluation. Raises ValueErrors that name the flag or file and the remedy."""
    if not options.hub:
        if options.input or options.judge:
            raise UsageError("--input: of a hub's documents; goes with --hub, and there is none")
        return plan_of_files(options)
    if options.personas:
        raise UsageError("--personas: not with --hub; evaluate one after the other, into folders of their own")
    hub = open_hub(options.hub, options.version)
    made = hub.manifest
    personas = made.records_of("personas")
    if not personas:
        raise UsageError(f"--hub {options.hub}: version {made.version} holds no persona; there is nothing to evaluate")
    given = samples_of(options.samples, hub)
    reference = reference_of_file(options.reference)
    wanted, balance = balance_of_flags(*balance_flags(options), reference.tables)
    ablation = ablation_of_file(options.ablation)
    documents = documents_of(options, hub, where)
    name = made.models.get(EMBEDDER, DEFAULT_EMBEDDER)
    decisive = fingerprint(
        {
            "form": EVALUATION_FORM,
            "hub": [made.version, content_of(made)],
            "samples": given.identity,
            "reference": reference.identity,
            **({"balance": balance} if wanted else {}),
            **of_experiment(ablation),
            **({"documents": documents.identity} if documents.corpus else {}),
        }
    )
    here = split_embedder(name)[0] in ONE_MODEL and bool(made.records_of("vectors"))
    return EvaluateJob(
        rows=ReadHubRows(hub=hub, blocks=options.partitions or blocks_for(personas)),
        output=options.output,
        compared=BesideHub(
            persona_threshold=default_threshold(name) - BELOW,
            sample_threshold=cluster_threshold(name),
            embedder=EmbedderConfig(name) if here else None,
            cost_usd=sum(row.get("cost_usd", 0.0) for row in made.usage.values()),
            references=reference.tables,
            reference_texts=reference.texts,
            runs=given.runs,
        ),
        facts=facts_of(hub, given, {EVALUATION: decisive}).beside(reference, ablation),
        given=given,
        done=is_held(options.output, decisive),
        balance=BalancePlan(wanted, options.output, shards_for(personas)) if wanted else None,
        documents=documents,
    )


def balance_flags(options: EvaluateOptions) -> tuple[str, int, float]:
    """The flags of a balance."""
    return options.balance, options.balance_rows, options.balance_most_weight


def plan_of_files(options: EvaluateOptions) -> EvaluateJob:
    """The same of anyone's files. Raises ValueErrors that name the flag or file and the remedy."""
    if options.version:
        raise UsageError("--version: goes with --hub, and there is none")
    files = match_corpus(options.personas, flag="--personas")
    require_persona(files, options.persona_field)
    given, reference = samples_of(options.samples, None), reference_of_file(options.reference)
    wanted, balance = balance_of_flags(*balance_flags(options), reference.tables)
    ablation = ablation_of_file(options.ablation)
    decisive = fingerprint(
        {
            "form": EVALUATION_FORM,
            "personas": [[file.path, digest_of(file.path)] for file in files],
            "fields": options.persona_field,
            "samples": given.identity,
            "reference": reference.identity,
            **({"balance": balance} if wanted else {}),
            **of_experiment(ablation),
        }
    )
    embedder = EmbedderConfig(DEFAULT_EMBEDDER)
    rows = unpacked_size(files) // ROW_BYTES
    blocks = options.partitions or blocks_for(rows)
    return EvaluateJob(
        rows=ReadFileRows(files=files, blocks=blocks, embedder=embedder, fields=options.persona_field),
        output=options.output,
        compared=BesideHub(
            persona_threshold=default_threshold(DEFAULT_EMBEDDER) - BELOW,
            sample_threshold=cluster_threshold(DEFAULT_EMBEDDER),
            embedder=embedder,
            references=reference.tables,
            reference_texts=reference.texts,
            runs=given.runs,
        ),
        facts=facts_of_files([file.path for file in files], DEFAULT_EMBEDDER, given, {EVALUATION: decisive}).beside(
            reference, ablation
        ),
        given=given,
        done=is_held(options.output, decisive),
        balance=BalancePlan(wanted, options.output, shards_for(rows)) if wanted else None,
    )


def of_experiment(given: GivenAblation) -> dict[str, str]:
    """What decides the section `ablation`; nothing without one, so that a report stays what it was."""
    return {"ablation": given.identity} if given.identity else {}


def held_report(output: str) -> Mapping[str, Any]:
    """What report.json says; nothing where there is none."""
    path = join_path(output, REPORT_JSON)
    if not file_exists(path):
        return {}
    try:
        found = orjson.loads(read_bytes(path, LARGEST_REPORT))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("hub"), dict):
        raise UsageError(f"--output {output}: its {REPORT_JSON} is no report; name another folder")
    return found


def is_held(output: str, decisive: str) -> bool:
    """Whether the folder holds that very report. Raises UsageError for another one."""
    found = held_report(output)
    if not found:
        return False
    if found["hub"].get(EVALUATION) != decisive:
        raise UsageError(f"--output {output}: holds the report of another hub, version or samples; name another folder")
    return file_exists(join_path(output, INDEX)) and not open_questions(found)


if __name__ == "__main__":
    sys.exit(run_command("evaluate", evaluate_hub))
