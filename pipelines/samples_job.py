"""What jobs have in common that make samples of a hub: which attempt they are, and their manifest before they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from persona_hub.pipelines.cli.command_options import AblateOptions, SynthesizeOptions
from persona_hub.pipelines.cli.log_lines import say_lines
from persona_hub.pipelines.cli.option import recorded_values
from persona_hub.pipelines.planning.plan import code_version, repairs_for, unfinished
from persona_hub.pipelines.planning.samples.judges import judge_entry
from persona_hub.pipelines.reporting.judged import agreement_later
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.hub.manifest import RunManifest, content_of
from persona_hub.transforms.hub.versions import Hub, list_attempts, list_runs
from persona_hub.transforms.synthesis.use_case import UseCase


@dataclass(frozen=True)
class Attempt:
    """A run of samples: the first of its name, one that completes a partial one, or one that is done already."""

    run: str  # its name
    replaces: str  # the partial run that this one completes, if there is one
    done: bool  # whether it has been published already
    repairs: int  # how often it asks for a malformed answer again


def attempt_at(name: str, options: SynthesizeOptions | AblateOptions) -> Attempt:
    """The attempt that a command makes. `name`: of the run's first attempt."""
    before = list_attempts(options.output, name)
    left = before[-1] if before and unfinished(before[-1], options) else None
    return Attempt(
        run=f"{name}-{len(before) + 1}" if left else name,
        replaces=left.run if left else "",
        done=bool(before) and left is None,
        repairs=repairs_for(options, left),
    )


@dataclass(frozen=True, kw_only=True)
class SamplesJob:
    """A job that makes samples of a hub's personas."""

    options: SynthesizeOptions | AblateOptions
    hub: Hub
    model: ModelConfig
    checks: Checks
    priced: bool  # whether the prices of all models are known
    attempt: Attempt
    runner: str

    @property
    def store(self) -> str:
        """The model's store."""
        return self.model.store

    @property
    def run(self) -> str:
        """The name of the run: of the hub's version and of what decides the samples."""
        return self.attempt.run

    @property
    def done(self) -> bool:
        """Whether the run has been published already."""
        return self.attempt.done

    def report_gold(self) -> None:
        """Says how far the judge of a run that was done before agrees with people, where a gold set is given now."""
        if self.checks.gold and self.checks.judge:
            runs = [(use_case, made) for use_case, made in list_runs(self.options.output) if made.run == self.run]
            say_lines(agreement_later(self.options.output, runs, self.checks.gold, self.checks.judge.min_score))

    def draft(self, use_cases: Sequence[UseCase]) -> RunManifest:
        """The run's manifest before anything is made."""
        return RunManifest(
            run=self.run,
            replaces=self.attempt.replaces,
            hub_version=self.hub.manifest.version,
            hub_content=content_of(self.hub.manifest),
            parameters=recorded_values(self.options),
            prompts={use_case.name: use_case.prompt.prompt_hash for use_case in use_cases},
            models={"llm": self.model.name, **judge_entry(self.checks.judge)},
            repairs=self.model.repairs,
            runner=self.runner,
            code_version=code_version(),
        )
