"""What a run of `synthesize` will take, predicted from a pilot: each share has a posterior, and the run is simulated.

A question goes through steps: its answer is readable, sound (the checks that are free), distinct (no near-duplicate),
proved (the vote) and good (the judge). How many of a pilot's got through is known of each step. A simulated run draws
the shares from their posteriors (Beta, Jeffreys' prior) once, then what becomes of each question by them; the pilot's
own questions are part of the run, and known. So an interval has both what the pilot cannot tell and what chance
will add. With `--accepted` the rounds are those of `transforms/synthesize/accepted/wanted.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from persona_hub.transforms.judging.agreement import PRIOR
from persona_hub.transforms.similarity.arrays import Numbers
from persona_hub.transforms.synthesize.accepted.wanted import Progress, Wanted, all_rounds

READABLE, SOUND, DISTINCT, PROVED, GOOD = "readable", "sound", "distinct", "proved", "good"
SIMULATED_RUNS, FIRST_SEED = 1000, 20240628
LOWEST, HIGHEST = 2.5, 97.5  # per cent


@dataclass(frozen=True)
class Heard:
    """What a pilot has heard in one stage."""

    answers: int = 0  # each of them a call
    again: int = 0  # of these: to questions that were asked again, since the answer before could not be read
    input_tokens: int = 0
    output_tokens: int = 0
    squared_tokens: int = 0  # sum of the squares of input and output together

    @property
    def spread(self) -> float:
        """The standard deviation of the tokens of a call, as a part of their mean."""
        mean = (self.input_tokens + self.output_tokens) / max(1, self.answers)
        if self.answers < 2 or not mean:
            return 0.0
        variance = (self.squared_tokens - self.answers * mean**2) / (self.answers - 1)
        return math.sqrt(max(0.0, variance)) / mean


@dataclass(frozen=True)
class StageSeen:
    """A stage of a use case: whom it asks about, and what a pilot has heard in it."""

    stage: str
    after: str  # the step whose samples it asks about; "" for the questions themselves
    times: int = 1  # questions about each
    heard: Heard = field(default_factory=Heard)
    judges: bool = False  # whether it asks the judge


@dataclass(frozen=True)
class UseCaseSeen:
    """What a pilot has seen of a use case."""

    asked: int
    through: Mapping[str, int]  # {step: how many of these got through it}, in the order of the steps; at least one
    stages: tuple[StageSeen, ...] = ()
    open: Mapping[str, int] = field(default_factory=dict)  # {step: samples that nobody looked at}, not in its share

    @property
    def steps(self) -> list[tuple[str, int, int]]:
        """(step, how many were looked at in it, how many got through) of each."""
        came = [self.asked, *self.through.values()]
        return [(step, came[i] - self.open.get(step, 0), n) for i, (step, n) in enumerate(self.through.items())]


@dataclass(frozen=True)
class Interval:
    """What is expected, and between what it will lie in 95 of 100 cases."""

    expected: float
    low: float
    high: float

    @classmethod
    def of(cls, drawn: Numbers) -> Interval:
        """Of simulated values."""
        low, high = np.percentile(drawn, (LOWEST, HIGHEST))
        return cls(float(drawn.mean()), float(low), float(high))


@dataclass(frozen=True)
class StageDrawn:
    """A stage in all simulated runs, an array of one number for each run."""

    calls: Numbers
    again: Numbers  # of the calls
    input_tokens: Numbers  # of all calls
    output_tokens: Numbers


@dataclass(frozen=True)
class UseCaseDrawn:
    """A use case in all simulated runs."""

    questions: Numbers
    accepted: Numbers
    stages: Mapping[str, StageDrawn]


class SimulatedRun:
    """One run by chance: what becomes of its questions, those of the pilot first."""

    def __init__(self, seen: UseCaseSeen, random: np.random.Generator):
        self.seen, self.random = seen, random
        self.shares = {step: random.beta(through + PRIOR, came - through + PRIOR) for step, came, through in seen.steps}
        through = [seen.asked, *seen.through.values()]
        # Of the pilot's questions: how many fell at each step, and how many at none.
        self.left = np.array([a - b for a, b in pairwise(through)] + [through[-1]])
        self.known = np.zeros(len(through), int)  # that came to each step, and got through all
        self.new = np.zeros(len(through), int)  # the same of questions beyond the pilot

    def ask(self, begin: int, end: int) -> int:
        """How many of the questions [begin, end) are accepted."""
        known = max(0, min(self.seen.asked, end) - begin)
        fell = self.random.multivariate_hypergeometric(self.left, known) if known else np.zeros_like(self.left)
        self.left = self.left - fell
        came = fell[::-1].cumsum()[::-1]  # to each step: what fell there or later
        self.known += came
        new = [end - begin - known]
        for step, share in self.shares.items():
            share = self.distinct_share(share, begin + known, end) if step == DISTINCT else share
            new.append(int(self.random.binomial(new[-1], share)))
        self.new += new
        return int(came[-1]) + new[-1]

    def bring(self, progress: Progress) -> int:
        """How many samples a round gives."""
        return self.ask(progress.begin, progress.end)

    def distinct_share(self, share: float, begin: int, end: int) -> float:
        """Of the samples of questions [begin, end) the share that is like none before.

        Those that differ grow with the power `share` of all (Heaps' law), as personas do in a build.
        """
        if end <= begin or not self.seen.asked:
            return share
        grown = (end**share - begin**share) / (end - begin)
        return min(1.0, float(grown * self.seen.asked ** (1 - share)))


def simulate(
    seen: UseCaseSeen,
    possible: int,
    wanted: Wanted | None,
    usual: Mapping[str, tuple[float, float]],
    retries: bool = True,
    runs: int = SIMULATED_RUNS,
) -> UseCaseDrawn:
    """Runs of a use case, as the pilot lets them be expected.

    `possible`: questions in all, of which without `wanted` each is asked; `usual`: {stage: tokens in and out of a call}
    where the pilot has heard nothing; `retries`: whether what cannot be read is asked for again.
    """
    random = np.random.default_rng(FIRST_SEED)
    known, new = (np.zeros((runs, len(seen.through) + 1)) for _ in range(2))
    for i in range(runs):
        run = SimulatedRun(seen, random)
        if wanted:
            all_rounds(possible, wanted, run.bring)
        else:
            run.ask(0, possible)
        known[i], new[i] = run.known, run.new
    whole = known + new
    steps = ["", *seen.through]
    parts = {  # of the pilot's samples before each step those that the run asks about: nearly always all
        step: known[:, i] / max(1, seen.asked if not i else seen.through[step]) for i, step in enumerate(steps)
    }
    accepted = whole[:, -1]
    return UseCaseDrawn(
        questions=whole[:, 0],
        accepted=np.minimum(accepted, wanted.accepted) if wanted else accepted,
        stages={
            one.stage: stage_drawn(
                one, parts[one.after], new[:, steps.index(one.after)], usual[one.stage], retries, random
            )
            for one in seen.stages
        },
    )


def stage_drawn(
    seen: StageSeen, part: Numbers, new: Numbers, usual: tuple[float, float], retries: bool, random: np.random.Generator
) -> StageDrawn:
    """The calls and tokens of a stage: those of a `part` of the pilot, and those about `new` samples."""
    heard, runs = seen.heard, len(new)
    questions = new * seen.times
    first = heard.answers - heard.again
    again = np.zeros(runs)
    if retries and first:
        again = random.poisson(random.gamma(heard.again + PRIOR, 1 / first, runs) * questions).astype(float)
    calls = questions + again
    means = usual
    if heard.input_tokens + heard.output_tokens:
        means = heard.input_tokens / heard.answers, heard.output_tokens / heard.answers
    # The mean of the pilot's calls errs, and that of the calls to come errs about it.
    error = heard.spread * np.sqrt(1 / max(1, heard.answers) + 1 / np.maximum(1, calls)) * random.standard_normal(runs)
    factor = np.maximum(0.0, 1 + error)
    known = part * heard.answers
    return StageDrawn(
        calls=known + calls,
        again=part * heard.again + again,
        input_tokens=means[0] * (known + calls * factor),
        output_tokens=means[1] * (known + calls * factor),
    )
