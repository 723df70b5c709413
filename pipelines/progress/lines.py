"""Progress in words, a line at a time, and as JSON: for logs, schedulers and notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator

from persona_hub.pipelines.progress.facts import Facts, StageFacts
from persona_hub.transforms.counting.quantity import noun_for, quantity

CENTS_MATTER = 100.0  # US dollars, under which four digits after the point are shown, as `status` shows them


def plain_line(facts: Facts, ended: bool = False) -> str:
    """One line: the time, what was made so far, the step at work, and what was paid."""
    step = step_at_work(facts)
    return " · ".join([*head(facts, ended), *made(facts), *([step] if step else []), *paid_so_far(facts)])


def head(facts: Facts, ended: bool = False) -> Iterator[str]:
    """When and where."""
    yield f"{'ended after ' if ended else ''}{clock(facts.seconds)}"
    if facts.cluster:
        yield f"runs on {facts.cluster}"


def made(facts: Facts) -> Iterator[str]:
    """What was read, made and lost."""
    counts = {"rows": facts.rows, "documents": facts.documents, "personas": facts.personas, "samples": facts.samples}
    yield from (f"{n:,} {name}" for name, n in counts.items() if n)
    if facts.lost:
        yield f"{facts.lost:,} lost"


def step_at_work(facts: Facts) -> str:
    """The step at work, with what is done of its questions and the time left, if it asks any; "" where none is."""
    asking = next((one for one in facts.stages if one.stage == facts.step), None)
    return f"{title(asking.stage)} {work(asking)}" if asking else title(facts.step)


def title(stage: str) -> str:
    """A stage as a user reads it."""
    return stage.replace("_", " ")


def work(stage: StageFacts) -> str:
    """What is done of a step's questions, how fast, and the time left, where these are known."""
    text = f"{stage.done:,}"
    if stage.total is not None:
        text += f" of {stage.total:,}"
    if stage.rate >= 0.05:
        text += f", {stage.rate:,.1f}/s"
        if stage.open and stage.seconds_left:
            text += f", {clock(stage.seconds_left)} left"
    return text


def paid_so_far(facts: Facts) -> Iterator[str]:
    """Calls, tokens and dollars against the budget, and how often the server refused; nothing before the first call."""
    spend, budget = facts.spend, facts.budget
    if spend.calls:
        estimated = f" ({quantity(spend.estimated, 'call')} estimated)" if spend.estimated else ""
        yield f"{spend.calls:,}{of(budget.calls)} {noun_for(budget.calls or spend.calls, 'call')}"
        tokens_in = quantity(spend.input_tokens, "token")
        yield f"{tokens_in} in, {spend.output_tokens:,} out{within(budget.tokens)}{estimated}"
        yield dollars(facts)
    if facts.refusals:
        yield quantity(facts.refusals, "refusal")
    if facts.retries:
        yield quantity(facts.retries, "retry", "retries")


def of(limit: int) -> str:
    """What a count of calls is to stay under."""
    return f" of {limit:,}" if limit else ""


def within(limit: int) -> str:
    """What both counts of tokens together are to stay under."""
    return f", of {limit:,}" if limit else ""


def dollars(facts: Facts) -> str:
    """What was spent of what may be."""
    if facts.cost_usd is None:
        return "price not known"
    limit = facts.budget.cost_usd
    return f"{money(facts.cost_usd)}{f' of {money(limit)}' if limit else ''} US dollars"


def money(usd: float) -> str:
    """An amount of US dollars.

    >>> money(0.16), money(1234.5)
    ('0.1600', '1,234.50')
    """
    return f"{usd:,.4f}" if usd < CENTS_MATTER else f"{usd:,.2f}"


def json_line(facts: Facts, ended: bool = False) -> str:
    """One JSON object, in ASCII; docs/progress.md says what its fields mean. What is not known is null."""
    here, budget, spend = not facts.cluster, facts.budget, facts.spend
    cost = facts.cost_usd
    return json.dumps(
        {
            "event": "end" if ended else "progress",
            "seconds": round(facts.seconds, 1),
            "cluster": facts.cluster,
            "step": facts.step,
            "rows": facts.rows if here else None,
            "documents": facts.documents if here else None,
            "personas": facts.personas if here else None,
            "samples": facts.samples if here else None,
            "lost": facts.lost if here else None,
            "refusals": facts.refusals if here else None,
            "retries": facts.retries if here else None,
            "calls": spend.calls,
            "calls_per_second": round(facts.call_rate, 2),
            "input_tokens": spend.input_tokens,
            "output_tokens": spend.output_tokens,
            "estimated_calls": spend.estimated,
            "cost_usd": None if cost is None else round(cost, 9),
            "max_calls": budget.calls or None,
            "budget_tokens": budget.tokens or None,
            "max_cost_usd": budget.cost_usd or None,
            "stages": [json_stage(stage, here) for stage in facts.stages],
        }
    )


def json_stage(stage: StageFacts, here: bool) -> dict[str, str | int | float | None]:
    """A step that asks; `here`: whether it runs on this machine, which then knows more than its calls."""
    left = stage.seconds_left if stage.open else 0.0
    return {
        "stage": stage.stage,
        "asked": stage.asked if here else None,
        "done": stage.done,
        "lost": stage.lost if here else None,
        "cached": stage.cached if here else None,
        "total": stage.total,
        "per_second": round(stage.rate, 2),
        "seconds_left": None if left is None else round(left, 1),
    }


def clock(seconds: float) -> str:
    """1:02:03 or 02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
