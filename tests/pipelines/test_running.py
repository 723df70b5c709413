"""A job that fails says where and why in one line."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from persona_hub.pipelines.cli.exit_status import JobError, UsageError
from persona_hub.pipelines.runners.run import beam_options, run_pipeline, runs_here, wait


def fail(element: int) -> int:
    raise LookupError(f"element {element} is lost")


def test_the_step_and_the_cause_are_named() -> None:
    def build(p: beam.Pipeline) -> None:
        _ = p | beam.Create([7]) | "Break" >> beam.Map(fail)

    with pytest.raises(JobError, match=r"the job failed in Break: .*element 7 is lost"):
        run_pipeline(build, PipelineOptions([]))


def interrupt(element: int) -> int:
    raise KeyboardInterrupt


def test_ctrl_c_in_the_middle_of_a_step_is_no_fault_of_the_step() -> None:
    def build(p: beam.Pipeline) -> None:
        _ = p | beam.Create([7]) | "Break" >> beam.Map(interrupt)

    with pytest.raises(KeyboardInterrupt):
        run_pipeline(build, PipelineOptions([]))


def test_who_waits_for_dataflow_is_told_that_the_job_runs_on() -> None:
    class Waiting:
        def wait_until_finish(self) -> None:
            raise KeyboardInterrupt

        def job_id(self) -> str:
            return "2026-1"

    options = PipelineOptions(["--runner=DataflowRunner", "--project=p", "--region=r"])
    with pytest.raises(
        KeyboardInterrupt, match=r"^interrupted; job 2026-1 runs on without this command: https://.*2026-1"
    ):
        wait(Waiting(), options)  # type: ignore[arg-type]


def test_beam_flags_are_read() -> None:
    options = beam_options(["--runner=FlinkRunner", "--job_name=hub"])
    assert not runs_here(options)
    assert options.get_all_options()["job_name"] == "hub"


@pytest.mark.parametrize("flags", [[], ["--runner=DirectRunner"], ["--runner=FnApiRunner"]])
def test_the_local_runner_is_one_by_name(flags: list[str]) -> None:
    assert runs_here(beam_options(flags))


def test_what_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown argument --colour"):
        beam_options(["--colour", "red"])
