"""The section `demographics` of a report: shares, distances from references, associations, from counts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from persona_hub.transforms.evaluation.demographics.association import Together, cramers_v, together
from persona_hub.transforms.evaluation.demographics.cells import ATTRIBUTES, Cell, Cells
from persona_hub.transforms.evaluation.demographics.groups import GroupCounts
from persona_hub.transforms.evaluation.demographics.reference import Reference, world_references
from persona_hub.transforms.evaluation.demographics.shares import beside_reference, known_share, shares_among_known

MOST_NAMED = 10  # values over- and under-represented, and pairs of values that go together, which are named


@dataclass(frozen=True)
class Demographics:
    """All that the section is made of: whole numbers, which merge to the last bit in any order.

    The intervals of all shares in a report hold at once in 95 of 100 (Bonferroni): readers look for the odd one.
    """

    cells: Cells = field(default_factory=Cells)
    groups: GroupCounts = field(default_factory=GroupCounts)

    @classmethod
    def of(cls, rows: Sequence[tuple[str, Cell]], attributes: Sequence[str] = ATTRIBUTES) -> Demographics:
        """Of rows: (document_id, a value of each attribute)."""
        return cls(Cells.of((cell for _, cell in rows), attributes), GroupCounts.of(rows, attributes))

    def merged(self, other: Demographics) -> Demographics:
        """These and others."""
        return Demographics(self.cells.merged(other.cells), self.groups.merged(other.groups))

    def report(self, references: Mapping[str, Reference] | None = None) -> dict[str, Any]:
        """The section as JSON. `references`: by attribute, in place of those of the world in the package."""
        if references is None:
            references = world_references()
        known = {name: self.cells.known(name) for name in self.cells.attributes}
        shown = sum(1 + len(values) for values in known.values())
        pairs = combinations([name for name, values in known.items() if values], 2)
        return {
            "personas": {"value": self.cells.total, "low": None, "high": None, "n": self.cells.total},
            "attributes": {
                name: self.attribute(name, values, shown, references.get(name)) for name, values in known.items()
            },
            "associations": sorted((self.association(*pair) for pair in pairs), key=surest_first),
        }

    def attribute(self, name: str, known: Mapping[str, int], shown: int, reference: Reference | None) -> dict[str, Any]:
        """One attribute: how many have it known, shares among these (of `shown` in all), and beside the reference."""
        design = self.groups.design_effect(name)
        found = shares_among_known(known, design=design, values=shown)
        told: dict[str, Any] = {
            "known": known_share(self.cells.margin(name), design=design, values=shown).as_json,
            "design_effect": design,
            "shares": {
                value: found[value].as_json for value in sorted(found, key=lambda value: (-found[value].value, value))
            },
            "reference": None,
        }
        if reference is not None and known:
            beside = beside_reference(known, reference, design=design)
            told["reference"] = {
                "area": reference.area,
                "source": reference.source,
                "year": reference.year,
                "licence": reference.licence,
                "note": reference.note,
                "shares": dict(reference.shares),
                "outside": beside.outside,
                "divergence": beside.divergence.as_json,
                "over": [{"of": value, **beside.ratios[value].as_json} for value in beside.over[:MOST_NAMED]],
                "under": [{"of": value, **beside.ratios[value].as_json} for value in beside.under[:MOST_NAMED]],
            }
        return told

    def association(self, first: str, second: str) -> dict[str, Any]:
        """Two attributes: how strongly they go together, and which of their values do most."""
        pair = self.cells.pair(first, second)
        design = max(self.groups.design_effect(first), self.groups.design_effect(second))
        return {
            "attributes": [first, second],
            "v": cramers_v(pair.counts, design=design).as_json,
            "together": [told_together(one) for one in together(pair, design=design)[:MOST_NAMED]],
        }


def told_together(one: Together) -> dict[str, Any]:
    """Two values as JSON."""
    return {"values": [one.row, one.column], "found": one.found, "expected": one.expected, "ratio": one.ratio}


def surest_first(association: Mapping[str, Any]) -> tuple[float, list[str]]:
    """An order in which that comes first which is surely the strongest: by the lower bound of V."""
    return -association["v"]["low"], association["attributes"]
