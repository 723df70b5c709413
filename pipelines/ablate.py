"""ablate: arms that differ in their personas alone -> equal numbers of accepted samples, and a verdict."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam

from persona_hub.pipelines.cli.command_options import AblateOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.pages.report.given import require_sample
from persona_hub.pipelines.pages.samples import FILE_NAME, SAMPLE_FILES, Fault, found_in
from persona_hub.pipelines.planning.ablation_plan import AblationPlan, plan_of
from persona_hub.pipelines.planning.embedders import EMBEDDER
from persona_hub.pipelines.planning.forecast import budget_shares, forecast_samples
from persona_hub.pipelines.planning.models import (
    HERE,
    called_models,
    embedder_of,
    embedder_price,
    model_of,
    model_price,
)
from persona_hub.pipelines.planning.samples.arm_personas import draw_arms
from persona_hub.pipelines.planning.samples.checks import (
    checks_in_job,
    checks_of,
    decisive_checks,
    recorded_checks,
)
from persona_hub.pipelines.planning.samples.choices import choice_of_hub
from persona_hub.pipelines.planning.samples.judges import judge_price, prices_known
from persona_hub.pipelines.planning.samples.use_cases import use_cases_of
from persona_hub.pipelines.planning.token_limits import NEW_JOB
from persona_hub.pipelines.planning.trust import note_settings
from persona_hub.pipelines.reporting.ablation import report_ablation
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.pipelines.samples_job import SamplesJob, attempt_at
from persona_hub.transforms.ablate.arm_counts import ArmGold
from persona_hub.transforms.ablate.arm_rounds import ArmRounds
from persona_hub.transforms.ablate.arm_task import ArmPersonas, ArmTask, by_use_case
from persona_hub.transforms.ablate.settle import SettleOutcome, add_to_outcome
from persona_hub.transforms.ablate.training_sets import texts_of_sets, write_training_sets
from persona_hub.transforms.ablation.arms import VERBALISED, parse_arms
from persona_hub.transforms.ablation.proxy import HELD_OUT_FLAG, proxy_told, require_proxy
from persona_hub.transforms.ablation.scores import ArmScore, read_scores, scores_told
from persona_hub.transforms.ablation.verbalised import verbalised
from persona_hub.transforms.check_samples.check_samples import CheckSamples
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import ONE_MODEL, is_paid, split_embedder
from persona_hub.transforms.hub.versions import Hub, list_runs, open_hub
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.accepted.wanted import Wanted
from persona_hub.transforms.synthesize.one_round import OneRound
from persona_hub.transforms.write_hub.write_hub import HubContents, WriteHub

QUESTIONS_OF_SAMPLE = 4  # times the samples of an arm: the most questions, where none are named


def ablate_hub(options: AblateOptions, beam_flags: Sequence[str]) -> int:
    """Runs the experiment; returns the exit code."""
    return run_job(partial(plan_ablate, options), options, beam_flags)


@dataclass(frozen=True, kw_only=True)
class AblateJob(SamplesJob):
    """Makes the samples of all arms, and compares them."""

    options: AblateOptions
    embedder: EmbedderConfig
    use_case: UseCase
    arms: Sequence[ArmPersonas]
    plan: AblationPlan
    price: Price | None  # of the language model
    gold: ArmGold
    scores: Sequence[ArmScore]
    held_out: Sequence[str]  # texts of people
    checked: Mapping[str, Any]  # the checks as the manifest has them

    @property
    def called(self) -> Sequence[CalledModel]:
        """The language model, the judge, and the embedder, where it is a server's."""
        return called_models(self.model, self.embedder, judge=self.checks.judge)

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        options, name = self.options, self.use_case.name
        self.plan.write(options.output)
        arms = by_use_case(self.arms, name)
        wanted = wanted_of_arm(options)
        rounds = p | "Arms" >> ArmRounds(arms=arms, wanted=wanted, round=self.one_round(), gold=self.gold)
        lost = rounds | "Outcome" >> SettleOutcome(
            output=options.output,
            arms=arms,
            use_case=self.use_case,
            primary=self.plan.primary,
            embedder=self.embedder,
            plan=self.plan.hash,
            price=self.price,
            checks=self.checked,
        )
        letters = (rounds.made.dead_letters, lost) | "Letters" >> beam.Flatten()
        samples = {"{use_case}": rounds.made._replace(dead_letters=letters)}  # a folder for each arm
        draft = self.draft([self.use_case])
        draft = replace(draft, models={**draft.models, "embedder": self.embedder.name}, checks=self.checked)
        _ = HubContents({}, samples) | "WriteSamples" >> WriteHub(
            output=options.output,
            draft=draft,
            pii=options.pii,
            shards=1,
            response_store=self.model.store,
            priced=self.priced,
            max_lost=options.max_lost,
        )

    def one_round(self) -> OneRound:
        """A round of all arms. Near-copies are accepted: how many there are is what is measured."""
        forms = {one.arm.name: verbalised(self.use_case) for one in self.arms if one.arm.kind == VERBALISED}
        task = ArmTask(
            use_case=self.use_case,
            samples_per_persona=1,
            sampling=None,
            forms=forms,
            names={one.arm.name: name for name, one in by_use_case(self.arms, self.use_case.name).items()},
        )
        checks = replace(self.checks, gold=())  # people's verdicts are counted by arm
        check = CheckSamples(use_case=self.use_case, model=self.model, checks=checks, compares=False)
        return OneRound(task=task, model=self.model, check=check)

    def report(self) -> int:
        """Says what came out, and of how many samples."""
        self.add_training_sets()
        code = report_ablation(self.options, self.run, self.model, self.done)
        if self.done:
            self.report_gold()
        return code

    def add_training_sets(self) -> None:
        """Writes a training set of each arm, what models trained on them have scored, and what a small one does."""
        output, name = self.options.output, self.use_case.name
        runs = {use_case: made for use_case, made in list_runs(output) if made.run == self.run}
        if made := next(iter(runs.values()), None):
            write_training_sets(output, by_use_case(self.arms, name), name, made, runs, self.hub, self.plan.hash)
        if self.scores:
            add_to_outcome(output, {"scores": scores_told(self.scores, self.plan.primary.control)})
        if self.held_out and made:
            told = proxy_told(texts_of_sets(output), self.held_out, self.plan.primary.control)
            add_to_outcome(output, {"proxy": told})


def held_out_texts(path: str) -> list[str]:
    """Texts of people; what is no text is told. Raises UsageError or ProxyError, which name flag, file and remedy."""
    if not FILE_NAME.search(path):
        raise UsageError(f"{HELD_OUT_FLAG} {path}: must be a file of texts, {SAMPLE_FILES}")
    require_sample(path, HELD_OUT_FLAG)
    rows = list(found_in(path, ""))
    lost = Counter(one.reason for one in rows if isinstance(one, Fault))
    texts = [one.text for one in rows if not isinstance(one, Fault)]
    require_proxy(texts, path)
    if lost:
        why = ", ".join(f"{reason} {n:,}" for reason, n in sorted(lost.items()))
        say(
            f"persona-hub ablate: {HELD_OUT_FLAG} {path}: {quantity(lost.total(), 'row')} not read ({why})",
            file=sys.stderr,
        )
    return texts


def with_embedder_of(hub: Hub, options: AblateOptions) -> AblateOptions:
    """The options with the embedder of the hub's vectors, where none is named.

    Raises UsageError for one that costs, or that lies at a path which only the manifest names.
    """
    name = hub.manifest.models.get(EMBEDDER, options.embedder)
    if "embedder" in options.given or name == options.embedder:
        return options
    if split_embedder(name)[0] not in ONE_MODEL:
        raise UsageError(
            f"--embedder: the vectors of this hub are of {name}; name it, to have samples embedded by it, too, or use"
        )
    return replace(options, embedder=name)


def wanted_of_arm(options: AblateOptions) -> Wanted:
    """How many samples an arm wants, and of how many questions at most."""
    n = options.samples_per_arm
    return Wanted(accepted=n, candidates=options.candidates_per_arm or QUESTIONS_OF_SAMPLE * n)


def plan_ablate(options: AblateOptions, where: Where = HERE) -> AblateJob:
    """The plan of an experiment. Raises ValueErrors that name the flag or file and the remedy."""
    hub = open_hub(options.hub)
    options = with_embedder_of(hub, options)
    use_cases = use_cases_of(options)
    if len(use_cases) != 1:
        raise UsageError(f"--use_case: an experiment is on one use case; here are {len(use_cases)}")
    arms = parse_arms(options.arms)
    choice = choice_of_hub(options, hub)
    drawn = draw_arms(hub, arms, choice, options.samples_per_arm)
    people = [ArmPersonas(arm, tuple(drawn[arm.name])) for arm in arms]
    price = model_price(options)
    asked = options.samples_per_arm * len(arms)
    stages = forecast_samples(options, use_cases, asked)
    shares = budget_shares(stages, price, embedder_price(options), judge_price=judge_price(options))
    named = by_use_case(people, use_cases[0].name)
    checks = checks_of(options, where, options.pii, [use_cases[0].name, *named])
    gold = ArmGold.of(checks.gold, options.min_score, use_cases[0].name, list(named))
    model, embedder = model_of(options, where, shares), embedder_of(options, where, shares)
    decisive = decisive_checks(options, checks, use_cases)
    plan = plan_of(options, hub, use_cases[0], people, embedder, decisive)
    name = f"{hub.manifest.version}-{plan.hash[:8]}"
    attempt = attempt_at(name, options)
    plan.require_own_folder(options.output)
    model = replace(model, repairs=attempt.repairs)
    note_settings(options.output, options)
    return AblateJob(
        options=options,
        hub=hub,
        model=model,
        embedder=embedder,
        use_case=use_cases[0],
        arms=people,
        plan=plan,
        checks=checks_in_job(replace(checks, gold=tuple(gold.rows)), options, where, shares, NEW_JOB, model.repairs),
        price=price,
        gold=gold,
        scores=read_scores(options.scores, [arm.name for arm in arms]) if options.scores else (),
        held_out=held_out_texts(options.held_out) if options.held_out else (),
        checked=recorded_checks(options, checks, decisive),
        priced=prices_known(options) and (embedder_price(options) is not None or not is_paid(embedder.name)),
        attempt=attempt,
        runner=where.runner,
    )


if __name__ == "__main__":
    sys.exit(run_command("ablate", ablate_hub))
