"""What an estimate of samples says: a table of stages with intervals, a line for each use case, a document in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from persona_hub.pipelines.planning.forecast import StageForecast
from persona_hub.pipelines.planning.samples.simulated import Interval, StageDrawn, UseCaseDrawn, UseCaseSeen
from persona_hub.pipelines.progress.lines import clock
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.records import printable
from persona_hub.transforms.similarity.arrays import Numbers

SAMPLES_HEAD = (
    f"{'stage':30}{'calls':>12}{'95%':>24}{'tokens in':>15}{'tokens out':>14}{'US dollars':>12}{'95%':>20}{'time':>10}"
)
TOLD_AGAIN = 0.005  # of a stage's calls: what is asked again has a line of its own
MAY_LACK = 0.025  # of the simulated runs that may end with fewer samples than are wanted before that is told


@dataclass(frozen=True)
class StageRow:
    """A stage as it is expected, and in all simulated runs, if a pilot was sent."""

    forecast: StageForecast
    price: Price | None  # None where it is not known
    seconds: float
    drawn: StageDrawn | None = None

    @property
    def cost(self) -> float:
        """US dollars, as expected; 0 where the price is not known."""
        one = self.forecast
        return one.calls * self.price.of(one.input_tokens, one.output_tokens) if self.price else 0.0

    @property
    def calls(self) -> Numbers | None:
        """The calls of each simulated run."""
        return self.drawn.calls if self.drawn else None

    @property
    def costs(self) -> Numbers | None:
        """US dollars of each simulated run."""
        if self.drawn is None or self.price is None:
            return None
        return self.price.of(self.drawn.input_tokens, self.drawn.output_tokens)


@dataclass(frozen=True)
class UseCaseTold:
    """A use case: what a pilot has seen of it, and its simulated runs."""

    name: str
    possible: int  # questions
    wanted: int  # samples; 0: whatever passes
    seen: UseCaseSeen
    drawn: UseCaseDrawn

    @property
    def lacking(self) -> float:
        """The share of the runs that end with fewer samples than are wanted."""
        return float((self.drawn.accepted < self.wanted).mean()) if self.wanted else 0.0


def use_case_line(told: UseCaseTold) -> str:
    """The questions and samples of a use case, and what got through each step in the pilot."""
    through = ", ".join(f"{n:,} {step}" for step, n in told.seen.through.items())
    line = (
        f"{told.name}: {spoken(Interval.of(told.drawn.accepted))} samples of "
        f"{spoken(Interval.of(told.drawn.questions))} questions; of {told.seen.asked:,} in the pilot: {through}"
    )
    if told.lacking > MAY_LACK:
        line += f"; FEWER THAN {told.wanted:,} in {told.lacking:.0%} of simulated runs: it needs more --candidates"
    return printable(line)


def spoken(interval: Interval) -> str:
    """A number with its interval, which one that is known has not.

    >>> spoken(Interval(1663.2, 1600.0, 1730.4)), spoken(Interval(40, 40, 40))
    ('1,663 [1,600, 1,730]', '40')
    """
    if interval.low == interval.high:
        return f"{interval.expected:,.0f}"
    return f"{interval.expected:,.0f} [{interval.low:,.0f}, {interval.high:,.0f}]"


def samples_table(rows: Sequence[StageRow]) -> Iterator[str]:
    """One line for each stage, one for what is asked again in it, and their sum."""
    yield SAMPLES_HEAD
    for row in rows:
        one, drawn, cost = row.forecast, row.drawn, row.cost if row.price else None
        tokens = one.calls * one.input_tokens, one.calls * one.output_tokens
        yield table_line(one.stage, one.calls, row.calls, tokens, cost, row.costs, row.seconds)
        if drawn and (again := float(drawn.again.mean())) >= TOLD_AGAIN * one.calls:
            part = again / max(one.calls, 1.0)
            again_tokens = tokens[0] * part, tokens[1] * part
            again_cost, seconds = None if cost is None else cost * part, row.seconds * part
            yield table_line("  of these asked again", again, drawn.again, again_tokens, again_cost, None, seconds)
    known = all(row.price for row in rows)
    yield table_line(
        "all",
        sum(row.forecast.calls for row in rows),
        summed([row.calls for row in rows]),
        (
            sum(row.forecast.calls * row.forecast.input_tokens for row in rows),
            sum(row.forecast.calls * row.forecast.output_tokens for row in rows),
        ),
        sum(row.cost for row in rows) if known else None,
        summed([row.costs for row in rows]),
        sum(row.seconds for row in rows),
    )
    if not known:
        yield "a model's price is not known: write it into a file for --price_file"


def table_line(
    name: str,
    calls: float,
    drawn: Numbers | None,
    tokens: tuple[float, float],
    cost: float | None,
    costs: Numbers | None,
    seconds: float,
) -> str:
    """One line of the table; `drawn`, `costs`: of simulated runs."""
    money = "unknown" if cost is None else f"{cost:,.2f}"
    between = bounds(drawn, 0), bounds(costs, 2)
    return (
        f"{name:30}{calls:>12,.0f}{between[0]:>24}{tokens[0]:>15,.0f}{tokens[1]:>14,.0f}{money:>12}{between[1]:>20}"
        f"{clock(seconds):>10}"
    )


def bounds(drawn: Numbers | None, digits: int) -> str:
    """The interval of simulated values, "-" for none.

    >>> bounds(np.arange(1001.0), 0), bounds(None, 2)
    ('[25, 975]', '-')
    """
    if drawn is None:
        return "-"
    found = Interval.of(drawn)
    return f"[{found.low:,.{digits}f}, {found.high:,.{digits}f}]"


def summed(drawn: Sequence[Numbers | None]) -> Numbers | None:
    """The sum of all stages in each simulated run; None where one was not simulated."""
    found = [one for one in drawn if one is not None]
    return np.sum(found, axis=0) if found and len(found) == len(drawn) else None


def budget_lines(rows: Sequence[StageRow], max_cost_usd: float, max_calls: int) -> Iterator[str]:
    """What a budget that may not do is told about."""
    costs, calls = summed([row.costs for row in rows]), summed([row.calls for row in rows])
    cost = Interval.of(costs).high if costs is not None else sum(row.cost for row in rows)
    call = Interval.of(calls).high if calls is not None else sum(row.forecast.calls for row in rows)
    if max_cost_usd and cost > max_cost_usd:
        yield f"--max_cost_usd {max_cost_usd:g} may not do: it may take {cost:,.2f} US dollars"
    if max_calls and call > max_calls:
        yield f"--max_calls {max_calls:,} may not do: it may take {call:,.0f} calls"


def estimate_document(rows: Sequence[StageRow], told: Sequence[UseCaseTold]) -> dict[str, Any]:
    """The same for programs; where nothing was simulated, there are no intervals."""
    costs, calls = summed([row.costs for row in rows]), summed([row.calls for row in rows])
    document: dict[str, Any] = {"stages": [stage_document(row) for row in rows]}
    document["calls"] = sum(row.forecast.calls for row in rows)
    if calls is not None:
        document["calls_95"] = interval_document(calls)
    document["cost_usd"] = sum(row.cost for row in rows) if all(row.price for row in rows) else None
    if costs is not None:
        document["cost_usd_95"] = interval_document(costs)
    document["use_cases"] = {
        one.name: {
            "questions": float(one.drawn.questions.mean()),
            "questions_95": interval_document(one.drawn.questions),
            "accepted": float(one.drawn.accepted.mean()),
            "accepted_95": interval_document(one.drawn.accepted),
            "may_lack": one.lacking,
            "pilot": {"asked": one.seen.asked, **one.seen.through},
        }
        for one in told
    }
    return document


def stage_document(row: StageRow) -> dict[str, Any]:
    """A stage."""
    document = asdict(row.forecast) | {"cost_usd": row.cost if row.price else None}
    if row.drawn:
        document |= {"calls_95": interval_document(row.drawn.calls), "asked_again": float(row.drawn.again.mean())}
    if row.costs is not None:
        document["cost_usd_95"] = interval_document(row.costs)
    return document


def interval_document(drawn: Numbers) -> list[float]:
    """The bounds of an interval."""
    found = Interval.of(drawn)
    return [found.low, found.high]
