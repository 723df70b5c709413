"""How far a judge and people agree: Cohen's kappa, with an interval that is honest where there are few of them.

J. Cohen, A coefficient of agreement for nominal scales, 1960. The usual interval is no wider than a point where all
agree, be it on five samples. This one is of the posterior of the table of verdicts under a Dirichlet prior of PRIOR in
each cell, drawn with a fixed seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

PRIOR = 0.5  # Jeffreys' prior, in each of the four cells
POSTERIOR_DRAWS, POSTERIOR_SEED = 20_000, 20240628
BOUNDS = (0.025, 0.975)
GOLD = "gold-"  # begins the names of counts of verdicts, as in "gold-judge-only"


@dataclass(frozen=True)
class Agreement:
    """Verdicts of a judge and of people on the same samples, and what they come to."""

    both: int = 0  # hold it for good
    judge_only: int = 0
    human_only: int = 0
    neither: int = 0

    @property
    def samples(self) -> int:
        """How many samples both have judged."""
        return self.both + self.judge_only + self.human_only + self.neither

    @property
    def kappa(self) -> float:
        """Cohen's kappa; NaN where all verdicts of both are alike, or there are none."""
        return float(kappas(np.array([[self.both, self.judge_only, self.human_only, self.neither]], float))[0])

    @property
    def interval(self) -> tuple[float, float]:
        """95% of the posterior; (-1, 1) where nothing was judged."""
        if not self.samples:
            return -1.0, 1.0
        cells = np.array([self.both, self.judge_only, self.human_only, self.neither]) + PRIOR
        low, high = np.quantile(kappas(np.random.default_rng(POSTERIOR_SEED).dirichlet(cells, POSTERIOR_DRAWS)), BOUNDS)
        return float(low), float(high)

    @property
    def told(self) -> dict[str, Any]:
        """As a manifest has it; kappa is None where it is not defined."""
        kappa = round(self.kappa, 4) if math.isfinite(self.kappa) else None
        interval = [round(bound, 4) for bound in self.interval]
        return {"gold_samples": self.samples, "kappa": kappa, "interval": interval}

    def __str__(self) -> str:
        """As it stands beside a judge's numbers."""
        if not self.samples:
            return "κ unknown: nothing of the gold set was judged"
        low, high = self.interval
        kappa = f"κ = {self.kappa:.2f}" if math.isfinite(self.kappa) else "κ undefined: all verdicts are alike"
        return f"{kappa} [{low:.2f}, {high:.2f}] on {self.samples:,} gold samples"


def agreement_of(verdicts: Iterable[tuple[bool, bool]]) -> Agreement:
    """The agreement in pairs of (the judge's verdict, the human one).

    >>> str(agreement_of([(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15))
    'κ = 0.40 [0.13, 0.61] on 50 gold samples'
    """
    counts = {(judge, human): 0 for judge in (True, False) for human in (True, False)}
    for judge, human in verdicts:
        counts[bool(judge), bool(human)] += 1
    return Agreement(*counts.values())


def count_name(judge: bool, human: bool) -> str:
    """The name under which a pair of verdicts is counted.

    >>> count_name(True, False)
    'gold-judge-only'
    """
    if judge == human:
        return GOLD + ("both" if judge else "neither")
    return GOLD + ("judge-only" if judge else "human-only")


def agreement_in(row: Mapping[str, int]) -> Agreement:
    """The agreement in the counts of a judge's stage."""
    return Agreement(*(row.get(GOLD + one.name.replace("_", "-"), 0) for one in fields(Agreement)))


def kappas(tables: np.ndarray) -> np.ndarray:
    """Kappa of each row (both, judge only, human only, neither) of an array of shape (n, 4)."""
    shares = tables / np.maximum(tables.sum(1, keepdims=True), 1e-300)
    judge, human = shares[:, 0] + shares[:, 1], shares[:, 0] + shares[:, 2]
    chance = judge * human + (1 - judge) * (1 - human)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = np.where(chance < 1, (shares[:, 0] + shares[:, 3] - chance) / (1 - chance), np.nan)
    return found
