"""What a failure comes to: one line, and whether running the same command again can help."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from persona_hub.pipelines.cli.exit_status import JobError, UsageError
from persona_hub.pipelines.runners.ending import ending
from persona_hub.pipelines.runners.run import run_pipeline
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.hub.manifest import HubError
from persona_hub.transforms.llm.registry import MODELS
from persona_hub.transforms.store.protocol import StoreAway, StoreError


def worker(last: str) -> RuntimeError:
    """What Beam makes of a worker process's failure."""
    return RuntimeError(f"Traceback (most recent call last):\n  File ...\n{last} [while running 'Ask/It']\n\n")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (InvalidInputError("--llm: no key"), UsageError, "the job failed: --llm: no key"),
        (HubError("no version [while running 'Read/It']"), UsageError, "the job failed in Read/It: no version"),
        (StoreError("sqlite:a: disk full"), UsageError, "the job failed: sqlite:a: disk full"),
        (StoreAway("redis://a: no answer"), JobError, "the job failed: redis://a: no answer"),
        (ValueError("odd"), JobError, "the job failed: odd"),
        (RuntimeError(""), JobError, "the job failed: RuntimeError"),
        (worker("ValueError: no such thing"), JobError, "the job failed in Ask/It: ValueError: no such thing"),
        (
            worker("persona_hub.transforms.errors.InvalidInputError: --llm: no key"),
            UsageError,
            "the job failed in Ask/It: --llm: no key",
        ),
        (
            worker("RuntimeError: persona_hub.transforms.store.protocol.StoreError: sqlite:a: disk full"),
            UsageError,
            "the job failed in Ask/It: RuntimeError: sqlite:a: disk full",
        ),
        (worker("persona_hub.transforms.store.protocol.StoreAway: gone"), JobError, "the job failed in Ask/It: gone"),
        (worker("persona_hub.no.such.Thing: gone"), JobError, "the job failed in Ask/It: gone"),
        (worker("persona_hub.transforms.errors.annotations: x"), JobError, "the job failed in Ask/It: x"),
    ],
)
def test_what_the_user_can_mend_is_told_apart_from_what_may_pass(
    error: Exception, kind: type[Exception], said: str
) -> None:
    made = ending(error)
    assert type(made) is kind
    assert str(made) == said


@pytest.mark.parametrize(
    "flags",
    [[], ["--direct_running_mode=multi_processing", "--direct_num_workers=1"]],
    ids=["one process", "worker processes"],
)
def test_a_step_s_refusal_is_the_user_s_to_mend_wherever_it_ran(flags: list[str]) -> None:
    def build(p: beam.Pipeline) -> None:
        _ = p | beam.Create(["abacus:1"]) | "Refuse" >> beam.Map(MODELS.split)

    with pytest.raises(UsageError, match=r"^the job failed in Refuse: --llm abacus:1: no backend"):
        run_pipeline(build, PipelineOptions(flags))
