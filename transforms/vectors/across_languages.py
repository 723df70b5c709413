"""Links: pairs of rows of two languages, each the other's nearest in its language, at the threshold or above.

A translation is nearest to its text nearly always, while its cosine may be 0.6, where other people of the same trade
begin. So a threshold alone takes many for the same, and being nearest alone would link each row to something; both
together do not. Of a (German), b and c (English) at cosines a-b 0.8 and a-c 0.7, only a and b are linked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.arrays import groups, runs
from persona_hub.transforms.similarity.edges import Edges
from persona_hub.transforms.vectors.arrays import Positions, Ranks, nonzero_2d
from persona_hub.transforms.vectors.cells import FULL_ROWS, SearchPlan, fine_cells
from persona_hub.transforms.vectors.float16 import (
    FLOAT32_MARGIN,
    StoredVectors,
    confirmed_pairs,
    to_float32,
    with_norms,
)
from persona_hub.transforms.vectors.sketches import CandidatePairs, Sketches, sketch_norm

LANGUAGE_TYPE = "S8"  # a language's code in an array; b"" is none
SKETCH_BYTES = 128
DEVIATIONS = 2.0  # of a sketch's cosine below the threshold, where candidates begin
NEAREST_SLACK = 0.12  # of a sketch's cosine below that of the nearest: twice what one of two errs by at 0.6
MOST_OF_ROW = 8  # candidates of a row in a cell and language

Languages = npt.NDArray[np.bytes_]  # LANGUAGE_TYPE, shape (rows,)


class LanguagePairs(NamedTuple):
    """Pairs of ranks, the languages of both, and their cosine, each of shape (pairs,)."""

    first: Ranks
    second: Ranks
    first_language: Languages
    second_language: Languages
    cosine: npt.NDArray[np.float64]


class PairThresholds(NamedTuple):
    """From which cosine on rows of two languages are linked, lower where one of the two is a `distant_languages`."""

    near: float
    distant: float
    distant_languages: frozenset[bytes]

    @property
    def lowest(self) -> float:
        """That of the search, which knows no languages."""
        return min(self.near, self.distant)

    def reached(self, pairs: LanguagePairs) -> LanguagePairs:
        """The pairs at the threshold of their languages."""
        distant = np.array(sorted(self.distant_languages), LANGUAGE_TYPE)
        is_distant = np.isin(pairs.first_language, distant) | np.isin(pairs.second_language, distant)
        enough = pairs.cosine >= np.where(is_distant, self.distant, self.near)
        first, second, language, other_language, cosine = pairs
        return LanguagePairs(first[enough], second[enough], language[enough], other_language[enough], cosine[enough])


def plan_across(threshold: float) -> SearchPlan:
    """How rows of different languages are searched for: with more room than others, as few of them become pairs."""
    plan = SearchPlan.for_threshold(threshold)
    least = threshold - DEVIATIONS * (1 - threshold**2) / SKETCH_BYTES**0.5
    return replace(plan, sketch_bytes=SKETCH_BYTES, least_cosine=least)


def nearest_pairs(
    rows: npt.NDArray[np.float32], languages: Languages, least: float, slack: float, most: int
) -> CandidatePairs:
    """Pairs of positions of two languages whose product is `least`, and for both of them within `slack` of the largest.

    `most` of a row in a language, the nearest. `earlier` and `later` are of a lower and a higher position.
    """
    members = [at for _, at in groups(np.unique(languages, return_inverse=True)[1]) if languages[at[0]]]
    found = [(np.empty(0, np.intp), np.empty(0, np.intp))]
    for n, one in enumerate(members):
        for other in members[n + 1 :]:
            products = rows[one] @ rows[other].T
            enough = np.maximum(products.max(1) - np.float32(slack), np.float32(least))[:, None]
            reached = np.maximum(products.max(0) - np.float32(slack), np.float32(least))
            row, column = nonzero_2d((products >= enough) & (products >= reached))
            near = products[row, column]
            wanted = among_nearest(row, near, most) & among_nearest(column, near, most)
            found.append((one[row[wanted]], other[column[wanted]]))
    first, second = (np.concatenate(side) for side in zip(*found, strict=True))
    return CandidatePairs(np.minimum(first, second), np.maximum(first, second))


def among_nearest(row: Positions, near: npt.NDArray[np.float32], most: int) -> npt.NDArray[np.bool_]:
    """Which pairs are among the `most` nearest of their row."""
    order = np.lexsort((-near, row))
    begin, length = runs(row[order])
    wanted = np.empty(len(row), bool)
    wanted[order] = np.arange(len(row)) - np.repeat(begin, length) < most
    return wanted


def candidates_across(
    ranks: Ranks, sketches: Sketches, languages: Languages, plan: SearchPlan, seed: int
) -> tuple[Ranks, Ranks]:
    """Pairs of ranks (earlier, later) of two languages out of one cell whose sketches are near. Rows come by rank."""
    square = sketch_norm(sketches.shape[1]) ** 2
    whole = np.arange(len(ranks))
    found = []
    for part in [whole] if len(ranks) <= FULL_ROWS else fine_cells(whole, ranks, sketches, plan, seed):
        pairs = nearest_pairs(
            sketches[part].astype(np.float32),
            languages[part],
            plan.least_cosine * square,
            NEAREST_SLACK * square,
            MOST_OF_ROW,
        )
        found.append((ranks[part[pairs.earlier]], ranks[part[pairs.later]]))
    earlier, later = (np.concatenate(side) for side in zip(*found, strict=True))
    return earlier, later


def all_pairs_across(ranks: Ranks, vectors: StoredVectors, languages: Languages, threshold: float) -> LanguagePairs:
    """The pairs of two languages out of which `links` are chosen, of all rows, by rank: exact."""
    slack = 2 * FLOAT32_MARGIN
    near = nearest_pairs(to_float32(vectors), languages, threshold - FLOAT32_MARGIN, slack, len(ranks))
    pairs = confirmed_pairs(with_norms(vectors), near.earlier, near.later, threshold)
    first, second = pairs.first, pairs.second
    return LanguagePairs(ranks[first], ranks[second], languages[first], languages[second], pairs.cosine)


def links(pairs: LanguagePairs) -> Edges:
    """Of pairs, each once, those whose rows are each the other's nearest in its language; the earliest of equals."""
    first, second, language, other_language, cosine = pairs
    row, other = np.concatenate([first, second]), np.concatenate([second, first])
    spoken = np.unique(np.concatenate([other_language, language]), return_inverse=True)[1]
    order = np.lexsort((other, -np.concatenate([cosine, cosine]), spoken, row))
    new = np.ones(len(order), bool)
    new[1:] = (row[order[1:]] != row[order[:-1]]) | (spoken[order[1:]] != spoken[order[:-1]])
    nearest = np.empty(len(order), bool)
    nearest[order] = new
    of_first, of_second = np.split(nearest, 2)
    chosen = of_first & of_second
    return Edges(first[chosen], second[chosen], cosine[chosen])
