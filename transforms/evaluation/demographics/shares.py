"""Shares of an attribute's values with intervals that hold for all values at once, beside a reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.evaluation.demographics.divergence import divergence
from persona_hub.transforms.evaluation.demographics.reference import Reference
from persona_hub.transforms.evaluation.figures import LEVEL, Figure

Bounds = npt.NDArray[np.float64]


def exact_bounds(parts: Bounds, whole: float, level: float = LEVEL, values: int = 1) -> tuple[Bounds, Bounds]:
    """Intervals of shares that hold at least as often as the level says, for `values` shares at once.

    C. J. Clopper and E. S. Pearson (Biometrika 1934), the error shared by the values (Bonferroni): far out in the
    tails, where this leads, approximate intervals fail. `whole` may be an effective number (E. L. Korn and B. I.
    Graubard, Survey Methodology 1998), with `parts` scaled to it.
    """
    error = (1 - level) / 2 / values
    low = np.where(parts > 0, betaincinv(np.maximum(parts, 1e-9), whole - parts + 1, error), 0.0)
    high = np.where(parts < whole, betaincinv(parts + 1, np.maximum(whole - parts, 1e-9), 1 - error), 1.0)
    return low, high


def known_share(margin: Mapping[str, int], *, design: float = 1.0, level: float = LEVEL, values: int = 1) -> Figure:
    """The share of personas of whom an attribute is known. `margin`: by value, UNSPECIFIED among them."""
    total = sum(margin.values())
    if not total:
        return Figure(math.nan)
    known = total - margin.get(UNSPECIFIED, 0)
    low, high = exact_bounds(np.array([known / design]), total / design, level, values)
    return Figure(known / total, float(low[0]), float(high[0]), total)


def shares_among_known(
    known: Mapping[str, int], *, design: float = 1.0, level: float = LEVEL, values: int = 0
) -> dict[str, Figure]:
    """The share of each value among the personas of whom it is known; the intervals hold for all `values` at once.

    They are about the process that made the personas, not about these, which are counted whole. Of those of whom
    nothing is known they say nothing: texts that tell a country may come from other countries than those that do not.
    `design`: how many times an independent sample's variance the counts have, see `design_effect`. `values`: shares
    that are shown together; 0: these.
    """
    total = sum(known.values())
    counts = np.array(list(known.values()), np.float64)
    low, high = exact_bounds(counts / design, total / design, level, values or max(1, len(known)))
    return {
        value: Figure(count / total, float(below), float(above), total)
        for (value, count), below, above in zip(known.items(), low, high, strict=True)
    }


def misread(figure: Figure, precision: float) -> Figure:
    """A share whose interval also holds where only `precision` of the values that were read are right.

    Of the rest nothing is assumed: they may all have this value, or none. So of a share s, among those read rightly, it
    is from (s - (1 - precision)) / precision to s / precision. Raises ValueError for a precision outside (0, 1].
    """
    if not 0 < precision <= 1:
        raise ValueError(f"precision is {precision}, and must be above 0 and at most 1")
    low, high = figure.low if figure.low is not None else figure.value, figure.high or figure.value
    return Figure(figure.value, max(0.0, (low - 1 + precision) / precision), min(1.0, high / precision), figure.n)


@dataclass(frozen=True)
class Compared:
    """An attribute beside its reference."""

    divergence: Figure  # Jensen-Shannon, in bits
    ratios: Mapping[str, Figure]  # share over the reference's, of values that the reference has
    over: tuple[str, ...]  # values whose ratio is above 1 beyond chance, the surest excess first
    under: tuple[str, ...]
    outside: int  # personas whose value the reference lacks; not compared


def beside_reference(
    known: Mapping[str, int], reference: Reference, *, design: float = 1.0, level: float = LEVEL
) -> Compared:
    """Personas by value beside a reference, over the values that this has.

    The intervals of the ratios hold for all values at once, so among those that are named over- or under-represented,
    in 1 - level of all hubs no one is there by chance. They are ordered by the bound of the interval that is nearer to
    1.
    """
    names = [value for value, share in reference.shares.items() if share > 0]
    counts = np.array([known.get(name, 0) for name in names], np.int64)
    expected = np.array([reference.shares[name] for name in names])
    total = int(counts.sum())
    outside = sum(known.values()) - total
    if not total:
        return Compared(divergence(counts, expected), {}, (), (), outside)
    low, high = exact_bounds(counts / design, total / design, level, len(names))
    ratios = {
        name: Figure(count / total / share, float(below / share), float(above / share), total)
        for name, count, share, below, above in zip(names, counts, expected, low, high, strict=True)
    }
    least, most = low / expected, high / expected
    over = sorted(np.flatnonzero(least > 1), key=lambda place: -least[place])
    under = sorted(np.flatnonzero(most < 1), key=lambda place: most[place])
    return Compared(
        divergence(counts, expected, design=design, level=level),
        ratios,
        tuple(names[place] for place in over),
        tuple(names[place] for place in under),
        outside,
    )
