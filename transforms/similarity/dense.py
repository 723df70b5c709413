"""Groups of many rows, joined in about linear time: near-duplicates of a template, or variants of one text.

Tokens that most rows have tell nothing apart. So each row is seen as its difference from the centre, the set of
tokens that more than half of the rows have: what it has beside the centre and what it lacks of it. Differences keep
distances (|x ^ y| = |(x ^ c) ^ (y ^ c)|), and they are small. With e elements in the difference of a row of n tokens,
write w = (q + p) e - (q - p) n, for a threshold p/q. Two rows are duplicates if and only if the overlap o of their
differences reaches 2 (q + p) o >= w + w'. Hence

- if w + w' <= 0 they are, whatever they are: one `Ball` stands for all those pairs, of which there may be billions
  (all pairs of "a teacher from <city> who ...");
- else they share an element, and, sorted by how rare elements are in the group, one of their first e - o + 1: those
  that share one are candidates. Where too many do, they are joined in the same way, around a centre of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, Numbers, numbered, ragged, runs, spans
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.pairs import pairs_within

GROUP = 256  # rows of which all pairs are looked at: 32,640, half a millisecond
DEPTH = 8  # groups within groups, each at most half of the one around it; deeper, all pairs are looked at
CELLS = 1 << 24  # rows x tokens of the centre at a time, 16 MB
CLASSES = 24  # classes of w at most, so that classes of pairs stay few


class Ball(NamedTuple):
    """Rows of which two are duplicates if their weights add up to at most 0; others may be as well.

    `similarity` is to the first row of the ball.
    """

    rank: Numbers  # ascending
    weight: Numbers
    similarity: Numbers


class Dense:
    """Candidate pairs of large groups; what is duplicate without a look is left in `balls`."""

    def __init__(self, tokens: Numbers, begin: Numbers, count: Numbers, rank: Numbers, threshold: Threshold):
        self.tokens, self.begin, self.count, self.rank, self.threshold = tokens, begin, count, rank, threshold
        self.balls: list[Ball] = []

    def pairs(self, rows: Numbers, depth: int = 0) -> Iterator[tuple[Numbers, Numbers]]:
        """Pairs of `rows` that hold every duplicate among them which no ball tells of."""
        if len(rows) <= GROUP or depth == DEPTH:
            for i, j in pairs_within(0, len(rows)):
                yield rows[i], rows[j]
            return
        e, element, owner = self.differences(rows)
        p, q = self.threshold.p, self.threshold.q
        weight = (q + p) * e - (q - p) * self.count[rows]
        inside = np.flatnonzero(weight + weight.min() <= 0)
        if len(inside) > 1:
            if len(inside) <= GROUP:
                i, j = (at for at in np.triu_indices(len(inside), 1))
                yield rows[inside[i]], rows[inside[j]]
            else:
                self.balls.append(self.ball(rows[inside], weight[inside]))
        yield from self.sharing(rows, weight, e, element, owner, depth)

    def differences(self, rows: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """(size of each row's difference from the centre; its elements, rarest first, and their rows)."""
        count = self.count[rows]
        index, often = numbered(self.tokens[ragged(self.begin[rows], count)])
        owner = np.repeat(np.arange(len(rows)), count)
        central = often * 2 > len(rows)
        centre = np.flatnonzero(central)
        column = np.cumsum(central) - 1
        has = central[index]
        lacking, lacked = complement(owner[has], column[index[has]], len(rows), len(centre))
        element = np.concatenate([index[~has], centre[lacked]])
        owner = np.concatenate([owner[~has], lacking])
        rarity = np.empty(len(often), I64)
        rarity[np.argsort(np.where(central, len(rows) - often, often), kind="stable")] = np.arange(len(often))
        key = owner * len(often) + rarity[element]
        key.sort()
        owner, element = np.divmod(key, max(1, len(often)))
        return np.bincount(owner, minlength=len(rows)), element, owner

    def ball(self, rows: Numbers, weight: Numbers) -> Ball:
        """The ball of some rows."""
        order = np.argsort(self.rank[rows])
        rows, weight = rows[order], weight[order]
        count = self.count[rows]
        own = self.tokens[self.begin[rows[0]] : self.begin[rows[0]] + count[0]]
        tokens = self.tokens[ragged(self.begin[rows], count)]
        shared = own[np.minimum(np.searchsorted(own, tokens), len(own) - 1)] == tokens
        overlap = np.add.reduceat(shared, spans(count)[:-1], dtype=I64)
        similarity = overlap / (count[0] + count - overlap)
        return Ball(self.rank[rows], weight, similarity.astype(np.float64))

    def sharing(
        self, rows: Numbers, weight: Numbers, e: Numbers, element: Numbers, owner: Numbers, depth: int
    ) -> Iterator[tuple[Numbers, Numbers]]:
        """Pairs that share one of their first elements, class of weight by class of weight."""
        unit = 2 * (self.threshold.q + self.threshold.p)
        low, high = int(weight.min()), int(weight.max())
        width = max(unit, -(-(high - low + 1) // CLASSES))
        grade = (weight - low) // width
        begin = spans(e)[:-1]
        members = [np.flatnonzero(grade == g) for g in range(int(grade.max()) + 1)]
        least = [int(weight[m].min()) if len(m) else 0 for m in members]
        most = [int(e[m].max()) if len(m) else 0 for m in members]
        for g, one in enumerate(members):
            for h, other in enumerate(members[g:], g):
                shared_least = max(1, -(-(least[g] + least[h]) // unit))
                if not len(one) or not len(other) or shared_least > min(most[g], most[h]):
                    continue
                sides = [one] if g == h else [one, other]
                entries = [first_elements(m, e, begin, element, shared_least) for m in sides]
                yield from self.buckets(rows, weight, entries, depth)

    def buckets(
        self, rows: Numbers, weight: Numbers, sides: list[tuple[Numbers, Numbers]], depth: int
    ) -> Iterator[tuple[Numbers, Numbers]]:
        """Pairs of entries (element, row) of equal element: within one side, or across two."""
        key = np.concatenate([key for key, _ in sides])
        member = np.concatenate([row for _, row in sides])
        side = np.repeat(np.arange(len(sides)), [len(key) for key, _ in sides])
        order = np.lexsort((side, key))
        key, member, side = key[order], member[order], side[order]
        begin, length = runs(key)
        right = np.add.reduceat(side, begin) if len(key) else length
        left = length - right
        number = left * right if len(sides) == 2 else left * (left - 1) // 2
        large = number > GROUP * GROUP
        for i, n in zip(begin[large].tolist(), length[large].tolist(), strict=True):
            yield from self.pairs(rows[np.unique(member[i : i + n])], depth + 1)
        some = (number > 0) & ~large
        begin, left, right = begin[some], left[some], right[some]
        step = max(1, len(begin) // max(1, int(number[some].sum()) // (1 << 17)))
        for z in range(0, len(begin), step):
            b, m, n = begin[z : z + step], left[z : z + step], right[z : z + step]
            if len(sides) == 2:
                i = np.repeat(ragged(b, m), np.repeat(n, m))
                j = ragged(np.repeat(b + m, m), np.repeat(n, m))
            else:
                i = ragged(b, m)
                rest = np.repeat(b + m, m) - i - 1
                i, j = np.repeat(i, rest), ragged(i + 1, rest)
            i, j = member[i], member[j]
            look = weight[i] + weight[j] > 0
            yield rows[i[look]], rows[j[look]]


def complement(line: Numbers, column: Numbers, lines: int, columns: int) -> tuple[Numbers, Numbers]:
    """The cells (line, column) of a table that are not among the given ones, whose lines ascend."""
    found = []
    step = max(1, CELLS // max(1, columns))
    for z in range(0, lines, step):
        i, j = np.searchsorted(line, [z, z + step])
        lacks = np.ones((min(step, lines - z), columns), bool)
        lacks[line[i:j] - z, column[i:j]] = False
        rest = np.nonzero(lacks)
        found.append((rest[0] + z, rest[1]))
    return np.concatenate([cells[0] for cells in found]), np.concatenate([cells[1] for cells in found])


def first_elements(
    members: Numbers, e: Numbers, begin: Numbers, element: Numbers, least: int
) -> tuple[Numbers, Numbers]:
    """(elements, rows) of the first e - least + 1 elements of each row that has so many."""
    members = members[e[members] >= least]
    length = e[members] - least + 1
    return element[ragged(begin[members], length)], np.repeat(members, length)
