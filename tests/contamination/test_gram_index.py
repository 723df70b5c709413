"""What a GramIndex finds is what looking at every pair finds."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.contamination import gram_index
from persona_hub.transforms.contamination.gram_index import GramIndex, first_of_equal_sets
from persona_hub.transforms.contamination.grams import gram_sets
from persona_hub.transforms.similarity.arrays import spans
from persona_hub.transforms.similarity.shingles import TokenSets, hash_tokens, tokenise

SETS = st.lists(st.frozensets(st.integers(0, 12), max_size=9), max_size=12)
SPREAD = 2654435761  # so that small numbers look like hashes


def sets_of(sets: list[frozenset[int]]) -> TokenSets:
    return TokenSets(
        np.array([code for one in sets for code in sorted(token * SPREAD % 2**32 for token in one)], np.uint32),
        np.array([len(one) for one in sets], np.int64),
    )


def brute_force(
    rows: list[frozenset[int]], texts: list[frozenset[int]], share: Fraction
) -> list[tuple[int, int, float]]:
    found = []
    for text, words in enumerate(texts):
        shares = [(-Fraction(len(words & row), len(row)), place) for place, row in enumerate(rows) if row]
        best, place = min(shares, default=(Fraction(0), 0))
        if -best >= share:
            found.append((text, place, float(-best)))
    return found


@given(SETS, SETS, st.sampled_from(["1/5", "1/2", "3/5", "9/10", "1"]), st.integers(1, 3))
def test_finds_for_each_text_the_row_of_which_it_has_most(
    rows: list[frozenset[int]], texts: list[frozenset[int]], share: str, at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gram_index, "GRAMS_AT_ONCE", at_once)
        patch.setattr(gram_index, "ROWS_SORTED", at_once)
        hits = GramIndex.of(sets_of(rows), float(Fraction(share))).find(sets_of(texts))
    assert list(zip(*(column.tolist() for column in hits), strict=True)) == brute_force(rows, texts, Fraction(share))


def test_rows_that_are_equal_are_looked_up_once() -> None:
    template = frozenset(range(8))
    index = GramIndex.of(sets_of([template] * 1000), 0.5)
    assert len(index.key) == 5
    assert first_of_equal_sets(sets_of([frozenset(), template, template])).tolist() == [1]


def test_what_all_rows_share_brings_no_candidates() -> None:
    rows = [frozenset([0, 1, 2, *range(10 * n, 10 * n + 5)]) for n in range(1, 40)]
    index = GramIndex.of(sets_of(rows), 0.5)
    assert len(index.candidates(sets_of([frozenset([0, 1, 2])]))[0]) == 0
    assert len(index.candidates(sets_of([frozenset([0, 1, 2, *range(10, 15)])]))[0]) == 1


def gram_lists(texts: list[str], n: int) -> list[list[int]]:
    tokens = tokenise(texts)
    sets = gram_sets(hash_tokens(tokens), tokens.size, n)
    return [sets.tokens[i:j].tolist() for i, j in pairwise(spans(sets.size).tolist())]


def test_grams_are_runs_of_words_in_order_and_of_one_text() -> None:
    whole, short, turned, none, again = gram_lists(["a b c d e", "f g", "g f", "", "x b c d"], 3)
    assert [len(one) for one in (whole, short, turned, none, again)] == [3, 1, 1, 0, 2]
    assert short != turned
    assert len({*whole} & {*again}) == 1
    assert gram_lists(["f g"], 3)[0] == short
    assert not {*short} & {*gram_lists(["f g h"], 3)[0]}
