"""What a balance comes to: weights, a quota sample, and how far margins are met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.demographics.cells import Cell, Cells
from persona_hub.transforms.evaluation.demographics.margins import WantedBalance
from persona_hub.transforms.evaluation.demographics.quota import Quotas, most_rows, quotas
from persona_hub.transforms.evaluation.demographics.raking import Balanced, rake
from persona_hub.transforms.evaluation.figures import Figure

SHOWN_DIGITS = 9  # after the point: weights stand at 1e-9 of a share
MOST_TOLD = 60  # values of an attribute
ABSENT = "no persona has it: its share is shared by the others"
UNNAMED = "the margin does not name it, or nothing is known: these personas keep their share"


@dataclass(frozen=True)
class Balance:
    """Weights of all personas by their cells, and how many of each cell are in the quota sample."""

    wanted: WantedBalance
    cells: Cells  # of the margins' attributes
    balanced: Balanced
    sample: Quotas | None  # None: no quota sample is wanted

    @classmethod
    def of(cls, cells: Cells, wanted: WantedBalance) -> Balance:
        """Of counts by all attributes. Raises UnreachableMarginError, and InvalidInputError for too large a sample."""
        if wanted.most_weight and wanted.most_weight < 1:
            raise InvalidInputError(f"a largest weight of {wanted.most_weight:g}: the mean is 1, so it is 1 or more")
        balanced = rake(cells, wanted.margins, most_weight=wanted.most_weight, absent=wanted.absent)
        over = cells.over(balanced.attributes)
        return cls(wanted, over, balanced, quotas(over, balanced, wanted.rows) if wanted.rows else None)

    def places(self, attributes: tuple[str, ...]) -> tuple[int, ...]:
        """Where the margins' attributes stand in a cell of `attributes`."""
        return tuple(attributes.index(name) for name in self.balanced.attributes)

    def weight(self, cell: Cell) -> float:
        """The weight of a persona of a cell, of mean 1 over all; to nine digits, so that it is short in a file."""
        return float(f"{self.balanced.weights[cell]:.9g}")

    def quota(self, cell: Cell) -> int:
        """How many personas of a cell are in the quota sample."""
        return self.sample.quotas.get(cell, 0) if self.sample else 0

    @cached_property
    def by_weight(self) -> dict[Cell, float]:
        """The sum of weights of each cell."""
        return {cell: count * self.balanced.weights[cell] for cell, count in self.cells.counts.items()}

    def section(self) -> dict[str, Any]:
        """What a report says of it: figures, the margins beside what is reached, what is left out and why."""
        rows, weights = self.balanced.rows, self.balanced.weights
        figures = {
            "effective_sample_size": Figure(round(self.balanced.effective, SHOWN_DIGITS), n=rows),
            "largest_weight": Figure(round(max(weights.values()), SHOWN_DIGITS), n=rows),
            "largest_quota_sample": Figure(most_rows(self.cells, self.balanced), n=rows),
            **{
                f"furthest_share_of_{name}": Figure(round(gap, SHOWN_DIGITS), n=rows)
                for name, gap in self.balanced.gaps.items()
            },
        }
        if self.sample:
            figures["quota_sample"] = Figure(self.sample.rows, n=rows)
        names = self.balanced.attributes
        return {
            "balance": figures,
            "balance_margins": [row for name in names for row in self.margin_rows(name)],
            "balance_left_out": [row for name in names for row in self.left_out_rows(name)],
        }

    def margin_rows(self, name: str) -> Iterator[dict[str, Any]]:
        """A margin beside what is reached, as shares of the personas whose value it names, the largest first."""
        margin, rows = self.wanted.margins[name], self.cells.margin(name)
        there = {value: share for value, share in margin.items() if value in rows}
        named = sum(there.values())
        weighted, sampled = self.shares(name, self.by_weight, there), self.shares(name, self.drawn, there)
        found = self.shares(name, self.cells.counts, there)
        for value in sorted(there, key=lambda one: (-there[one], one))[:MOST_TOLD]:
            yield {
                "attribute": name,
                "value": value,
                "wanted": there[value] / named,
                "unweighted": found[value],
                "weighted": weighted[value],
                "in_quota_sample": sampled[value] if self.sample else None,
                "source": self.wanted.sources.get(name, ""),
            }

    def left_out_rows(self, name: str) -> Iterator[dict[str, Any]]:
        """Values without a part in it: those of the margin that nobody has, and those that it does not name."""
        margin, rows = self.wanted.margins[name], self.cells.margin(name)
        lacking = {value: share for value, share in margin.items() if share > 0 and value not in rows}
        unnamed = {value: count / self.cells.total for value, count in rows.items() if value not in margin}
        for why, values in ((ABSENT, lacking), (UNNAMED, unnamed)):
            largest = sorted(values, key=lambda one: (-values[one], one))
            for value in largest[:MOST_TOLD]:
                yield {"attribute": name, "value": value, "share": values[value], "why": why}
            if others := largest[MOST_TOLD:]:
                share = sum(values[one] for one in others)
                yield {"attribute": name, "value": f"{len(others)} others", "share": share, "why": why}

    @property
    def drawn(self) -> Mapping[Cell, float]:
        """Personas of the quota sample by cell."""
        return {cell: self.quota(cell) for cell in self.cells.counts}

    def shares(self, name: str, sums: Mapping[Cell, float], named: Mapping[str, float]) -> dict[str, float]:
        """The share of each named value in sums over cells, among the named ones."""
        place = self.balanced.attributes.index(name)
        found = dict.fromkeys(named, 0.0)
        for cell, total in sums.items():
            if cell[place] in found:
                found[cell[place]] += total
        whole = sum(found.values()) or 1.0
        return {value: total / whole for value, total in found.items()}
