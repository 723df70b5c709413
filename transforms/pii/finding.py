"""What is found in a text."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """A stretch of a text, text[start:end], that tells who somebody is or how to reach them."""

    start: int
    end: int
    kind: str  # "email" | "link" | "handle" | "phone" | "number" | "ip" | "address" | "name"


def disjoint(found: list[Finding]) -> list[Finding]:
    """Findings in the order of the text; where two overlap, the one given first stays."""
    kept: list[Finding] = []
    for finding in found:
        if all(finding.end <= other.start or other.end <= finding.start for other in kept):
            kept.append(finding)
    return sorted(kept)
