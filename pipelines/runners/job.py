"""One way to run a job on Beam: what every job is checked for, how it is watched, stopped and ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from persona_hub.pipelines.cli.corpus_options import RunOptions, UseCaseOptions
from persona_hub.pipelines.cli.model_options import BudgetOptions
from persona_hub.pipelines.cli.option import Options
from persona_hub.pipelines.cli.storages import check_storages
from persona_hub.pipelines.progress.progress import AUTO, Watched, progress
from persona_hub.pipelines.runners.called_models import CalledModel, check_models
from persona_hub.pipelines.runners.dataflow import check_places
from persona_hub.pipelines.runners.memory import RETURNED_BYTES
from persona_hub.pipelines.runners.output_folder import check_output
from persona_hub.pipelines.runners.response_store import check_store
from persona_hub.pipelines.runners.run import Where, beam_options, cluster_of, is_detached, run_pipeline, where_of
from persona_hub.pipelines.runners.signals import clear_stop_flag, stop_on_signals
from persona_hub.transforms.calls.protocol import Budget


class PlannedJob(Protocol):
    """A job whose flags, prompts and files were found to be right."""

    @property
    def store(self) -> str:
        """Address of the response store by which it asks, "" where it asks nothing."""

    @property
    def called(self) -> Sequence[CalledModel]:
        """The models whose servers it asks."""

    @property
    def done(self) -> bool:
        """Whether an earlier run has published the very same: nothing is to be run."""

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""

    def report(self) -> int:
        """Says what was made, or what was there already; returns the exit code."""


def run_job(
    plan: Callable[[Where], PlannedJob],
    command: Options,
    beam_flags: Sequence[str],
    returned_bytes: int = RETURNED_BYTES,
) -> int:
    """Plans and runs a job; returns its exit code.

    Raises InvalidInputErrors, which name the flag or file, before anything runs; and what `run_pipeline` raises.
    """
    options = beam_options(beam_flags)
    where = where_of(options)
    check_places(command, where.runner)
    check_storages(command)
    if where.one_machine:
        check_output(getattr(command, "output", "") or getattr(command, "hub", ""))
    job = plan(where)
    if not job.done:
        execute(job, command, options, returned_bytes)
    return job.report()


def execute(
    job: PlannedJob, command: Options, options: PipelineOptions, returned_bytes: int = RETURNED_BYTES
) -> PipelineResult:
    """Runs the DAG of a job to its end, and shows how far it is; Ctrl-C loses no answer that was paid for.

    On Dataflow without --wait this process ends when the job begins: `Submitted` is raised.
    """
    check_models(job.called, where_of(options))
    check_store(job.store, where_of(options), getattr(command, "output", ""))
    cluster, store = cluster_of(options), job.store
    if is_detached(options):
        clear_stop_flag(store)
        store = ""  # nobody is here to stop the job
    with progress(watched(command, store, cluster)), stop_on_signals(store, on_cluster=bool(cluster)):
        return run_pipeline(job.build, options, returned_bytes)


def watched(command: Options, store: str, cluster: str) -> Watched:
    """What is shown of a job with these options."""
    limits = command if isinstance(command, BudgetOptions) else BudgetOptions()
    return Watched(
        mode=command.progress if isinstance(command, RunOptions) else AUTO,
        store=store,
        budget=Budget(cost_usd=limits.max_cost_usd, tokens=limits.budget_tokens, calls=limits.max_calls),
        most_samples=command.max_samples if isinstance(command, UseCaseOptions) else 0,
        cluster=cluster,
    )
