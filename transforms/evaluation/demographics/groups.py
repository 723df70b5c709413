"""How much less than so many independent ones the personas are worth: those of one document are alike."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.evaluation.demographics.cells import ATTRIBUTES, Cell

DOCUMENT_GROUPS = 64  # so a design effect is known to about 2 / sqrt(63 values), a fifth for an attribute with two


def group_of(document_id: str) -> int:
    """The group of a document, drawn by a hash of its id."""
    return hashlib.blake2b(document_id.encode(), digest_size=1, key=b"demographics").digest()[0] % DOCUMENT_GROUPS


@dataclass(frozen=True)
class GroupCounts:
    """How many personas of each group of documents have each value: at most DOCUMENT_GROUPS x values numbers."""

    attributes: tuple[str, ...] = ATTRIBUTES
    counts: Mapping[tuple[int, int, str], int] = field(default_factory=dict)  # (group, place of the attribute, value)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Cell]], attributes: Sequence[str] = ATTRIBUTES) -> GroupCounts:
        """The counts of rows: (document_id, a value of each attribute)."""
        found: Counter[tuple[int, int, str]] = Counter()
        for document_id, cell in rows:
            group = group_of(document_id)
            found.update((group, place, value) for place, value in enumerate(cell) if value and value != UNSPECIFIED)
        return cls(tuple(attributes), found)

    def merged(self, other: GroupCounts) -> GroupCounts:
        """These and others. Raises ValueError where the attributes differ."""
        if self.attributes != other.attributes:
            raise ValueError(f"counts of {self.attributes} do not merge with those of {other.attributes}")
        found = Counter(self.counts)
        found.update(other.counts)
        return replace(self, counts=found)

    def design_effect(self, attribute: str) -> float:
        """The variance of an attribute's shares over that of as many independent personas, at least 1.

        The mean over the values, of variances between the random groups (ratio estimator; K. M. Wolter, Introduction to
        Variance Estimation, 2007, 2.4 and 6). 1 where there are fewer than two groups.
        """
        place = self.attributes.index(attribute)
        cells = {(group, value): n for (group, at, value), n in self.counts.items() if at == place}
        groups = sorted({group for group, _ in cells})
        values = sorted({value for _, value in cells})
        if len(groups) < 2 or len(values) < 2:
            return 1.0
        table = np.array([[cells.get((group, value), 0) for value in values] for group in groups], np.float64)
        total, sizes = table.sum(), table.sum(axis=1)
        shares = table.sum(axis=0) / total
        residuals = table - sizes[:, None] * shares[None, :]
        between = float((residuals**2).sum()) * len(groups) / (len(groups) - 1) / total**2
        return max(1.0, between / float((shares * (1 - shares)).sum() / total))
