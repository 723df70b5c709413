"""BenchmarkIndex: the rows of benchmarks, and which of them a text has, word for word or with other names and numbers.

How the field does it: GPT-3 drops what shares one run of 13 words with a benchmark; PaLM calls a question contaminated
of whose runs of 8 words 70% were seen; Llama 2 counts the words in shared runs of 10, at 20% and 80%; GPT-4 looks up
three substrings of 50 characters. Here it is the share of a row's runs that stand in the text, so that a row is found
within a longer text, and the share is told:

- half of the runs of 8 words, as they are;
- half of the runs of 4 words, with numbers and names masked (`masks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Self

import numpy as np

from persona_hub.transforms.contamination.gram_index import GramIndex
from persona_hub.transforms.contamination.grams import gram_sets
from persona_hub.transforms.contamination.masks import is_mask, masked_codes, word_codes
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.similarity.arrays import I64, U32, sums
from persona_hub.transforms.similarity.shingles import TokenSets

RUN_WORDS, MASKED_RUN_WORDS = 8, 4  # in a run
SHARE = 0.5  # of a row's runs
LOWEST_SHARE = 0.2  # below, what all problems of a kind have in common would do
LEAST_UNMASKED = 9  # words of a row that are no masks: a shorter one is compared as it is only
ROWS_INDEXED = 1 << 12


class SharedRow(NamedTuple):
    """What a text has of a benchmark."""

    row: int  # from 0
    share: float  # of the row's runs of words that stand in the text
    masked: bool  # whether numbers and names were masked

    @property
    def measure(self) -> str:
        """What was found, for people.

        >>> SharedRow(16, 0.875, True).measure
        '88% of its runs of 4 words, numbers and names masked'
        """
        runs, how = (MASKED_RUN_WORDS, ", numbers and names masked") if self.masked else (RUN_WORDS, "")
        return f"{100 * self.share:.0f}% of its runs of {runs} words{how}"


@dataclass(frozen=True)
class BenchmarkIndex:
    """The rows of benchmarks, to look texts up in."""

    as_they_are: GramIndex
    masked: GramIndex
    rows: int
    too_short: int  # rows that are compared only as they are

    @classmethod
    def of(cls, rows: Iterable[str], share: float = SHARE, masked_share: float = SHARE) -> Self:
        """The index of the texts of rows. Raises InvalidInputError for a share out of range."""
        check_share("share", share)
        check_share("masked_share", masked_share)
        plain, masked, texts = [], [], iter(rows)
        while some := list(islice(texts, ROWS_INDEXED)):
            plain.append(plain_grams(some))
            masked.append(masked_grams(some, LEAST_UNMASKED))
        too_short = sum(int(np.count_nonzero(part.size == 0)) for part in masked)
        as_they_are = GramIndex.of(all_sets(plain), share)
        plain.clear()  # of a million rows each of them is 0.2 GB
        return cls(as_they_are, GramIndex.of(all_sets(masked), masked_share), len(as_they_are.sets.size), too_short)

    def find(self, texts: Sequence[str]) -> list[SharedRow | None]:
        """Of each text the row of which it has most: as they are, else masked; None if it has too little of any."""
        found: list[SharedRow | None] = [None] * len(texts)
        both = (self.masked.find(masked_grams(texts)), True), (self.as_they_are.find(plain_grams(texts)), False)
        for hits, masked in both:
            for text, row, share in zip(*(column.tolist() for column in hits), strict=True):
                found[text] = SharedRow(row, share, masked)
        return found


def check_share(name: str, value: float) -> None:
    """Raises InvalidInputError for a share out of range."""
    if not LOWEST_SHARE <= value <= 1:
        raise InvalidInputError(f"{name} {value}: a share of a row's runs of words, {LOWEST_SHARE} to 1")


def plain_grams(texts: Sequence[str]) -> TokenSets:
    """The runs of RUN_WORDS words of each text."""
    return gram_sets(*word_codes(texts), RUN_WORDS)


def masked_grams(texts: Sequence[str], least: int = 1) -> TokenSets:
    """The runs of MASKED_RUN_WORDS masked words of each text that has `least` other words; of others none."""
    codes, size = masked_codes(texts)
    unmasked = sums((~is_mask(codes)).astype(I64), size)
    enough = unmasked >= least
    kept = np.repeat(enough, size)
    return gram_sets(codes[kept], np.where(enough, size, 0), MASKED_RUN_WORDS)


def all_sets(parts: Sequence[TokenSets]) -> TokenSets:
    """The sets of all parts."""
    columns = zip(TokenSets(np.empty(0, U32), np.empty(0, I64)), *parts, strict=True)
    return TokenSets(*map(np.concatenate, columns))
