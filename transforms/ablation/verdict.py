"""What an experiment says: comparisons of arms with one control, corrected for their number, and a word for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.ablation.estimate import LEVEL, Difference, Estimate, difference
from persona_hub.transforms.ablation.thresholds import LEAST_GAIN

GAIN, NO_GAIN, TOO_LITTLE_DATA = "gain", "no gain", "too little data"
FEWEST_SAMPLES = 30  # of an arm; of fewer the series that gives the variance has hardly a term
FEWEST_UNITS = 5  # personas that were drawn
CEILING = 0.97  # share of the samples that are distinct, from which on hardly more can be


class Comparison(NamedTuple):
    """An arm beside the control."""

    effect: Difference
    adjusted_p: float  # of the family of comparisons, by Holm
    verdict: str


def verdict(effect: Difference, least: float = LEAST_GAIN) -> str:
    """A word for an effect by its interval.

    "gain": all of it is above zero. "no gain": all of it is below `least`; that is the side of an equivalence test
    (TOST, Schuirmann 1987) that a claim of gain fails by, at half the level that such tests have. Where the interval
    lies within +-`least`, both sides hold and the arms are equivalent; where it lies below, the arm is worse, which is
    no gain either.
    """
    if effect.low > 0:
        return GAIN
    return NO_GAIN if effect.high < least else TOO_LITTLE_DATA


def is_equivalent(effect: Difference, least: float = LEAST_GAIN) -> bool:
    """Whether the interval lies within +-`least`."""
    return -least < effect.low and effect.high < least


def enough(estimate: Estimate, samples: int) -> bool:
    """Whether an arm has so many samples and units that its interval holds."""
    return samples >= FEWEST_SAMPLES and estimate.units >= FEWEST_UNITS


def compared(arms: Sequence[Estimate], control: Estimate, samples: int, least: float = LEAST_GAIN) -> list[Comparison]:
    """Each arm beside the control, at so many `samples` in each of them."""
    return compared_each([(arm, control, samples) for arm in arms], least)


def compared_each(pairs: Sequence[tuple[Estimate, Estimate, int]], least: float = LEAST_GAIN) -> list[Comparison]:
    """Comparisons (arm, control, samples in each), as a family.

    Intervals hold together (Bonferroni), and p is adjusted by Holm (1979).
    """
    level = 1 - (1 - LEVEL) / max(1, len(pairs))
    effects = [difference(arm, control, samples, level) for arm, control, samples in pairs]
    adjusted = holm([effect.p for effect in effects])
    able = [enough(arm, samples) and enough(control, samples) for arm, control, samples in pairs]
    return [
        Comparison(effect, p, verdict(effect, least) if can else TOO_LITTLE_DATA)
        for effect, p, can in zip(effects, adjusted, able, strict=True)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """P adjusted so that all that are below a level are right together with 1 - level (Holm 1979), in their order."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    times = np.arange(len(p_values), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(np.asarray(p_values)[order] * times), 1.0)
    return [float(p) for p in adjusted]


def at_ceiling(values: Sequence[float], samples: int) -> bool:
    """Whether the samples of all arms are nearly all distinct: then this metric can tell no gain."""
    return min(values) >= CEILING * samples
