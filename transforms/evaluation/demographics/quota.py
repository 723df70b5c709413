"""A sample without weights in which attributes have chosen shares: how many personas of each cell, and which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.choice.order import Place, drawn_place, lowest
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.demographics.cells import Cell, Cells
from persona_hub.transforms.evaluation.demographics.raking import Balanced

SPARE = 1000


@dataclass(frozen=True)
class Quotas:
    """How many personas of each cell a sample takes."""

    attributes: tuple[str, ...]
    quotas: Mapping[Cell, int]
    gaps: Mapping[str, float]  # attribute -> the furthest of the sample's shares from the balanced ones

    @property
    def rows(self) -> int:
        """Personas in the sample."""
        return sum(self.quotas.values())


def most_rows(cells: Cells, balanced: Balanced) -> int:
    """The largest sample that no cell is too small for: personas over the largest weight."""
    return int(cells.total / max(balanced.weights.values()) * (1 + 1e-12))


def quotas(cells: Cells, balanced: Balanced, rows: int) -> Quotas:
    """Whole numbers for the cells, `rows` in all, each the weighted share of the cell rounded down or up.

    What rounding down leaves goes, one persona after another, to the cell whose values lack most in the margins, of
    equal ones to that with the largest remainder: by remainders alone many small cells, each below a half, would all go
    without, and the margins with them. Raises InvalidInputError where a cell has fewer personas than its share; the
    message says how many rows there can be.
    """
    over = cells.over(balanced.attributes)
    most = most_rows(over, balanced)
    if not 1 <= rows <= most:
        raise InvalidInputError(
            f"a quota sample of {rows} personas: with these margins there are 1 to {most}; fewer attributes, "
            "or a bound of the weights, allow more"
        )
    names = list(over.counts)
    counts = np.array(list(over.counts.values()), np.int64)
    wanted = counts * np.array([balanced.weights[cell] for cell in names]) * rows / over.total
    given = np.minimum(np.floor(wanted + 1e-9).astype(np.int64), counts)
    codes = [coded([cell[place] for cell in names]) for place in range(len(balanced.attributes))]
    lacking = [np.bincount(code, wanted) - np.bincount(code, given) for code in codes]
    remainder = wanted - given
    open_cells = (remainder > 0) & (given < counts)
    for _ in range(rows - int(given.sum())):
        score = sum((lack[code] for lack, code in zip(lacking, codes, strict=True)), start=remainder)
        best = int(np.where(open_cells, score, -np.inf).argmax())
        given[best] += 1
        open_cells[best] = False
        for lack, code in zip(lacking, codes, strict=True):
            lack[code[best]] -= 1
    gaps = {
        name: float(np.abs(np.bincount(code, wanted) - np.bincount(code, given)).max()) / rows
        for name, code in zip(balanced.attributes, codes, strict=True)
    }
    return Quotas(balanced.attributes, {cell: int(n) for cell, n in zip(names, given, strict=True) if n}, gaps)


def coded(values: Iterable[str]) -> npt.NDArray[np.intp]:
    """Numbers for values, in their order."""
    return np.unique(np.array(list(values)), return_inverse=True)[1]


def chosen(rows: Iterable[tuple[str, Cell]], sample: Quotas, seed: int = 0) -> set[str]:
    """The ids of the sample: in each cell those that come first in the order of `synthesize --choose random`.

    `rows`: (persona_id, the cell of the quotas' attributes). So a larger sample of the same weights mostly holds a
    smaller one, and nothing depends on the order of rows.
    """
    kept: dict[Cell, list[Place]] = defaultdict(list)
    for persona_id, cell in rows:
        if quota := sample.quotas.get(cell, 0):
            places = kept[cell]
            places.append(drawn_place(persona_id, seed))
            if len(places) > 2 * quota + SPARE:  # so memory goes with the sample, not with the rows
                places[:] = lowest(places, quota)
    return {persona_id for cell, places in kept.items() for _, persona_id in lowest(places, sample.quotas[cell])}
