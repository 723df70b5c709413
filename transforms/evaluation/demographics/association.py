"""How strongly two attributes go together, such as sex with occupation: stereotypes show as associations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from persona_hub.transforms.evaluation.demographics.cells import PairTable
from persona_hub.transforms.evaluation.figures import Figure

Table = npt.NDArray[np.int64]

LEAST_ROWS = 30  # personas with a value; rarer values count as one: with fewer the correction takes too much off
LEAST_EXPECTED_CELL = 5.0


@dataclass(frozen=True)
class Together:
    """Two values that are met together more or less often than chance would have it."""

    row: str
    column: str
    found: int
    expected: float
    ratio: float  # found / expected
    z: float  # adjusted standardised residual


def pooled(table: Table, least: int = LEAST_ROWS) -> Table:
    """A table whose rows and columns with a sum below `least` are one, and without rows and columns of zeros."""
    for _ in range(2):
        rare = table.sum(axis=1) < least
        table = np.vstack([table[~rare], table[rare].sum(axis=0)[None, :]]).T
    return table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]


def phi_squared(table: Table) -> float:
    """Chi-square over n, of a table without rows and columns of zeros."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    return max(0.0, float(((table**2 / rows[:, None]) / columns[None, :]).sum()) - 1)


def variance_at_independence(table: Table) -> float:
    """The variance of phi_squared over all tables with these sums if nothing is associated (Dawson 1954), exact."""
    n = int(table.sum())
    if n < 4:
        return math.inf
    r, c = table.shape
    parts = []
    for values, sums in ((r, table.sum(axis=1)), (c, table.sum(axis=0))):
        spread = (values - 1) * (n - values) / (n - 1)
        uneven = (float((n / sums).sum()) - values**2) / (n - 2)
        parts.append((spread, uneven))
    (v1, w1), (v2, w2) = parts
    return (2 * n / (n - 3) * (v1 - w1) * (v2 - w2) + n**2 / (n - 1) * w1 * w2) / n**2


def variance_by_slope(table: Table) -> float:
    """The variance of phi_squared of the first order (delta method; Bishop, Fienberg and Holland 1975, 11.3)."""
    n = int(table.sum())
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    slope = (
        2 * p / rows[:, None] / columns[None, :]
        - ((p**2 / columns[None, :]).sum(axis=1) / rows**2)[:, None]
        - ((p**2 / rows[:, None]).sum(axis=0) / columns**2)[None, :]
    )
    mean = float((p * slope).sum())
    return max(0.0, float((p * (slope - mean) ** 2).sum())) / n


def cramers_v(table: Table, *, design: float = 1.0, level: float = 0.95) -> Figure:
    """Cramer's V with its bias taken off (Bergsma 2013): 0 where nothing is associated, 1 where one tells the other.

    phi^2 is lessened by (r - 1)(c - 1) / (n - 1), its mean where nothing is associated, and r and c likewise. The
    interval is that of the lessened phi^2, normal, with the variance of the first order and the exact one where nothing
    is associated. `design`: how many times an independent sample's variance the counts have (personas of one document
    are alike). Values of fewer than LEAST_ROWS personas count as one. 0 of a table with one row or column.
    """
    table = pooled(table)
    n, (r, c) = int(table.sum()), table.shape
    if n < 2 or min(r, c) < 2:
        return Figure(0.0, 0.0, 1.0, n)
    rows, columns = (size - (size - 1) ** 2 / (n - 1) for size in (r, c))
    most = min(rows, columns) - 1
    if most <= 0:  # as many values as observations: nothing can be told
        return Figure(0.0, 0.0, 1.0, n)
    corrected = phi_squared(table) - design * (r - 1) * (c - 1) / (n - 1)
    variance = design * variance_by_slope(table) + design**2 * variance_at_independence(table)
    reach = float(ndtri((1 + level) / 2)) * math.sqrt(variance)
    value, low, high = (
        math.sqrt(min(1.0, max(0.0, phi) / most)) for phi in (corrected, corrected - reach, corrected + reach)
    )
    return Figure(value, low, high, n)


def together(pair: PairTable, *, design: float = 1.0, level: float = 0.95) -> list[Together]:
    """The values of two attributes that go together beyond chance, the furthest from it first.

    Adjusted standardised residuals (Haberman 1973), with the level shared by all cells (Bonferroni); only cells of
    which five or more are expected are judged, for the residual is normal there.
    """
    table = pair.counts
    n = int(table.sum())
    rows, columns = table.sum(axis=1) / max(1, n), table.sum(axis=0) / max(1, n)
    expected = n * np.outer(rows, columns)
    spread = np.sqrt(expected * np.outer(1 - rows, 1 - columns) * design)
    judged = (expected >= LEAST_EXPECTED_CELL) & (spread > 0)
    if not judged.any():
        return []
    z = np.where(judged, (table - expected) / np.where(spread > 0, spread, 1), 0.0)
    bound = float(ndtri(1 - (1 - level) / 2 / int(judged.sum())))
    found = [
        Together(
            pair.rows[i],
            pair.columns[j],
            int(table[i, j]),
            float(expected[i, j]),
            float(table[i, j] / expected[i, j]),
            float(z[i, j]),
        )
        for i, j in np.argwhere(np.abs(z) > bound)
    ]
    return sorted(found, key=lambda one: (-abs(one.z), one.row, one.column))
