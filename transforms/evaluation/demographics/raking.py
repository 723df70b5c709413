"""Raking: weights by which personas have chosen shares of several attributes, and how many personas that is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.demographics.cells import Cell, Cells

CellWeights = npt.NDArray[np.float64]
Margins = Mapping[str, Mapping[str, float]]  # attribute -> value -> share, or number, of any total

TOLERANCE = 1e-9  # of a share, at which the weights stand
MOST_ROUNDS = 10_000
MOST_GAP = 1e-3  # of a share: margins further off were not reached
TRIMMINGS = 200
FREE = ""  # of values that a margin does not name


class UnreachableMarginError(InvalidInputError):
    """Margins that no weights of these personas have; the message names the attribute, the values and the remedy."""


@dataclass(frozen=True)
class Balanced:
    """CellWeights of cells, of mean 1 over personas."""

    attributes: tuple[str, ...]
    weights: Mapping[Cell, float]
    rows: int  # personas
    effective: float  # independent personas that they are worth (Kish)
    gaps: Mapping[str, float]  # attribute -> the furthest of its shares from the one asked for
    absent: Mapping[str, float]  # attribute -> share of the margin whose values no persona has, left out
    rounds: int


@dataclass(frozen=True)
class Target:
    """A margin over the cells: which of its values each cell has, and the shares that these shall have."""

    attribute: str
    codes: npt.NDArray[np.intp]
    shares: CellWeights
    absent: float


def rake(
    cells: Cells, margins: Margins, *, most_weight: float = 0.0, absent: str = "error", tolerance: float = TOLERANCE
) -> Balanced:
    """CellWeights for each combination of the margins' attributes, by which these have the margins' shares.

    Iterative proportional fitting (W. E. Deming and F. F. Stephan 1940) on counts, so its cost does not grow with
    personas. Of all weights with these margins they are nearest to equal ones in relative entropy. A value that a
    margin does not name, and UNSPECIFIED, keep the share that they have; what is named shares the rest. `most_weight`:
    weights above it are cut to it and the rest raked again, so margins may be missed (`gaps` says by how much); 0: no
    bound. `absent`: "error", or "drop" leaves values that no persona has out and shares theirs among the others
    (`Balanced.absent` has how much). Raises UnreachableMarginError, and ValueError for `most_weight` below 1 or another
    `absent`.
    """
    if most_weight and most_weight < 1:
        raise ValueError(f"most_weight is {most_weight}: weights have the mean 1, so from 1, or 0 for no bound")
    if absent not in ("error", "drop"):
        raise ValueError(f"absent is {absent!r}; it must be 'error' or 'drop'")
    over = cells.over(list(margins))
    if not over.total:
        raise UnreachableMarginError("there are no personas to balance")
    counts = np.array(list(over.counts.values()), np.float64)
    targets = [target_of(over, place, margins[name], absent) for place, name in enumerate(margins)]
    weights, rounds = fitted(counts, np.ones(len(counts)), targets, tolerance)
    gaps = gaps_of(counts, weights, targets)
    if max(gaps.values()) > MOST_GAP:
        raise UnreachableMarginError(told_gaps(gaps))
    for _ in range(TRIMMINGS if most_weight else 0):
        if weights.max() <= most_weight * (1 + tolerance):
            break
        weights, more = fitted(counts, np.minimum(weights, most_weight), targets, tolerance)
        rounds += more
    if most_weight and weights.max() > most_weight:
        weights = cut(counts, weights, most_weight)
    worth = float((counts @ weights) ** 2 / (counts @ weights**2))
    return Balanced(
        tuple(margins),
        dict(zip(over.counts, weights.tolist(), strict=True)),
        over.total,
        worth,
        gaps_of(counts, weights, targets),
        {target.attribute: target.absent for target in targets if target.absent},
        rounds,
    )


def target_of(cells: Cells, place: int, margin: Mapping[str, float], absent: str) -> Target:
    """A margin over cells."""
    attribute = cells.attributes[place]
    wrong = {value: share for value, share in margin.items() if not 0 <= share < float("inf")}
    if wrong or not sum(margin.values()) > 0:
        told = ", ".join(f"{value}: {share}" for value, share in wrong.items()) or "nothing"
        raise UnreachableMarginError(f"the margin of {attribute} has {told}, where shares from 0 are wanted, not all 0")
    named = {value: share for value, share in margin.items() if value != UNSPECIFIED}
    rows = cells.margin(attribute)
    lacking = {value: share / sum(named.values()) for value, share in named.items() if share > 0 and value not in rows}
    left_out = sum(lacking.values())
    if lacking and not any(value in named for value in rows):
        raise UnreachableMarginError(
            f"no persona tells a {attribute} of the margin: balance what personas tell; a report has their shares"
        )
    if lacking and (absent == "error" or left_out > 1 - TOLERANCE):
        told = ", ".join(sorted(lacking, key=lambda value: (-lacking[value], value))[:5])
        more = " and more" if len(lacking) > 5 else ""
        raise UnreachableMarginError(
            f"the margin of {attribute} wants {told}{more}, which no persona has: add "
            "personas, take these from the margin, or have absent values left out"
        )
    values = [*sorted(value for value in named if value in rows), FREE]
    codes = {value: code for code, value in enumerate(values)}
    of_cells = np.array([codes.get(cell[place], len(values) - 1) for cell in cells.counts], np.intp)
    free = sum(count for value, count in rows.items() if value not in codes) / cells.total
    shares = np.array([*(named[value] for value in values[:-1]), 0.0])
    shares = shares / shares.sum() * (1 - free)
    shares[-1] = free
    return Target(attribute, of_cells, shares, left_out)


def fitted(counts: CellWeights, start: CellWeights, targets: list[Target], tolerance: float) -> tuple[CellWeights, int]:
    """CellWeights of mean 1 from others by proportional fitting, and how many rounds it took."""
    total, weights, rounds = counts.sum(), start, 0
    while rounds < MOST_ROUNDS:
        rounds += 1
        before = weights
        for target in targets:
            found = np.bincount(target.codes, counts * weights, len(target.shares)) / total
            factors = np.divide(target.shares, found, out=np.zeros_like(found), where=found > 0)
            weights = weights * factors[target.codes]
        if not weights.any() or float(counts @ np.abs(weights - before)) <= tolerance * total:
            break
    return weights, rounds


def cut(counts: CellWeights, weights: CellWeights, most: float) -> CellWeights:
    """CellWeights of at most `most`, the others raised alike until the mean is 1."""
    for _ in range(MOST_ROUNDS):
        full = weights >= most
        weights = np.minimum(weights, most)
        lacking, free = counts.sum() - counts @ weights, counts[~full] @ weights[~full]
        if lacking <= TOLERANCE * counts.sum() or free <= 0:
            break
        weights = np.where(full, most, weights * (1 + lacking / free))
    return np.minimum(weights, most)


def gaps_of(counts: CellWeights, weights: CellWeights, targets: list[Target]) -> dict[str, float]:
    """By attribute, how far the furthest share is from the one that is asked for."""
    total = max(float(counts @ weights), 1e-300)
    return {
        one.attribute: float(
            np.abs(np.bincount(one.codes, counts * weights, len(one.shares)) / total - one.shares).max()
        )
        for one in targets
    }


def told_gaps(gaps: Mapping[str, float]) -> str:
    """The message where margins exclude each other."""
    worst = max(gaps, key=lambda name: gaps[name])
    return (
        f"no weights of these personas have all margins ({worst} stays {gaps[worst]:.3f} off): combinations that the "
        "margins need have no persona; balance fewer attributes, or join values"
    )
