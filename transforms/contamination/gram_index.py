"""GramIndex: which rows of a benchmark have a given share of their n-grams in a text, exact.

Candidates by the rule of dedup's rarest words (`similarity.prefix_keys`): a text that has p/q of a row's n grams has
one of any n - ceil(p n / q) + 1 of them, so only the rarest so many of each row are looked up. Each candidate is then
checked on all its grams. So a text costs as much as its grams, and what many rows have in common ("how many are left")
brings few candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from persona_hub.transforms.similarity.arrays import (
    I64,
    U32,
    U64,
    Numbers,
    groups,
    mix,
    ragged,
    runs,
    sorted_unique,
    spans,
    sums,
)
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.prefix_keys import SLOT_BITS, frequencies, prefix_keys
from persona_hub.transforms.similarity.shingles import TokenSets, set_hashes

ROW_SHIFT = U64(32)
ROW_OF_PAIR = U64((1 << 32) - 1)
ROWS_SORTED = 1 << 14  # rows whose grams are put in order of rarity at a time
GRAMS_AT_ONCE = 1 << 20  # of the rows of candidates
MOST_SLOT_BITS = 22  # of the table of frequencies: of a million rows a run that 100 have stands out from 15 in a slot
SPARE_BITS, MOST_BITS = (
    4,
    26,
)  # of a table of 16 times the keys, of up to 64 MB: one of 30 grams that are no key is likely


class Hits(NamedTuple):
    """Texts that have enough of a row, and the row of which each has the largest share: of several the first."""

    text: Numbers  # ascending, each once
    row: Numbers
    share: Numbers


NO_HITS = Hits(np.empty(0, I64), np.empty(0, I64), np.empty(0, np.float64))


@dataclass(frozen=True)
class GramIndex:
    """The grams of a benchmark's rows. Of rows with the same ones the first stands for all; one without has no hits."""

    share: Threshold
    sets: TokenSets  # of all rows
    begin: Numbers  # of each set
    key: Numbers  # of the grams that are looked up, ascending
    row: Numbers  # of each key
    some: Numbers  # whether there is any key with these first bits: most grams of a text are found to be none at once

    @classmethod
    def of(cls, sets: TokenSets, share: float) -> Self:
        """The index of rows with these grams, for texts that have `share` of them, above 0 to 1."""
        least = Threshold.of(share)
        table = frequencies(sets.tokens, min(max(SLOT_BITS, len(sets.tokens).bit_length()), MOST_SLOT_BITS))
        keys, owners = [np.empty(0, U64)], [np.empty(0, U32)]
        rows = first_of_equal_sets(sets)
        begin = spans(sets.size)[:-1]
        for some in (rows[i : i + ROWS_SORTED] for i in range(0, len(rows), ROWS_SORTED)):
            size = sets.size[some]
            part = TokenSets(sets.tokens[ragged(begin[some], size)], size)
            key, place = prefix_keys(part, np.arange(len(some)), least, table)
            keys.append(key)
            owners.append(some[place].astype(U32))
        key = np.concatenate(keys)
        order = np.argsort(key, kind="stable")
        bits = min(len(key).bit_length() + SPARE_BITS, MOST_BITS)
        some = np.zeros(1 << bits, bool)
        some[key >> U64(64 - bits)] = True
        return cls(least, sets, begin, key[order], np.concatenate(owners)[order], some)

    def find(self, texts: TokenSets) -> Hits:
        """The texts, by their grams, that have enough of a row."""
        text, row = self.candidates(texts)
        ordered = np.repeat(np.arange(len(texts.size), dtype=U64) << ROW_SHIFT, texts.size) | texts.tokens
        block = np.cumsum(self.sets.size[row]) // GRAMS_AT_ONCE
        hits = [NO_HITS, *(self.check(ordered, text[pairs], row[pairs]) for _, pairs in groups(block))]
        text, row, share = map(np.concatenate, zip(*hits, strict=True))
        order = np.lexsort((row, -share, text))
        best = order[runs(text[order])[0]]
        return Hits(text[best], row[best], share[best])

    def candidates(self, texts: TokenSets) -> tuple[Numbers, Numbers]:
        """(text, row) of the pairs that share a gram that is looked up, each once, by text."""
        sought = mix(texts.tokens.astype(U64) + U64(1))  # as `prefix_keys` makes keys
        likely = np.flatnonzero(self.some[sought >> U64(64 - len(self.some).bit_length() + 1)])
        low = np.searchsorted(self.key, sought[likely])
        count = np.searchsorted(self.key, sought[likely], "right") - low
        text = np.repeat(np.arange(len(texts.size), dtype=U64), texts.size)[likely]
        pair = np.repeat(text << ROW_SHIFT, count) | self.row[ragged(low, count)]
        pair.sort()
        pair = sorted_unique(pair)
        return (pair >> ROW_SHIFT).astype(I64), (pair & ROW_OF_PAIR).astype(I64)

    def check(self, ordered: Numbers, text: Numbers, row: Numbers) -> Hits:
        """Those of some candidates that have enough of the row. `ordered`: text and gram of all grams, ascending.

        The grams of each row are looked up in its text: what a long text costs is not multiplied by its candidates.
        """
        size = self.sets.size[row]
        grams = self.sets.tokens[ragged(self.begin[row], size)]
        sought = np.repeat(text.astype(U64) << ROW_SHIFT, size) | grams
        at = np.minimum(np.searchsorted(ordered, sought), len(ordered) - 1)
        overlap = sums((ordered[at] == sought).astype(I64), size)
        good = overlap >= self.share.smallest(size)
        return Hits(text[good], row[good], overlap[good] / size[good])


def first_of_equal_sets(sets: TokenSets) -> Numbers:
    """The rows, ascending, whose grams together are those of no row before."""
    rows = np.flatnonzero(sets.size)
    _, first = np.unique(set_hashes(sets)[rows], return_index=True)
    return rows[np.sort(first)]
