"""Coverage curve: how many types (clusters, words, templates) a part of the units has, by the size of the part."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Expected = npt.NDArray[np.float64]


class Abundance(NamedTuple):
    """How often types occur: `types[i]` of them in `seen[i]` of the units, which are `units` in all.

    Of clusters units are rows, each in one; of words units are texts. The types may be a part of all, drawn by hash:
    then `types` are numbers scaled to all.
    """

    seen: npt.NDArray[np.int64]  # different, ascending, above 0
    types: Expected
    units: int

    @property
    def distinct(self) -> float:
        """All types."""
        return float(self.types.sum())

    def seen_in(self, units: int) -> float:
        """Types that so many units have: f_1 are seen once."""
        return float(self.types[self.seen == units].sum())


def abundance_of(counts: npt.ArrayLike, units: int | None = None, scale: float = 1.0) -> Abundance:
    """The abundance of types that occur in counts[i] units each; `units` are their sum unless it is given.

    >>> abundance_of([1, 1, 3])
    Abundance(seen=array([1, 3]), types=array([2., 1.]), units=5)
    """
    given = np.asarray(counts, np.int64)
    seen, types = np.unique(given[given > 0], return_counts=True)
    return Abundance(seen, types.astype(np.float64) * scale, int(given.sum()) if units is None else units)


def rarefied(found: Abundance, sizes: npt.ArrayLike) -> Expected:
    """Expected types among `sizes` of the units, drawn without replacement; shape of `sizes`, at most `units` each.

    The mean over all draws, exact (S. H. Hurlbert, The nonconcept of species diversity, Ecology 1971), not one order.
    """
    from scipy.special import gammaln

    drawn = np.asarray(sizes, np.float64).reshape(-1, 1)
    rest = (found.units - found.seen).astype(np.float64)[None, :]
    # the share of draws without a type: C(rest, drawn) / C(units, drawn)
    log_without = (
        gammaln(rest + 1)
        - gammaln(np.maximum(rest - drawn, 0) + 1)
        + gammaln(found.units - drawn + 1)
        - gammaln(found.units + 1)
    )
    without = np.where(rest >= drawn, np.exp(np.minimum(log_without, 0.0)), 0.0)
    expected: Expected = (found.types * (1 - without)).sum(axis=1)
    return expected.reshape(np.shape(sizes))
