"""What samples must pass, and how many are wanted, from options: what cannot be is found before anything starts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from persona_hub.pipelines.cli.command_options import SynthesisOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.samples.check_options import AcceptedOptions
from persona_hub.pipelines.planning.budget import BudgetShares
from persona_hub.pipelines.planning.models import chosen_sampling, named_model
from persona_hub.pipelines.planning.samples.judges import judge_of, told_of_judge
from persona_hub.pipelines.planning.token_limits import TokenLimits
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.check_samples.benchmark_files import benchmarks_of
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.check_samples.solve_task import SOLVE_SAMPLING, solve_prompt
from persona_hub.transforms.judging.families import told_families
from persona_hub.transforms.judging.gold import read_gold
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesis.verify import BY_PROGRAM, parse_verify
from persona_hub.transforms.synthesize.accepted.wanted import Wanted

CHECKS_TOLD = {  # what of a manifest's `checks` a message names, and as what
    "checks": "the checks of a use case of your own",
    "solve": "the prompt solve, or what it is given",
    "judge": "the judge, its prompt or its rubric",
    "benchmarks": "what --against_benchmark names",
}
SHOWN_OF_CHECK = 160  # characters


def checks_of(options: SynthesisOptions, where: Where, pii: str, use_cases: Sequence[str] = ()) -> Checks:
    """The checks that options name, as yet without the job's limits of tokens and the stages' parts of its budget.

    `use_cases`: names of those that a gold set may be of. Raises UsageError, PromptError, RubricError, GoldError, and
    CorpusError for a benchmark that cannot be read.
    """
    verify = parse_verify(options.verify)
    return Checks(
        verify=verify,
        solve=solve_prompt(options.prompt_dir) if verify.asks else None,
        judge=judge_of(options, where),
        gold=read_gold(options.judge_gold, use_cases) if options.judge_gold else (),
        threshold=options.sample_threshold,
        against=benchmarks_of(options.against_benchmark) if options.against_benchmark else (),
        contacts=pii != "keep",
    )


def checks_in_job(
    checks: Checks,
    options: SynthesisOptions,
    where: Where,
    forecast_shares: BudgetShares,
    limits: TokenLimits,
    repairs: int,
) -> Checks:
    """The checks with what the job decides of their calls. `repairs`: of the language model, more in an attempt that
    completes another one; so many more has the judge, too.
    """
    judge = judge_of(options, where, forecast_shares, limits)
    if judge:
        more = repairs - options.retry_malformed
        judge = replace(judge, model=replace(judge.model, repairs=judge.model.repairs + more))
    return replace(checks, sampling=chosen_sampling(options, SOLVE_SAMPLING, limits), judge=judge)


def decisive_checks(options: SynthesisOptions, checks: Checks, use_cases: Sequence[UseCase]) -> dict[str, Any]:
    """What stands for the flags of the checks in a fingerprint, by name: what their files hold, and not their names.

    Nothing for what is not asked for, so that a run without it has the name that it had before there was such a check.
    """
    found: dict[str, Any] = {}
    if checked := {use_case.name: use_case.checked_by for use_case in use_cases if use_case.checked_by}:
        found["checks"] = checked
    if checks.solve:
        solved = {one.name: [one.question, one.answer] for one in use_cases if one.question and one.answer}
        found["solve"] = {"prompt": checks.solve.prompt_hash, "fields": solved}
    if checks.judge:
        found |= {"judge": told_of_judge(options, checks.judge), "rubric": ""}
    if checks.against:
        found["against_benchmark"] = sorted(one.digest for one in checks.against)
    return found


def recorded_checks(options: SynthesisOptions, checks: Checks, decisive: Mapping[str, Any]) -> dict[str, Any]:
    """The same as a manifest has it, and how is verified, the least score, names of files, a remark on families."""
    found = {name: value for name, value in decisive.items() if name != "rubric"}
    if checks.verify != BY_PROGRAM:
        found["verify"] = str(checks.verify)
    if checks.judge:
        remark = told_families(checks.judge.model.name, named_model(options)[0])
        found["judge"] = {**found["judge"], "min_score": checks.judge.min_score, "remark": remark}
    if checks.gold:
        found["gold"] = {"file": options.judge_gold, "rows": len(checks.gold)}
    if checks.against:
        found["benchmarks"] = [{"file": one.name, "rows": one.rows, "digest": one.digest} for one in checks.against]
        del found["against_benchmark"]
    return found


def changed_checks(now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    """What of the recorded checks was another, with both values; each is read from files that flags name."""
    for name, what in CHECKS_TOLD.items():
        if now.get(name) != before.get(name):
            ours, theirs = now.get(name), before.get(name)
            if isinstance(ours, Mapping) and isinstance(theirs, Mapping):  # of both what is different
                other = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
                ours, theirs = ({key: one[key] for key in sorted(other & one.keys())} for one in (ours, theirs))
            shown, was = (excerpt(json.dumps(one), SHOWN_OF_CHECK) if one else "none" for one in (ours, theirs))
            yield f"{what}: {shown}, before {was}"


def wanted_of(options: AcceptedOptions) -> Wanted | None:
    """How many accepted samples are wanted, None for whatever passes. Raises UsageError, or InvalidInputError."""
    if not options.accepted:
        if options.candidates:
            raise UsageError("--candidates: the most questions for --accepted N; without it --max_samples is for that")
        return None
    return Wanted(accepted=options.accepted, candidates=options.candidates)
