"""estimate: what a build will take, from a sample of the corpus: calls, tokens, cost, time by stage."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import orjson

from persona_hub.pipelines.cli.command_options import EstimateOptions, SynthesizeOptions
from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.log_lines import say_lines
from persona_hub.pipelines.cli.option import options_of, own_options
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.cli.samples.check_options import AcceptedOptions
from persona_hub.pipelines.commands.estimate_samples import estimate_samples
from persona_hub.pipelines.commands.status import ESTIMATE_FILE
from persona_hub.pipelines.commands.trial import Trial, send_sample
from persona_hub.pipelines.planning.corpus.sample import CorpusSample, sample_corpus, sample_given
from persona_hub.pipelines.planning.corpus.sources import nothing_to_use
from persona_hub.pipelines.planning.forecast import (
    PERSONA_TOKENS,
    Prices,
    StageForecast,
    forecast_build,
    forecast_vectors,
    seconds_of,
)
from persona_hub.pipelines.planning.models import embedder_price, embeds, named_model
from persona_hub.pipelines.planning.plan import BuildPlan
from persona_hub.pipelines.planning.preview_plan import plan_preview
from persona_hub.pipelines.planning.samples.judges import judge_price
from persona_hub.pipelines.progress.lines import clock
from persona_hub.pipelines.runners.output_folder import check_output
from persona_hub.pipelines.runners.response_store import stored_spend
from persona_hub.pipelines.runners.run import beam_options, runs_here
from persona_hub.transforms.calls.tokens import tokens_of
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import EXTRACT_PERSONA
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.hub.versions import path_of
from persona_hub.transforms.llm.prices import price_of
from persona_hub.transforms.llm.registry import EXPORT
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import NO_STORE

DOCUMENTS_SENT = 200  # documents: within 4% of calls and tokens on three real corpora (benchmarks/calls/estimate.py)
LEAST_CALLS = 20  # of a stage in the store, from which on its own token counts are believed
ESTIMATE_HEAD = f"{'stage':30}{'calls':>12}{'tokens in':>16}{'tokens out':>16}{'US dollars':>14}{'time':>12}"


def estimate_build(options: EstimateOptions, beam_flags: Sequence[str]) -> int:
    """Prints the estimate, and leaves it in OUTPUT for `status`; returns the exit code."""
    runner = beam_options(beam_flags)
    if not runs_here(runner):
        raise UsageError("--runner: estimate works on this machine; leave it out")
    check_output(options.output)
    check_kind(options)
    if options.hub:
        return estimate_samples(options, runner)
    sends = documents_to_send(options)
    with tempfile.TemporaryDirectory(prefix="persona-hub-") as folder:
        plan = plan_preview(options, folder, sends=bool(sends))
        sends = sends if plan.asks or embeds(options) else 0
        check_answers_are_kept(options, plan, sends)
        sample, given = sampled(plan, options, sends or options.sample)
        trial = send_sample(plan, sample, given, runner, folder) if sends else Trial()
    known = stored_spend(plan.store) or {}
    totals = sample.total, given.total
    forecast = sample_forecast(plan, sample, given)
    stages = [corrected_forecast(stage, trial, known, totals, plan) for stage in forecast]
    prices = Prices(
        price_of(plan.model.name, plan.model.base_url, options.price_file),
        embedder_price(options),
        judge_price(options),
    )
    processes = runner.get_all_options().get("direct_num_workers") or 1
    times = [stage_seconds(stage, plan, trial, processes) for stage in stages]
    say_lines([*basis_lines(plan, (sample, given), trial, known), "", *estimate_table(stages, times, prices)])
    if options.output:
        document = {"documents": sum(totals), "model": plan.model.name, "stages": [asdict(stage) for stage in stages]}
        write_bytes(path_of(options.output, ESTIMATE_FILE), orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return DONE


def check_kind(options: EstimateOptions) -> None:
    """Raises UsageError for a flag that only a build takes beside --hub, or only `synthesize` without it."""
    if options.hub:
        taken = {*options_of(SynthesizeOptions), "n"}
        if others := sorted(options.given - taken):
            raise UsageError(f"--{others[0]}: goes with a build, and --hub has its personas; leave one of them out")
    elif others := sorted(options.given & {*own_options(AcceptedOptions)}):
        raise UsageError(f"--{others[0]}: goes with `synthesize`; name the hub of its personas with --hub DIR")


def check_answers_are_kept(options: EstimateOptions, plan: BuildPlan, sends: int) -> None:
    """Raises UsageError where a sample would be paid, and its answers be lost to the build."""
    paid = plan.model.name != "offline" or embeds(options)
    if sends and paid and plan.store == NO_STORE:
        raise UsageError("--output or --response_store: name one, so that the build need not buy these answers again")


def documents_to_send(options: EstimateOptions) -> int:
    """As `--n` says; by default as many as an estimate needs, where the answers can be kept for the build."""
    if options.n is not None:
        return options.n
    kept = bool(options.output or options.response_store not in ("", NO_STORE))
    return DOCUMENTS_SENT if kept and EXPORT not in named_model(options)[1] else 0


def sampled(plan: BuildPlan, options: EstimateOptions, n: int) -> tuple[CorpusSample, CorpusSample]:
    """Documents of the corpus, and given personas in the same proportion. Raises UsageError where there is neither."""
    sample, given = sample_corpus(plan.files, options, n), sample_given(plan.given, options, n)
    if not sample.documents and not given.documents:
        raise UsageError(nothing_to_use(options))
    if sample.documents and given.documents:
        part = n / (sample.total + given.total)
        sample, given = (
            replace(one, documents=one.documents[: max(1, round(one.total * part))]) for one in (sample, given)
        )
    return sample, given


def sample_forecast(plan: BuildPlan, sample: CorpusSample, given: CorpusSample) -> list[StageForecast]:
    """The stages as the simple model has them, documents as they are."""
    tokens = sum(tokens_of(document.text) for document in sample.documents) / max(1, len(sample.documents))
    return forecast_build(
        plan.options,
        plan.extract,
        plan.expand,
        plan.use_cases,
        sample.total,
        tokens,
        given.total,
        attributes=plan.attributes,
    )


def corrected_forecast(
    stage: StageForecast, trial: Trial, known: dict[str, Spend], totals: tuple[float, float], plan: BuildPlan
) -> StageForecast:
    """The forecast of a stage, corrected by what a trial or the store has shown of it.

    `totals`: how many documents there are, and how many given personas.
    """
    seen = trial.spent.get(stage.stage, Spend())
    if seen.calls < LEAST_CALLS:
        seen = known.get(stage.stage, Spend())
    if seen.calls >= min(LEAST_CALLS, trial.asked.get(stage.stage, LEAST_CALLS)) > 0:
        stage = replace(
            stage, input_tokens=seen.input_tokens / seen.calls, output_tokens=seen.output_tokens / seen.calls
        )
    if stage.embeds and trial.documents:
        return corrected_vectors(stage, trial, sum(totals), plan)
    if stage.stage in trial.asked:
        of_corpus = stage.stage == EXTRACT_PERSONA
        times = totals[0] / trial.of_corpus if of_corpus else sum(totals) / trial.documents
        calls = trial.calls(stage.stage, times)
        most = plan.options.max_samples if stage.stage.startswith("synthesize_") else 0
        stage = replace(stage, calls=min(calls, most or calls))
    return stage


def corrected_vectors(stage: StageForecast, trial: Trial, total: float, plan: BuildPlan) -> StageForecast:
    """The forecast of the vectors: texts in proportion, tokens of each as in the trial."""
    texts, bought = trial.texts, trial.spent.get(stage.stage, Spend())
    tokens = bought.input_tokens / texts if texts and bought.input_tokens else PERSONA_TOKENS
    times = total / trial.documents
    return forecast_vectors(plan.options, texts * times * trial.novelty(stage.stage, times), tokens)


def stage_seconds(stage: StageForecast, plan: BuildPlan, trial: Trial, processes: int) -> float:
    """The time of a stage of a build."""
    model = plan.embedder.calls if stage.embeds and plan.embedder.calls else plan.model
    if stage.judges and plan.checks.judge:
        model = plan.checks.judge.model
    return seconds_of(stage, model, trial.latency.get(stage.stage, 0.0), processes)


def basis_lines(
    plan: BuildPlan, samples: tuple[CorpusSample, CorpusSample], trial: Trial, known: dict[str, Spend]
) -> Iterator[str]:
    """What the figures rest on; `samples`: of the corpus, and of given personas."""
    for sample, what in zip(samples, ("document", "given persona"), strict=True):
        if sample.documents:
            how = "" if sample.exact else "about "
            yield f"{how}{quantity(sample.total, what)}, sampled {len(sample.documents):,}; {plan.model.name}"
    if not plan.asks and plan.embedder.calls is None:
        yield "no model is asked: given personas are neither expanded nor made samples of, and nothing is paid"
    elif trial.documents:
        sent = quantity(trial.documents, "document" if samples[0].documents else "given persona")
        yield f"estimated from answers about {sent}; they are in the response store"
        if trial.unasked:
            yield f"THE BUDGET RAN OUT in the sample ({quantity(trial.unasked, 'question')}): the figures are too low"
    elif any(spend.calls >= LEAST_CALLS for spend in known.values()):
        yield "tokens of a call as the response store has counted them; calls by a simple model of what steps keep"
    else:
        yield "estimated without calling the model: tokens by script, answers and losses by rules of thumb"
        yield f"(--n {DOCUMENTS_SENT} --output DIR sends documents, and keeps the answers for the build)"
    if plan.choice.where and not trial.documents:
        yield f"--where {plan.choice.where}: all personas are counted; of how many it holds, only a sent sample tells"


def estimate_table(stages: Sequence[StageForecast], times: Sequence[float], prices: Prices) -> Iterator[str]:
    """One line for each stage, and their sum."""
    yield ESTIMATE_HEAD
    sums = [0.0] * 5
    for stage, seconds in zip(stages, times, strict=True):
        calls = stage.calls
        row = [calls, calls * stage.input_tokens, calls * stage.output_tokens, stage.cost(prices), seconds]
        sums = [a + b for a, b in zip(sums, row, strict=True)]
        yield stage_line(stage.stage, row, prices.of(stage) is not None)
    known = all(prices.of(stage) is not None for stage in stages)
    yield stage_line("all", sums, known)
    if not known:
        yield "a model's price is not known: write it into a file for --price_file"
    elif sums[3] and prices.llm:
        halved = sum(stage.cost(Prices(prices.llm)) for stage in stages)  # vectors and judgments are not exported
        yield f"by a batch API (--llm=export:PATH): {sums[3] - halved * (1 - prices.llm.batch):,.2f} US dollars"


def stage_line(name: str, row: Sequence[float], priced: bool) -> str:
    """One line of the table: calls, tokens in and out, cost, seconds."""
    calls, tokens_in, tokens_out, cost, seconds = row
    money = f"{cost:,.2f}" if priced else "unknown"
    return f"{name:30}{calls:>12,.0f}{tokens_in:>16,.0f}{tokens_out:>16,.0f}{money:>14}{clock(seconds):>12}"


if __name__ == "__main__":
    sys.exit(run_command("estimate", estimate_build))
