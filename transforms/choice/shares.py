"""Equal shares of a number over strata that may have fewer rows than their share."""

from __future__ import annotations

from collections.abc import Mapping


def equal_shares(rows: Mapping[str, int], n: int) -> dict[str, int]:
    """How many of `n` each stratum gives: alike as far as they have rows.

    What cannot be parted goes to the strata with the most rows, of equal ones to the first by name:

    >>> equal_shares({"de": 100, "en": 5000, "ja": 2}, 9)
    {'de': 3, 'en': 4, 'ja': 2}
    >>> equal_shares({"de": 1, "en": 2, "ja": 3}, 2)
    {'de': 0, 'en': 1, 'ja': 1}
    """
    shares: dict[str, int] = {}
    left = min(n, sum(rows.values()))
    open_strata = sorted(rows, key=lambda name: (-rows[name], name))
    while open_strata and rows[open_strata[-1]] <= left // len(open_strata):  # a small one gives all that it has
        name = open_strata.pop()
        shares[name] = rows[name]
        left -= rows[name]
    for place, name in enumerate(open_strata):
        shares[name] = left // len(open_strata) + (place < left % len(open_strata))
    return dict(sorted(shares.items()))
