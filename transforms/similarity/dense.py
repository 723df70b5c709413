"""Groups of many rows, joined in about linear time: near-duplicates of a template, or variants of one text.

Tokens that most rows have do not tell rows apart. So each row is seen as its difference from the centre, the set of
tokens that more than half of the rows have: what it has beside the centre and what it lacks of it. Differences keep
distances (|x ^ y| = |(x ^ c) ^ (y ^ c)|), and they are small. For a row of n tokens with e elements in its difference
let its weight be w = (q + p) e - (q - p) n, for a threshold p/q. Two rows are duplicates if and only if the overlap o
of their differences reaches 2 (q + p) o >= w + w'. Hence

- if w + w' <= 0 they are, whatever o is: one `ImplicitEdges` stands for all those pairs, of which there may be billions
  (all pairs of "a teacher from <city> who ...");
- else they share an element, and, sorted by how rare elements are in the group, one of their first e - o + 1 (prefix
  filter): rows that share one are candidates. Where too many do, they are joined in the same way, around a centre of
  their own.

An example, at p/q = 1/2, where w = 3 e - n. Token 3 is of the centre, so row 3 has it in its difference as lacking:

    row   tokens           difference    e   n    w
    0     1 2 3 10         10            1   4   -1
    1     1 2 3 11         11            1   4   -1
    2     1 2 3 12 13      12 13         2   5    1
    3     1 2 12 13 14     3 14 12 13    4   5    7     centre: 1 2 3, each in at least three of the four rows

Rows 0, 1 and 2 imply each other: their weights add up to -2 or 0. Their Jaccard similarities are 3/5, 3/6 and 3/6.
Rows 2 and 3 have w + w' = 8, so they need 6 o >= 8, o = 2; they share 12 and 13, and are duplicates: 4/6. Rows 0 and 3
have w + w' = 6, need o = 1, and share nothing: 2/7. `DenseJoin.sharing` goes on with this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, Numbers, inverse_and_counts, ragged, runs, spans
from persona_hub.transforms.similarity.edges import ImplicitEdges
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.pairs import pairs_within

ALL_PAIRS_ROWS = 256  # rows of which all pairs are looked at: 32,640, half a millisecond
DEEPEST = 8  # groups within groups, each at most half of the one around it; deeper, all pairs are looked at
CENTRE_CELLS = 1 << 24  # rows x tokens of the centre at a time, 16 MB
WEIGHT_CLASSES = 24  # at most, so that pairs of classes stay few
PAIRS_YIELDED = 1 << 17  # candidates made at a time, about

Pairs = tuple[Numbers, Numbers]  # the rows left[i] and right[i]


class Differences(NamedTuple):
    """Each row's difference from the centre of its group, one row after another, rarest elements first.

    An element is the place of its token in the order from rare to frequent in differences. Of the example that order is
    1 2 (in none), 3 10 11 14 (in one), 12 13 (in two), so token 10 is element 3, and token 12 is element 6. Hence size
    is 1 1 2 4, element 3 4 6 7 2 5 6 7, owner 0 1 2 2 3 3 3 3, weight -1 -1 1 7.
    """

    size: Numbers  # elements of each row's difference
    element: Numbers
    owner: Numbers  # the row of each element
    weight: Numbers


class WeightClass(NamedTuple):
    """Rows of about the same weight: what they need to share depends on it."""

    rows: Numbers
    least_weight: int
    largest_size: int  # of their differences


class Prefixes(NamedTuple):
    """The first elements of some rows' differences: `element[i]` is one of row `row[i]`."""

    element: Numbers
    row: Numbers


class DenseJoin:
    """Candidate pairs of large groups; pairs that are duplicates whatever they share are left in `implicit`."""

    def __init__(self, tokens: Numbers, begin: Numbers, count: Numbers, rank: Numbers, threshold: Threshold):
        self.tokens, self.begin, self.count, self.rank, self.threshold = tokens, begin, count, rank, threshold
        self.implicit: list[ImplicitEdges] = []

    def pairs(self, rows: Numbers, depth: int = 0) -> Iterator[Pairs]:
        """Pairs of `rows`, among them every pair of duplicates that is not in `implicit`; some come twice."""
        if len(rows) <= ALL_PAIRS_ROWS or depth == DEEPEST:
            for i, j in pairs_within(0, len(rows)):
                yield rows[i], rows[j]
            return
        differences = self.differences(rows)
        weight = differences.weight
        inside = np.flatnonzero(weight + weight.min() <= 0)
        if len(inside) > 1:
            if len(inside) <= ALL_PAIRS_ROWS:
                i, j = (at for at in np.triu_indices(len(inside), 1))
                yield rows[inside[i]], rows[inside[j]]
            else:
                self.implicit.append(self.implied(rows[inside], weight[inside]))
        yield from self.sharing(rows, differences, depth)

    def differences(self, rows: Numbers) -> Differences:
        """The differences of `rows` from the tokens that more than half of them have."""
        p, q = self.threshold.p, self.threshold.q
        count = self.count[rows]
        index, often = inverse_and_counts(self.tokens[ragged(self.begin[rows], count)])
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
        size = np.bincount(owner, minlength=len(rows))
        return Differences(size, element, owner, (q + p) * size - (q - p) * count)

    def implied(self, rows: Numbers, weight: Numbers) -> ImplicitEdges:
        """The edges that the weights of `rows` imply."""
        order = np.argsort(self.rank[rows])
        rows, weight = rows[order], weight[order]
        count = self.count[rows]
        own = self.tokens[self.begin[rows[0]] : self.begin[rows[0]] + count[0]]
        tokens = self.tokens[ragged(self.begin[rows], count)]
        shared = own[np.minimum(np.searchsorted(own, tokens), len(own) - 1)] == tokens
        overlap = np.add.reduceat(shared, spans(count)[:-1], dtype=I64)
        similarity = overlap / (count[0] + count - overlap)
        return ImplicitEdges(self.rank[rows], weight, similarity.astype(np.float64))

    def sharing(self, rows: Numbers, differences: Differences, depth: int) -> Iterator[Pairs]:
        """Pairs that share one of their first elements, class of weight by class of weight.

        Of the example: classes are 2 (q + p) = 6 wide, {0, 1, 2} with weights from -1 and {3} with 7. Within the first,
        rows have to share ceil((-1 - 1) / 6), so at least 1 element: all elements count, 10 | 11 | 12 13, and no two
        are equal. Between the two it is ceil((-1 + 7) / 6) = 1: 12 and 13 are elements of row 2 and of row 3, so the
        pair (2, 3) comes out, twice. Within the second it is ceil(14 / 6) = 3, so that one of the first 4 - 3 + 1 = 2
        elements would be shared, but there is no other row.
        """
        unit = 2 * (self.threshold.q + self.threshold.p)
        begin = spans(differences.size)[:-1]
        classes = weight_classes(differences, unit)
        for number, one in enumerate(classes):
            for other in classes[number:]:
                least = max(1, -(-(one.least_weight + other.least_weight) // unit))
                if not len(one.rows) or not len(other.rows) or least > min(one.largest_size, other.largest_size):
                    continue
                sides = [one] if one is other else [one, other]
                prefixes = [first_elements(side.rows, differences, begin, least) for side in sides]
                yield from self.buckets(rows, differences.weight, prefixes, depth)

    def buckets(self, rows: Numbers, weight: Numbers, sides: list[Prefixes], depth: int) -> Iterator[Pairs]:
        """Pairs of rows that have an element in common: within one side, or across two.

        Of the example, across the two classes, sorted by element and side (! marks a bucket with rows of both):

            element   2   3   4   5   6   6   7   7        tokens 3 10 11 14 12 12 13 13
            row       3   0   1   3   2   3   2   3
            left      0   1   1   0   1 !     1 !          rows of the first side in the bucket
            right     1   0   0   1   1       1            rows of the second
        """
        across = len(sides) == 2
        element = np.concatenate([side.element for side in sides])
        member = np.concatenate([side.row for side in sides])
        second = np.repeat(np.arange(len(sides)), [len(side.row) for side in sides])
        order = np.lexsort((second, element))
        element, member, second = element[order], member[order], second[order]
        begin, length = runs(element)
        right = np.add.reduceat(second, begin) if len(element) else length
        left = length - right
        number = left * right if across else left * (left - 1) // 2
        large = number > ALL_PAIRS_ROWS * ALL_PAIRS_ROWS
        for start, n in zip(begin[large].tolist(), length[large].tolist(), strict=True):
            yield from self.pairs(rows[np.unique(member[start : start + n])], depth + 1)
        some = (number > 0) & ~large
        begin, left, right = begin[some], left[some], right[some]
        step = max(1, len(begin) // max(1, int(number[some].sum()) // PAIRS_YIELDED))
        for start in range(0, len(begin), step):
            few = slice(start, start + step)
            i, j = cross_pairs(begin[few], left[few], right[few]) if across else inner_pairs(begin[few], left[few])
            i, j = member[i], member[j]
            unimplied = weight[i] + weight[j] > 0
            yield rows[i[unimplied]], rows[j[unimplied]]


def weight_classes(differences: Differences, unit: int) -> list[WeightClass]:
    """The rows by weight, in at most `WEIGHT_CLASSES` classes at least `unit` wide; some may be empty."""
    size, weight = differences.size, differences.weight
    low, high = int(weight.min()), int(weight.max())
    width = max(unit, -(-(high - low + 1) // WEIGHT_CLASSES))
    label = (weight - low) // width
    members = [np.flatnonzero(label == each) for each in range(int(label.max()) + 1)]
    return [
        WeightClass(rows, int(weight[rows].min()), int(size[rows].max())) if len(rows) else WeightClass(rows, 0, 0)
        for rows in members
    ]


def first_elements(rows: Numbers, differences: Differences, begin: Numbers, least: int) -> Prefixes:
    """The first e - least + 1 elements of each of `rows` that has so many; the elements of row i begin at begin[i]."""
    size = differences.size
    rows = rows[size[rows] >= least]
    length = size[rows] - least + 1
    return Prefixes(differences.element[ragged(begin[rows], length)], np.repeat(rows, length))


def cross_pairs(begin: Numbers, left: Numbers, right: Numbers) -> Pairs:
    """Positions of all pairs across the sides of buckets: `left` entries from `begin` on, then `right` ones.

    begin 3, left 2, right 2 -> (3, 5) (3, 6) (4, 5) (4, 6).
    """
    i = np.repeat(ragged(begin, left), np.repeat(right, left))
    return i, ragged(np.repeat(begin + left, left), np.repeat(right, left))


def inner_pairs(begin: Numbers, length: Numbers) -> Pairs:
    """Positions of all pairs within buckets of `length` entries: begin 3, length 3 -> (3, 4) (3, 5) (4, 5)."""
    i = ragged(begin, length)
    rest = np.repeat(begin + length, length) - i - 1
    return np.repeat(i, rest), ragged(i + 1, rest)


def complement(line: Numbers, column: Numbers, lines: int, columns: int) -> Pairs:
    """The cells (line, column) of a table that are not among the given ones, whose lines ascend."""
    found = []
    step = max(1, CENTRE_CELLS // max(1, columns))
    for start in range(0, lines, step):
        i, j = np.searchsorted(line, [start, start + step])
        lacks = np.ones((min(step, lines - start), columns), bool)
        lacks[line[i:j] - start, column[i:j]] = False
        rest = np.nonzero(lacks)
        found.append((rest[0] + start, rest[1]))
    return np.concatenate([cells[0] for cells in found]), np.concatenate([cells[1] for cells in found])
