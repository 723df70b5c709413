"""DuplicatesAcrossLanguages: of what meaning let stay, one persona in two languages is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsSingleton, TaggedOutput

from persona_hub.transforms.corpus.language import quick_language
from persona_hub.transforms.dedup.persona_rows import unpack_existing
from persona_hub.transforms.embed_dedup.by_cell import PairsByCell
from persona_hub.transforms.embed_dedup.elements import KeyedPersonas, pack_by_block, positions_in
from persona_hub.transforms.embed_dedup.near_duplicates import NearDuplicatesFound
from persona_hub.transforms.embedding.across_languages import AcrossLanguages
from persona_hub.transforms.similarity.ranks import ranks_of
from persona_hub.transforms.similarity.representatives import decide
from persona_hub.transforms.vectors import cells
from persona_hub.transforms.vectors.across_languages import (
    LANGUAGE_TYPE,
    LanguagePairs,
    Languages,
    PairThresholds,
    all_pairs_across,
    candidates_across,
    links,
    plan_across,
)
from persona_hub.transforms.vectors.arrays import Ranks
from persona_hub.transforms.vectors.float16 import confirmed_pairs, with_norms
from persona_hub.transforms.vectors.sketches import Sketches
from persona_hub.transforms.wire.packing import (
    KeyedArrays,
    concatenated,
    pack_arrays,
    unpack_arrays,
    unpack_merged,
    unpack_sorted,
)

LETTERS_TO_BELIEVE = 30  # of a text whose language is believed; a letter that is not Latin tells as much as three


class RowsOfLanguages(NamedTuple):
    """What is compared: vectors by block, the languages of their rows, and what EmbedDedup found of them."""

    vectors: beam.PCollection[KeyedArrays]
    languages: beam.PCollection[KeyedArrays]  # ranks, and codes of `AcrossLanguages`; rows without one are left out
    found: NearDuplicatesFound


class DecisionsAcross(NamedTuple):
    """(block of the dropped, dropped ranks, kept ranks, cosines); each row is dropped in one of the two at most."""

    meaning: beam.PCollection[KeyedArrays]  # as they were, but for those whose keeper goes
    across: beam.PCollection[KeyedArrays]


@dataclass(kw_only=True)
class DuplicatesAcrossLanguages(beam.PTransform):
    """RowsOfLanguages -> DecisionsAcross.

    Two rows of different languages are linked if each is the other's nearest in its language and their cosine reaches
    the threshold of the two languages; of linked rows the earliest stays, as in EmbedDedup. A row that was dropped for
    one that goes now is dropped for that one's keeper, with the cosine of those two. Say 7 was dropped for 5, and 5
    goes for 2 at 0.8: 7 goes for 2, too, at 0.8.
    """

    across: AcrossLanguages
    blocks: int

    def expand(self, given: RowsOfLanguages) -> DecisionsAcross:
        """As `NearDuplicates`: few rows on one worker, many by cell."""
        found, thresholds = given.found, self.across.thresholds
        threshold = thresholds.lowest
        rows = (
            {"vectors": given.vectors, "languages": given.languages, "decisions": found.decisions}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Rows" >> beam.FlatMapTuple(compared_rows).with_output_types(KeyedArrays)
        )
        of_all = (
            rows
            | "Few" >> beam.FlatMap(if_few_rows, AsSingleton(found.rows)).with_output_types(KeyedArrays)
            | "Gather" >> beam.GroupByKey()
            | "CompareAll" >> beam.FlatMap(compare_languages, threshold).with_output_types(KeyedArrays)
        )
        by_cell = (rows, found.table) | "ByCell" >> PairsByCell(
            search=NearestInCell(threshold), check=check_languages, threshold=threshold, blocks=self.blocks
        )
        decided = (
            (of_all, by_cell)
            | "Pairs" >> beam.Flatten()
            | "InOnePlace" >> beam.GroupByKey()
            | "Choose" >> beam.FlatMap(choose_links, self.blocks, thresholds).with_output_types(KeyedArrays)
        )
        by_keeper = found.decisions | "Keepers" >> beam.FlatMap(by_block_of_kept, self.blocks).with_output_types(
            KeyedArrays
        )
        sides = (
            {"across": decided, "meaning": by_keeper}
            | "ByKeeper" >> beam.CoGroupByKey()
            | "Redirect"
            >> beam.FlatMap(redirected, self.blocks)
            .with_output_types(KeyedArrays)
            .with_outputs("across", main="meaning")
        )
        return DecisionsAcross(sides["meaning"], sides["across"])


class NearestInCell:
    """Of each row and language the nearest sketches."""

    def __init__(self, threshold: float):
        self.plan = plan_across(threshold)

    def candidates(self, ranks: Ranks, sketches: Sketches, *more: Languages, seed: int) -> tuple[Ranks, Ranks]:
        """As `candidates_across`."""
        (languages,) = more
        return candidates_across(ranks, sketches, languages, self.plan, seed)


def languages_of(element: KeyedPersonas, across: AcrossLanguages) -> Iterator[KeyedArrays]:
    """(block, ranks and codes of languages) of the personas that are compared."""
    block, personas = element
    codes = [spoken_code(persona.text, persona.language, across) for persona in personas]
    yield from with_language(block, ranks_of(personas), codes)


def languages_of_existing(element: KeyedArrays, across: AcrossLanguages) -> Iterator[KeyedArrays]:
    """The same of a hub's rows."""
    rows = unpack_existing(element[1])
    languages = enumerate(rows.languages.tolist())
    codes = [spoken_code(rows.text_of(row), language.decode(), across) for row, language in languages]
    yield from with_language(element[0], rows.ranks, codes)


def spoken_code(text: str, language: str, across: AcrossLanguages) -> bytes:
    """The code of a language that is said of a text, if the text itself is read as that, too; else b"".

    Two texts of one language, of which one is taken for another, would be one persona at a cosine at which they are
    not. Of 8,000 titles of jobs in English 132 are read as another language: too short to tell.
    """
    code = across.code(language)
    if not code or sum(1 if c < "\u0250" else 3 for c in text if c.isalpha()) < LETTERS_TO_BELIEVE:
        return b""
    return code if across.code(quick_language(text)) == code else b""


def with_language(block: int, ranks: Ranks, codes: list[bytes]) -> Iterator[KeyedArrays]:
    """The rows whose code is not b""."""
    languages = np.array(codes, LANGUAGE_TYPE)
    spoken = languages != b""
    if spoken.any():
        yield block, pack_arrays(ranks[spoken], languages[spoken])


def compared_rows(block: int, sides: dict[str, list[bytes]]) -> Iterator[KeyedArrays]:
    """(block, ranks, vectors, languages) of the rows that have a language and were not dropped."""
    if not sides["languages"]:
        return
    ranks, languages = unpack_sorted(sides["languages"])
    gone = np.concatenate([ranks[:0], *(unpack_arrays(packed)[0] for packed in sides["decisions"])])
    for row, vectors in unpack_merged(sides["vectors"]):
        at = positions_in(ranks, row)
        mine = np.flatnonzero((at >= 0) & ~np.isin(row, gone))
        if len(mine):
            yield block, pack_arrays(row[mine], vectors[mine], languages[at[mine]])


def if_few_rows(element: KeyedArrays, rows: int) -> Iterator[KeyedArrays]:
    """The element under the key 0 if all are compared with all."""
    if rows <= cells.EXACT_ROWS:
        yield 0, element[1]


def compare_languages(element: tuple[int, Iterable[bytes]], threshold: float) -> Iterator[KeyedArrays]:
    """All rows -> (0, packed `LanguagePairs`)."""
    ranks, vectors, languages = unpack_sorted(element[1])
    yield 0, pack_arrays(*all_pairs_across(ranks, vectors, languages, threshold))


def check_languages(element: tuple[int, dict[str, list[bytes]]], threshold: float) -> Iterator[KeyedArrays]:
    """(0, packed `LanguagePairs`): the pairs of one partition whose cosine reaches the threshold."""
    _, sides = element
    for wanted, earlier, later in map(unpack_arrays, sides["pairs"]):  # one, if any
        ranks, vectors, languages = concatenated([unpack_arrays(packed) for packed in sides["vectors"]])
        at = np.argsort(ranks)
        assert np.array_equal(ranks[at], wanted)
        pairs = confirmed_pairs(with_norms(vectors), at[earlier], at[later], threshold)
        ends = pairs.first, pairs.second
        yield 0, pack_arrays(*(column[end] for column in (ranks, languages) for end in ends), pairs.cosine)


def choose_links(
    element: tuple[int, Iterable[bytes]], blocks: int, thresholds: PairThresholds
) -> Iterator[KeyedArrays]:
    """All pairs of two languages -> decisions by block of the dropped."""
    pairs = LanguagePairs(*concatenated([unpack_arrays(packed) for packed in element[1]]))
    decisions = decide(links(thresholds.reached(pairs)))
    yield from pack_by_block(decisions.dropped, blocks, *decisions)


def by_block_of_kept(element: KeyedArrays, blocks: int) -> Iterator[KeyedArrays]:
    """Decisions by block of the dropped -> by that of the kept."""
    dropped, kept, cosine = unpack_arrays(element[1])
    yield from pack_by_block(kept, blocks, dropped, kept, cosine)


def redirected(element: tuple[int, dict[str, list[bytes]]], blocks: int) -> Iterator[Any]:
    """Decisions of both kinds on what one block drops across languages, or keeps: no keeper is itself dropped."""
    _, sides = element
    for dropped, kept, cosine in map(unpack_arrays, sides["across"]):
        yield from tagged_across(dropped, kept, cosine, blocks=blocks)
    gone = unpack_sorted(sides["across"]) if sides["across"] else [np.empty(0, np.uint64)] * 3
    for dropped, kept, cosine in map(unpack_arrays, sides["meaning"]):
        at = positions_in(gone[0], kept)
        goes, stays = np.flatnonzero(at >= 0), np.flatnonzero(at < 0)
        yield from pack_by_block(dropped[stays], blocks, dropped[stays], kept[stays], cosine[stays])
        yield from tagged_across(dropped[goes], *(column[at[goes]] for column in gone[1:]), blocks=blocks)


def tagged_across(*decisions: Any, blocks: int) -> Iterator[Any]:
    """Decisions by block of the dropped, for the output aside."""
    for element in pack_by_block(decisions[0], blocks, *decisions):
        yield TaggedOutput("across", element)
