"""What a card tells of checks and cost, out of the manifests of the runs."""

from __future__ import annotations

from collections import Counter

from persona_hub.transforms.counting.stages import check_stage, judge_stage, synthesize_stage
from persona_hub.transforms.judging.agreement import agreement_in
from persona_hub.transforms.training.card.escaping import code, table
from persona_hub.transforms.training.data_set import DataSet, UseCaseSet

REJECTED = "rejected-"  # begins the names of counts of a check


def checks(data: DataSet) -> str:
    """What the checks kept and rejected, by reason, and what proofs there are."""
    rows, reasons = [], Counter[str]()
    for one in data.use_cases:
        asked = answered = checked = accepted = 0
        ran = any(check_stage(one.use_case) in run.counts for run in one.runs)
        for run in one.runs:
            made, found = (
                run.counts.get(synthesize_stage(one.use_case), {}),
                run.counts.get(check_stage(one.use_case), {}),
            )
            asked, answered = asked + made.get("asked", 0), answered + made.get("answered", 0)
            checked, accepted = checked + found.get("samples", 0), accepted + found.get("accepted", 0)
            for name, n in found.items():
                reasons[name.removeprefix(REJECTED)] += n if name.startswith(REJECTED) else 0
        checks_told = [f"{n:,}" if ran else "not run" for n in (checked, accepted)]
        rows.append([code(one.use_case), f"{asked:,}", f"{answered:,}", *checks_told, f"{proved(data, one):,}"])
    text = "## Checks\n\n" + table(["use case", "asked", "answered", "checked", "accepted", "rows with a proof"], rows)
    kinds = Counter(data.proofs)
    if kinds:
        proofs = Counter[str]()
        for (_, kind), n in kinds.items():
            proofs[kind] += n
        text += "\n\n" + table(["proof", "rows"], [[code(kind), f"{n:,}"] for kind, n in proofs.most_common()])
    if judged := judges(data):
        text += "\n\n" + table(["use case", "judge", "judged", "agreement with people"], judged)
    rejected = [[code(reason), f"{n:,}"] for reason, n in reasons.most_common() if n]
    if rejected:
        text += "\n\n" + table(["rejected for", "samples"], rejected)
    return text


def judges(data: DataSet) -> list[list[str]]:
    """A row for each use case and judge: how many it judged, and how far it agrees with people."""
    rows = []
    for one in data.use_cases:
        found: dict[str, Counter[str]] = {}
        for run in one.runs:
            if run.judged:
                counts = Counter(run.counts.get(judge_stage(one.use_case), {}))
                found.setdefault(str(run.judged.get("judge", "")), Counter()).update(counts)
        for judge, counts in sorted(found.items()):
            agreement = agreement_in(counts)
            told = str(agreement) if agreement.samples else "not measured"
            rows.append([code(one.use_case), code(judge), f"{counts['answered']:,}", told])
    return rows


def proved(data: DataSet, one: UseCaseSet) -> int:
    """Rows of a use case with a proof."""
    return sum(n for (use_case, _), n in data.proofs.items() if use_case == one.use_case)


def cost(data: DataSet) -> str:
    """Calls, tokens and dollars of the use cases' stages.

    A run's manifest has what its response store had counted by then, of earlier runs, too: the most that one has.
    """
    rows = []
    for one in data.use_cases:
        usage: dict[str, Counter[str]] = {}
        unpriced = False
        for run in one.runs:
            for stage, found in run.usage.items():
                if is_stage_of(stage, one.use_case):
                    usage.setdefault(stage, Counter())
                    usage[stage] |= Counter(dict(found))
                    unpriced = unpriced or "cost_usd" not in found
        if usage:
            sums = [sum(spent[name] for spent in usage.values()) for name in ("calls", "input_tokens", "output_tokens")]
            dollars = "not known" if unpriced else f"{sum(spent['cost_usd'] for spent in usage.values()):,.4f}"
            rows.append([code(one.use_case), *(f"{n:,.0f}" for n in sums), dollars])
    if not rows:
        return ""
    return "## Cost\n\n" + table(["use case", "calls", "tokens in", "tokens out", "US dollars"], rows)


def is_stage_of(stage: str, use_case: str) -> bool:
    """Whether a stage is of a use case: "synthesize_math", "judge_math", and not "synthesize_my_math"."""
    what, _, name = stage.partition("_")
    return bool(what) and name == use_case
