"""estimate --hub: what `synthesize` with the same flags will take, by rules of thumb, or with intervals by a pilot."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson
from apache_beam.options.pipeline_options import PipelineOptions

from persona_hub.pipelines.cli.command_options import EstimateOptions, SynthesizeOptions
from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.log_lines import say_lines
from persona_hub.pipelines.cli.option import options_of
from persona_hub.pipelines.commands.pilot import (
    PilotResult,
    chosen_personas,
    paid_checks,
    possible_questions,
    send_pilot,
    usual_pilot,
)
from persona_hub.pipelines.commands.status import ESTIMATE_FILE
from persona_hub.pipelines.planning.budget import NO_SHARES, has_budget
from persona_hub.pipelines.planning.forecast import (
    AGREED,
    PASSES,
    Prices,
    StageForecast,
    forecast_samples,
    seconds_of,
)
from persona_hub.pipelines.planning.models import HERE, model_price, named_model
from persona_hub.pipelines.planning.preview_plan import without_budget
from persona_hub.pipelines.planning.samples.judges import judge_options, judge_price
from persona_hub.pipelines.planning.samples.simulated import StageDrawn, UseCaseDrawn, simulate
from persona_hub.pipelines.planning.store_choice import store_of
from persona_hub.pipelines.reporting.samples_estimate import (
    StageRow,
    UseCaseTold,
    budget_lines,
    estimate_document,
    samples_table,
    use_case_line,
)
from persona_hub.pipelines.runners.response_store import stored_spend
from persona_hub.pipelines.synthesize import SynthesizeJob, plan_synthesize
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.hub.versions import path_of
from persona_hub.transforms.llm.registry import EXPORT, MODELS
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import NO_STORE
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.accepted.wanted import all_rounds

LIKED = 0.9  # of the samples that a judge scores those at --min_score or above, until some were judged
FEW_ANSWERS = 20  # of a stage in the store, from which on its own token counts are believed


@dataclass(frozen=True)
class SamplesEstimate:
    """What a run of `synthesize` will take."""

    stages: Sequence[StageForecast]  # as expected
    use_cases: Mapping[str, UseCaseDrawn] = field(default_factory=dict)  # simulated, where a pilot was sent
    pilot: int = 0  # questions of each use case
    result: PilotResult = field(default_factory=lambda: PilotResult({}))

    @property
    def drawn(self) -> dict[str, StageDrawn]:
        """Each simulated stage."""
        return {stage: one for drawn in self.use_cases.values() for stage, one in drawn.stages.items()}


def estimate_samples(options: EstimateOptions, runner: PipelineOptions) -> int:
    """Prints the estimate of samples of a hub, and leaves it in OUTPUT; returns the exit code.

    Raises UsageError, HubError and what `plan_synthesize` raises.
    """
    with tempfile.TemporaryDirectory(prefix="persona-hub-") as folder:
        asked = samples_options(options, folder, sends=options.n != 0)
        job = plan_synthesize(asked)
        possible = possible_questions(job.choice, chosen_personas(job, runner))
        if not possible:
            raise UsageError(f"--where {job.choice.where}: it holds of no persona of {options.hub}")
        n = questions_to_send(options, job, possible)
        estimate = piloted(job, n, possible, options.output, runner) if n else reckoned(job, possible)
    prices = Prices(model_price(job.options), judge=judge_price(job.options))
    processes = runner.get_all_options().get("direct_num_workers") or 1
    rows = [stage_row(stage, estimate, prices, job, processes) for stage in estimate.stages]
    cases = [
        UseCaseTold(name, possible, job.wanted.accepted if job.wanted else 0, seen, estimate.use_cases[name])
        for name, seen in estimate.result.seen.items()
    ]
    say_lines([*basis(options, job, estimate, possible), *map(use_case_line, cases), "", *samples_table(rows)])
    say_lines(budget_lines(rows, options.max_cost_usd, options.max_calls))
    if options.output:
        document = {"hub_version": job.hub.manifest.version, "questions": possible, "pilot": estimate.pilot}
        document |= {"model": job.model.name, "judge": job.checks.judge.model.name if job.checks.judge else ""}
        document |= estimate_document(rows, cases)
        write_bytes(path_of(options.output, ESTIMATE_FILE), orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return DONE


def samples_options(options: EstimateOptions, folder: str, sends: bool) -> SynthesizeOptions:
    """The options of the run into an empty folder: of OUTPUT it uses the response store, and nothing else."""
    name, export = named_model(options)
    if options.n and EXPORT in export:
        raise UsageError(f"--llm {options.llm}: an export sends nothing; name the model itself, or --n 0")
    limited = sends and has_budget(options) and are_kept(options)
    is_free = MODELS.is_local(name)
    paid = judge_options(options).llm if options.judge and is_free else name
    asked = SynthesizeOptions(
        **{one: getattr(options, one) for one in options_of(SynthesizeOptions)}, given=options.given
    )
    asked = replace(
        asked,
        llm=name,
        batch_model="",
        output=folder,
        response_store=store_of(options, paid, HERE, limited) or NO_STORE,
        budget_shares=(NO_SHARES,),
    )
    return asked if limited else without_budget(asked)


def are_kept(options: EstimateOptions) -> bool:
    """Whether there is a place for answers."""
    return bool(options.output or options.response_store) and options.response_store != NO_STORE


def questions_to_send(options: EstimateOptions, job: SynthesizeJob, possible: int) -> int:
    """Of each use case: as `--n` says; by default as many as the run begins with, where answers are kept for it.

    With --accepted no more than so many, which the run will surely ask. Raises UsageError where paid answers would be
    lost to the run.
    """
    if options.n and job.called and job.options.response_store == NO_STORE:
        raise UsageError("--output or --response_store: name one, so that the run need not buy these answers again")
    if options.n is None:
        n = usual_pilot(possible, job.wanted) if are_kept(options) and EXPORT not in named_model(options)[1] else 0
    else:
        n = options.n
    return min(n, possible, job.wanted.accepted if job.wanted else n)


def piloted(job: SynthesizeJob, n: int, possible: int, output: str, runner: PipelineOptions) -> SamplesEstimate:
    """The estimate from a pilot of `n` questions of each use case."""
    result = send_pilot(job, n, possible, output, runner)
    usual = usual_tokens(job)
    drawn = {
        name: simulate(seen, possible, job.wanted, usual, retries=job.model.repairs > 0)
        for name, seen in result.seen.items()
    }
    judges = {stage.stage for seen in result.seen.values() for stage in seen.stages if stage.judges}
    stages = [
        StageForecast(
            stage,
            calls := float(one.calls.mean()),
            float(one.input_tokens.mean()) / max(calls, 1e-9),
            float(one.output_tokens.mean()) / max(calls, 1e-9),
            judges=stage in judges,
        )
        for use_case in drawn.values()
        for stage, one in use_case.stages.items()
    ]
    return SamplesEstimate(stages, drawn, n, result)


def reckoned(job: SynthesizeJob, possible: int) -> SamplesEstimate:
    """The estimate by rules of thumb; tokens as the store has counted them, if it has."""
    usual = usual_tokens(job)
    stages = [stage for one in job.use_cases for stage in rule_stages(job, one, expected_questions(job, one, possible))]
    return SamplesEstimate(
        [replace(one, input_tokens=usual[one.stage][0], output_tokens=usual[one.stage][1]) for one in stages]
    )


def rule_stages(job: SynthesizeJob, use_case: UseCase, questions: float) -> list[StageForecast]:
    """The stages of so many questions of one use case, by rules of thumb."""
    return forecast_samples(replace(job.options, samples_per_persona=1, max_samples=0), [use_case], questions)


def expected_questions(job: SynthesizeJob, use_case: UseCase, possible: int) -> int:
    """The questions of a use case: all, or with --accepted those of the rounds if a usual share is accepted."""
    if job.wanted is None:
        return possible
    by_model = paid_checks(job, use_case)
    share = PASSES * (AGREED if by_model and by_model.votes else 1.0)
    share *= LIKED if job.checks.judge and job.checks.judge.min_score else 1.0
    return all_rounds(possible, job.wanted, lambda progress: round(progress.asks * share)).end


def usual_tokens(job: SynthesizeJob) -> dict[str, tuple[float, float]]:
    """{stage: tokens in and out of a call}: as the store has counted them, or by rules of thumb."""
    known = stored_spend(job.options.response_store) or {}
    found = {}
    for one in (stage for use_case in job.use_cases for stage in rule_stages(job, use_case, 1.0)):
        spent = known.get(one.stage, Spend())
        counted = spent.calls >= FEW_ANSWERS
        found[one.stage] = (
            (spent.input_tokens / spent.calls, spent.output_tokens / spent.calls)
            if counted
            else (one.input_tokens, one.output_tokens)
        )
    return found


def stage_row(
    stage: StageForecast, estimate: SamplesEstimate, prices: Prices, job: SynthesizeJob, processes: int
) -> StageRow:
    """The row of a stage in the table."""
    model = job.checks.judge.model if stage.judges and job.checks.judge else job.model
    seconds = seconds_of(stage, model, estimate.result.latency.get(stage.stage, 0.0), processes)
    return StageRow(stage, prices.of(stage), seconds, estimate.drawn.get(stage.stage))


def basis(options: EstimateOptions, job: SynthesizeJob, estimate: SamplesEstimate, possible: int) -> Iterator[str]:
    """What the figures rest on."""
    made = job.hub.manifest
    yield (
        f"{quantity(made.records_of('personas'), 'persona')} in version {made.version}; at most "
        f"{quantity(possible, 'question')} of each use case; {job.model.name}"
    )
    result = estimate.result
    if not estimate.pilot:
        yield "estimated without calling the model: shares and answers by rules of thumb, or as the store has counted"
        yield f"(--n {usual_pilot(possible, job.wanted)} --output DIR asks so many questions, and keeps the answers)"
        return
    yield (
        f"from a pilot of {quantity(estimate.pilot, 'question')} of each use case ({quantity(result.bought, 'call')} "
        "bought now); the answers are in the response store"
    )
    if result.unanswered:
        yield f"{quantity(result.unanswered, 'question')} of the pilot found no answer: the figures are unsure"
