"""synthesize: hub -> samples of use cases."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam

from persona_hub.pipelines.cli.command_options import SynthesizeOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.option import deciding_values
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.forecast import budget_shares, forecast_samples
from persona_hub.pipelines.planning.models import HERE, called_models, model_of, model_price, named_model
from persona_hub.pipelines.planning.samples.checks import (
    checks_in_job,
    checks_of,
    decisive_checks,
    recorded_checks,
    wanted_of,
)
from persona_hub.pipelines.planning.samples.choices import choice_of_hub
from persona_hub.pipelines.planning.samples.judges import judge_price, prices_known
from persona_hub.pipelines.planning.samples.use_cases import use_cases_of
from persona_hub.pipelines.planning.sizing import blocks_for, shards_for
from persona_hub.pipelines.planning.token_limits import TokenLimits, token_limits
from persona_hub.pipelines.planning.trust import note_settings
from persona_hub.pipelines.reporting.accepted import report_accepted
from persona_hub.pipelines.reporting.partial import report_attempt
from persona_hub.pipelines.reporting.summary import samples_done, samples_summary
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.pipelines.samples_job import SamplesJob, attempt_at
from persona_hub.transforms.check_samples.check_samples import SampleBatches
from persona_hub.transforms.choice.choice import Choice
from persona_hub.transforms.counting.counts import count_records
from persona_hub.transforms.counting.stages import READ_HUB
from persona_hub.transforms.hub.manifest import fingerprint
from persona_hub.transforms.hub.versions import Hub, list_attempts, open_hub
from persona_hub.transforms.read_hub.choice_rows import ReadRows
from persona_hub.transforms.read_hub.earlier_samples import EarlierSamples, earlier_files
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.accepted.wanted import Wanted
from persona_hub.transforms.synthesize.use_cases import SynthesizeUseCases
from persona_hub.transforms.write_hub.write_hub import HubContents, WriteHub


def synthesize_samples(options: SynthesizeOptions, beam_flags: Sequence[str]) -> int:
    """Makes the samples; returns the exit code."""
    return run_job(partial(plan_and_note, options), options, beam_flags)


def plan_and_note(options: SynthesizeOptions, where: Where) -> SynthesizeJob:
    """The plan of a run, whose settings are noted as this user's own."""
    job = plan_synthesize(options, where)
    note_settings(options.output, job.options)
    return job


@dataclass(frozen=True, kw_only=True)
class SynthesizeJob(SamplesJob):
    """Makes samples of a hub's personas."""

    options: SynthesizeOptions
    use_cases: Sequence[UseCase]
    choice: Choice
    wanted: Wanted | None
    token_limits: tuple[int, ...]  # of earlier attempts
    checked: Mapping[str, Any]  # the checks as the manifest has them
    name: str  # of the run's first attempt

    @property
    def called(self) -> Sequence[CalledModel]:
        """The language model, and the judge."""
        return called_models(self.model, judge=self.checks.judge)

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        options, count = self.options, self.hub.manifest.records_of("personas")
        blocks = options.partitions or blocks_for(count)

        rows = p | "ReadHub" >> ReadRows(hub=self.hub, blocks=blocks, choice=self.choice)
        samples = rows | "Synthesize" >> SynthesizeUseCases(
            use_cases=self.use_cases,
            model=self.model,
            choice=self.choice,
            checks=self.checks,
            wanted=self.wanted,
            earlier=self.earlier_samples(p),
            blocks=blocks,
        )
        counts = count_records(READ_HUB, "personas", rows.personas)
        _ = HubContents({}, samples, counts=counts) | "WriteSamples" >> WriteHub(
            output=options.output,
            draft=replace(self.draft(self.use_cases), checks=self.checked, token_limits=self.token_limits),
            pii=options.pii,
            shards=shards_for(count),
            response_store=self.model.store,
            priced=self.priced,
            max_lost=options.max_lost,
        )

    @property
    def compared(self) -> str:
        """The folder of the earlier runs whose samples are not made again."""
        return self.options.output

    def earlier_samples(self, p: beam.Pipeline) -> dict[str, SampleBatches]:
        """{use case: what earlier runs in the output have made of it}."""
        files = earlier_files(self.compared, self.name)
        return {
            use_case.name: p
            | f"Earlier {use_case.name}" >> EarlierSamples(output=self.compared, files=files[use_case.name])
            for use_case in self.use_cases
            if use_case.name in files
        }

    def report(self) -> int:
        """Says what samples there are."""
        if self.done:
            say(samples_done(self.options.output, self.run))
            self.report_gold()
            return report_accepted(self.options, self.run)
        say(samples_summary(self.options.output, self.run))
        code = report_attempt(self.options.output, self.run, self.model)
        short = report_accepted(self.options, self.run)
        return code or short


def plan_synthesize(options: SynthesizeOptions, where: Where = HERE) -> SynthesizeJob:
    """The plan of a run. Raises ValueErrors that name the flag or file and the remedy."""
    hub = open_hub(options.hub)
    use_cases = use_cases_of(options)
    if not use_cases:
        raise UsageError("--use_case is required: a name, `all` for the six, or FILE.yaml of your own")

    choice = choice_of_hub(options, hub)
    wanted = wanted_of(options)
    checks = checks_of(options, where, options.pii, [one.name for one in use_cases])
    decisive = decisive_checks(options, checks, use_cases)

    def name_with(limits: TokenLimits) -> str:
        return run_name(limits.of_job(options), hub, use_cases, choice, decisive)

    runs = reversed(list_attempts(options.output, hub.manifest.version))
    limits = token_limits(options, runs, lambda job, made: f"{made.run}-".startswith(f"{name_with(job)}-"))
    name, options = name_with(limits), limits.of_run(options)
    use_cases = use_cases_of(options, limits)
    personas = hub.manifest.records_of("personas")
    stages = forecast_samples(options, use_cases, personas)
    shares = budget_shares(stages, model_price(options), judge_price=judge_price(options))
    attempt = attempt_at(name, options)
    model = replace(model_of(options, where, shares), repairs=attempt.repairs)
    return SynthesizeJob(
        options=options,
        hub=hub,
        model=model,
        use_cases=use_cases,
        choice=choice,
        checks=checks_in_job(checks, options, where, shares, limits, model.repairs),
        wanted=wanted,
        checked=recorded_checks(options, checks, decisive),
        name=name,
        token_limits=limits.earlier,
        priced=prices_known(options),
        attempt=attempt,
        runner=where.runner,
    )


def run_name(
    options: SynthesizeOptions, hub: Hub, use_cases: Sequence[UseCase], choice: Choice, checks: Mapping[str, Any]
) -> str:
    """The name of a run of these options: the same for the same samples. `checks`: as `decisive_checks` has them."""
    last: tuple[int, ...] = () if choice.samples_of_last == choice.each else (choice.samples_of_last,)
    decisive = deciding_values(options) | {
        "llm": named_model(options)[0],
        "version": hub.manifest.version,
        "prompts": {use_case.name: use_case.prompt.prompt_hash for use_case in use_cases},
        "samples": [choice.personas, choice.each, *last],
        **({"choice": choice.told} if choice.told else {}),
        **checks,
    }
    if repeated := [use_case.name for use_case in use_cases if not use_case.stands_alone]:
        decisive["stands_alone"] = dict.fromkeys(repeated, False)
    return f"{hub.manifest.version}-{fingerprint(decisive)[:8]}"


if __name__ == "__main__":
    sys.exit(run_command("synthesize", synthesize_samples))
