"""Persona against its document, by words: the share of the persona's content words that the document has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.clusters.words import stop_words
from persona_hub.transforms.similarity.arrays import U64, Numbers, mix
from persona_hub.transforms.similarity.shingles import Tokens, hash_tokens, tokenise

STEM_BYTES, OTHER_STEM_BYTES = 5, 10  # of a word in plain ASCII, and in others: "teacher", "teaches", "teaching"

ROW_BITS = U64((1 << 20) - 1)  # a word of a row is 44 bits of its hash and 20 of the row


def words_found(personas: Sequence[str], documents: Sequence[str], languages: Sequence[str]) -> npt.NDArray[np.float64]:
    """(found, chance) of each persona, shape (rows, 2), NaN for none.

    `found`: the share of its different content words that its document has; NaN without any. A content word is none
    of the stop words and persona words of its language; two words are equal if their first five letters are. A persona
    may be true to a document in other words: the figure is low for such, and it rises with the document's length. So
    beside it stands `chance`: the same share with the document of the next row of its language, NaN where there is
    none. To have it depend on no batch, give a whole hash sample at once, in its order.
    """
    own, other = tokenise(personas), tokenise(documents)
    full, stem = hash_tokens(own), stems(own)
    row = np.repeat(np.arange(len(personas)), own.size)
    content = np.ones(len(full), bool)
    languages_of = np.array([*languages])
    for language in sorted(set(languages)):
        content &= ~((languages_of == language)[row] & np.isin(full, stop_codes(language)))
    wanted = np.unique(in_row(stem[content], row[content]))
    there = np.unique(in_row(stems(other), np.repeat(np.arange(len(documents)), other.size)))
    of = (wanted & ROW_BITS).astype(np.int64)
    asked = np.bincount(of, minlength=len(personas)).astype(float)
    asked[asked == 0] = np.nan
    partner = next_of_group(languages)
    elsewhere = (wanted & ~ROW_BITS) | partner[of].astype(U64)
    found, chance = (np.bincount(of, has(there, keys), len(personas)) / asked for keys in (wanted, elsewhere))
    return np.stack([found, np.where(partner == np.arange(len(partner)), np.nan, chance)], axis=1)


def has(ordered: Numbers, keys: Numbers) -> npt.NDArray[np.bool_]:
    """Which keys are among numbers in order."""
    if not len(ordered):
        return np.zeros(len(keys), bool)
    found: npt.NDArray[np.bool_] = ordered[np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)] == keys
    return found


def in_row(stem: Numbers, row: npt.NDArray[np.intp]) -> Numbers:
    """One number of a stem and its row. Raises ValueError for more rows than 20 bits tell apart."""
    if len(row) and int(row.max()) >= 1 << 20:
        raise ValueError("a batch has at most 1,048,576 rows")
    return np.asarray((mix(stem) & ~ROW_BITS) | row.astype(U64))


def stems(tokens: Tokens) -> Numbers:
    """Hashes of the first letters of words."""
    data = np.frombuffer(tokens.text, np.uint8) if tokens.text else np.zeros(1, np.uint8)
    ascii_ = data[np.minimum(tokens.start, len(data) - 1)] < 128
    most = np.where(ascii_, STEM_BYTES, OTHER_STEM_BYTES)
    return hash_tokens(tokens._replace(length=np.minimum(tokens.length, most)))


@cache
def stop_codes(language: str) -> Numbers:
    """The hashes of words that say nothing of a person, in a language."""
    return hash_tokens(tokenise(sorted(stop_words(language))))


def next_of_group(groups: Sequence[str]) -> npt.NDArray[np.intp]:
    """For each row the next row of its group (language), the first after the last: partners for `words_found`."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        places[group].append(place)
    partner = np.arange(len(groups))
    for rows in places.values():
        partner[rows] = rows[1:] + rows[:1]
    return partner
