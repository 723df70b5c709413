"""The exact check of groups that are not large: all pairs of a group at once, by bits.

A token counts for the overlap of two rows of a group only if at least two rows of the group have it, and if all have
it, it is a constant. The rest, a few dozen in a group of near-duplicates, get a bit each; a row is then a few 64-bit
words, and an overlap is the constant and a population count. In groups of 40 that takes 60 ns a pair, making the bits
included, where comparing sorted tokens takes 190.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U64, Numbers, ragged, runs, spans
from persona_hub.transforms.similarity.edges import ImplicitEdges
from persona_hub.transforms.similarity.jaccard import Threshold

ROW_BITS, TOKEN_BITS = 12, 32  # of a number made of group, token and row
LARGEST_GROUP = 1 << ROW_BITS  # rows in a group
MOST_WORDS = 2048  # rows x words of a row; with more, looking at all pairs costs more than `dense` does
LEAST_IMPLICIT = 64  # rows from which on implicit edges are worth finding: 2,016 pairs
TOKENS_AT_ONCE = 1 << 17  # sorted at a time: a megabyte stays in the cache
PAIRS_AT_ONCE = 1 << 15  # pairs at a time: their words, 256 KB, stay in the cache


class NearPairs(NamedTuple):
    """Near-duplicates: positions of the rows, and how many tokens they share."""

    left: Numbers
    right: Numbers
    overlap: Numbers


class GroupBits(NamedTuple):
    """Groups as bits: `width[g]` words for each row of group g, from `begin[g]` on.

    Of one group of the rows {1 2 3}, {1 2 4} and {1 2 3 9}: tokens 1 and 2 are in all rows, so common is 2; 4 and 9 are
    in one row, and count for no overlap; 3 gets a bit. So words are 1 0 1, begin 0, width 1. Token 3 is in two of the
    three rows, so central is 3 and centre 1. The first and the last row overlap by 2 + popcount(1 & 1) = 3.
    """

    words: Numbers
    begin: Numbers
    width: Numbers
    common: Numbers  # tokens that all rows of the group have
    central: Numbers  # those that more than half have, the common ones among them
    centre: Numbers  # the words of the rest of those, `width[g]` for each group


class BitwiseJoin:
    """Near-duplicates within groups, but for pairs that are left in `implicit`, and for groups that are `too_large`."""

    def __init__(self, tokens: Numbers, begin: Numbers, size: Numbers, rank: Numbers, threshold: Threshold):
        self.tokens, self.begin, self.size, self.rank, self.threshold = tokens, begin, size, rank, threshold
        self.implicit: list[ImplicitEdges] = []
        self.too_large: list[int] = []  # groups
        reach = int(size.max(initial=0)) * 4 * (threshold.p + threshold.q)
        self.number: Any = np.int16 if reach < 1 << 15 else np.int32 if reach < 1 << 31 else I64

    def near(self, length: Numbers) -> Iterator[NearPairs]:
        """The near-duplicates in groups of `length` rows that lie one after another."""
        first, tokens = spans(length)[:-1], spans(self.size)
        self.too_large += np.flatnonzero(length > LARGEST_GROUP).tolist()
        fit = np.argsort(length, kind="stable")  # of like length side by side: fewer shapes at a time
        fit = fit[: np.searchsorted(length, LARGEST_GROUP, "right", sorter=fit)]
        load = np.cumsum(tokens[first[fit] + length[fit]] - tokens[first[fit]])
        cuts = np.searchsorted(load, np.arange(TOKENS_AT_ONCE, load.max(initial=0), TOKENS_AT_ONCE))
        for groups in np.split(fit, np.unique(cuts)):
            found = list(self.near_in(groups, first, length)) if len(groups) else []
            if found:
                yield NearPairs(*map(np.concatenate, zip(*found, strict=True)))

    def near_in(self, groups: Numbers, first: Numbers, length: Numbers) -> Iterator[NearPairs]:
        """The near-duplicates in some of the groups: those of one shape at a time."""
        rows = ragged(first[groups], length[groups])
        tokens = self.tokens.take(ragged(self.begin[rows], self.size[rows]), mode="clip")  # a fifth faster than [...]
        bits = bits_of(tokens, self.size[rows], length[groups])
        shape = length[groups] << 32 | bits.width
        for n, width in ((each >> 32, each & 0xFFFFFFFF) for each in np.unique(shape).tolist()):
            alike = np.flatnonzero(shape == n << 32 | width)
            if n * width > MOST_WORDS and n > LEAST_IMPLICIT:
                self.too_large += groups[alike].tolist()
                continue
            step = max(1, PAIRS_AT_ONCE // (n * n))
            for i in range(0, len(alike), step):
                some = alike[i : i + step]
                words = bits.words[bits.begin[some, None] + np.arange(n * width)].reshape(len(some), n, width)
                yield from self.pairs(words, first[groups[some], None] + np.arange(n), some, bits)

    def pairs(self, words: Numbers, rows: Numbers, groups: Numbers, bits: GroupBits) -> Iterator[NearPairs]:
        """The near-duplicates in groups of one shape; `words` are (groups, n, width), `rows` (groups, n)."""
        p, q, number = self.threshold.p, self.threshold.q, self.number
        common = bits.common[groups]
        weight = self.weights(words, rows, groups, bits) if rows.shape[1] >= LEAST_IMPLICIT else None
        limit = (p * self.size[rows]).astype(number)  # (p + q) overlap >= p (n + m), less what the common tokens give
        lowered = limit - ((p + q) * common).astype(number)[:, None]
        n = rows.shape[1]
        step = max(1, PAIRS_AT_ONCE // n)
        for line in range(0, n, step):  # all of a square, or some lines of the triangle of one large group
            lines = slice(line, line + step)
            overlap = overlaps(words[:, lines], words[:, line:])
            near = overlap.astype(number) * number(p + q) >= limit[:, lines, None] + lowered[:, None, line:]
            near &= above(*near.shape[1:])
            if weight is not None:
                near &= weight[:, lines, None] + weight[:, None, line:] > 0
            at = np.flatnonzero(near)
            left, right = np.divmod(at, n - line)
            group = left // n
            yield NearPairs(
                rows.take(left + line), rows.take(group * n + right + line), overlap.take(at) + common.take(group)
            )

    def weights(self, words: Numbers, rows: Numbers, groups: Numbers, bits: GroupBits) -> Numbers:
        """The weights of `dense`, which imply edges; infinite in a group that has too few such rows to be worth it."""
        p, q = self.threshold.p, self.threshold.q
        width = words.shape[2]
        centre = bits.centre[spans(bits.width)[groups, None] + np.arange(width)]
        size = self.size[rows]
        inside = bits.common[groups, None] + np.bitwise_count(words & centre[:, None]).sum(2, I64)
        weight = ((q + p) * (size + bits.central[groups, None] - 2 * inside) - (q - p) * size).astype(np.float32)
        member = weight + weight.min(1, keepdims=True) <= 0
        few = member.sum(1) < LEAST_IMPLICIT
        weight[few] = np.inf
        for i in np.flatnonzero(~few).tolist():
            order = np.flatnonzero(member[i])
            order = order[np.argsort(self.rank[rows[i, order]])]
            overlap = bits.common[groups[i]] + np.bitwise_count(words[i, order] & words[i, order[0]]).sum(1, I64)
            similarity = overlap / (size[i, order] + size[i, order[0]] - overlap)
            self.implicit.append(ImplicitEdges(self.rank[rows[i, order]], weight[i, order].astype(I64), similarity))
        return weight


def overlaps(left: Numbers, right: Numbers) -> Numbers:
    """Bits in common of words (groups, n, width) and (groups, m, width), as (groups, n, m)."""
    counts = np.bitwise_count(left[:, :, None, 0] & right[:, None, :, 0])
    if left.shape[2] > 1:
        counts = counts.astype(np.int32)
        for word in range(1, left.shape[2]):
            counts += np.bitwise_count(left[:, :, None, word] & right[:, None, :, word])
    return counts


@lru_cache(maxsize=256)  # of 32 KB at most
def above(lines: int, columns: int) -> Numbers:
    """Whether a cell lies above the diagonal."""
    return np.tri(lines, columns, dtype=np.int8) == 0


def bits_of(tokens: Numbers, size: Numbers, length: Numbers) -> GroupBits:
    """The bits of groups of `length` rows that lie one after another."""
    first = spans(length)
    group = np.repeat(np.arange(len(length)), length)
    row = np.arange(first[-1]) - first[group]
    keys = np.repeat(group.astype(U64) << U64(ROW_BITS + TOKEN_BITS) | row.astype(U64), size)
    keys |= tokens.astype(U64) << U64(ROW_BITS)
    keys.sort()
    begin, often = runs(keys >> U64(ROW_BITS))
    token_group = (keys[begin] >> U64(ROW_BITS + TOKEN_BITS)).astype(I64)
    everywhere = often == length[token_group]
    common = np.bincount(token_group[everywhere], minlength=len(length))
    some = (often > 1) & ~everywhere
    often, token_group, begin = often[some], token_group[some], begin[some]
    number = np.bincount(token_group, minlength=len(length))
    width = np.maximum(1, -(-number // 64))
    at = spans(length * width)
    place = np.arange(len(token_group)) - spans(number)[token_group]
    bit, place = U64(1) << (place & 63).astype(U64), place >> 6
    member = (keys[ragged(begin, often)] & U64(LARGEST_GROUP - 1)).astype(I64)
    words, half = np.zeros(at[-1], U64), often * 2 > length[token_group]
    slot = np.repeat(at[token_group] + place, often) + member * np.repeat(width[token_group], often)
    np.add.at(words, slot, np.repeat(bit, often))  # each bit once, so adding sets it
    centre = np.zeros(width.sum(), U64)
    np.add.at(centre, (spans(width)[token_group] + place)[half], bit[half])
    return GroupBits(
        words, at[:-1], width, common, common + np.bincount(token_group[half], minlength=len(length)), centre
    )
