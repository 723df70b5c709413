"""What a comparison says."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """EQUAL and DIFFERENT are certain; UNDECIDED is neither."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


def agreed(verdicts: Iterable[Verdict]) -> Verdict:
    """What all say; UNDECIDED where they differ, or there are none."""
    found = set(verdicts)
    return found.pop() if len(found) == 1 else Verdict.UNDECIDED


def each(verdicts: Iterable[Verdict]) -> Verdict:
    """EQUAL where all parts are equal, DIFFERENT where one is different."""
    found = set(verdicts)
    if Verdict.DIFFERENT in found:
        return Verdict.DIFFERENT
    return Verdict.UNDECIDED if Verdict.UNDECIDED in found else Verdict.EQUAL
