"""One persona in two languages is one: the earliest of those that are each other's nearest stays."""

from __future__ import annotations

import pickle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.planning.embedders import across_of
from persona_hub.transforms.dedup.persona_rows import pack_existing
from persona_hub.transforms.embed_dedup.across_languages import (
    DuplicatesAcrossLanguages,
    RowsOfLanguages,
    redirected,
    spoken_code,
)
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embed_dedup.existing import ExistingVectors
from persona_hub.transforms.embed_dedup.near_duplicates import NearDuplicates
from persona_hub.transforms.embedding.across_languages import AcrossLanguages, across_languages
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Duplicate, Persona, partition_of
from persona_hub.transforms.similarity.ranks import NEW, blocks_of
from persona_hub.transforms.vectors import cells
from persona_hub.transforms.vectors.across_languages import all_pairs_across, links
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays
from tests.helpers.dedup import dedup, rows, statistics
from tests.material.personas import persona
from tests.material.planted_vectors import planted_languages
from tests.material.translated_personas import translated_personas

THRESHOLD, BLOCKS = 0.6, 3
BETWEEN = 6  # of the translated personas
Decided = dict[str, set[tuple[int, int]]]


def planted_block(block: int, rows: int, size: int) -> Any:
    """One block of `planted_languages`, in elements of `size`."""
    ranks, vectors, _ = planted_languages(rows)
    mine = np.flatnonzero(blocks_of(ranks, BLOCKS) == block)
    for start in range(0, len(mine), size):
        yield block, pack_arrays(ranks[mine[start : start + size]], vectors[mine[start : start + size]])


def planted_codes(block: int, rows: int) -> Any:
    ranks, _, languages = planted_languages(rows)
    mine = np.flatnonzero((blocks_of(ranks, BLOCKS) == block) & (languages != b""))
    yield block, pack_arrays(ranks[mine], languages[mine])


def decided(folder: Path, count: int, size: int = 50) -> Decided:
    """{"meaning", "across": (dropped, kept)} of so many planted rows."""
    folder.mkdir()
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        blocks = pipeline | beam.Create(range(BLOCKS), reshuffle=False)
        vectors = blocks | "Vectors" >> beam.FlatMap(planted_block, count, size).with_output_types(KeyedArrays)
        languages = blocks | "Codes" >> beam.FlatMap(planted_codes, count).with_output_types(KeyedArrays)
        tables = pipeline | "NoTables" >> beam.Create([], reshuffle=False)
        found = (vectors, tables) | NearDuplicates(threshold=0.97, blocks=BLOCKS)
        out = RowsOfLanguages(vectors, languages, found) | DuplicatesAcrossLanguages(
            across=AcrossLanguages(THRESHOLD), blocks=BLOCKS
        )
        for kind, decisions in out._asdict().items():
            _ = decisions | kind >> beam.Map(save, folder, kind)
    return {kind: saved(folder, kind) for kind in ("meaning", "across")}


def save(element: Any, folder: Path, kind: str) -> None:
    (folder / f"{kind}-{element[0]}-{hash(element[1])}").write_bytes(element[1])


def saved(folder: Path, kind: str) -> set[tuple[int, int]]:
    packs = [unpack_arrays(file.read_bytes()) for file in folder.glob(f"{kind}-*")]
    return {pair for dropped, kept, _ in packs for pair in zip(dropped.tolist(), kept.tolist(), strict=True)}


def test_many_rows_by_cell_give_what_all_pairs_give(tmp_path: Path) -> None:
    exact = decided(tmp_path / "exact", 900)
    ranks, vectors, languages = planted_languages(900)
    pairs = links(all_pairs_across(ranks, vectors, languages, THRESHOLD))
    linked = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert exact["meaning"] == set()
    assert {(kept, dropped) for dropped, kept in exact["across"]} <= linked
    gone = {dropped for dropped, _ in exact["across"]}
    assert len(gone) > 300
    assert not gone & {kept for _, kept in exact["across"]}
    assert all(one in gone or other in gone for one, other in linked)
    with mock.patch.object(cells, "EXACT_ROWS", 100):
        by_cell = decided(tmp_path / "cells", 900, size=7)
    assert len(by_cell["across"] & exact["across"]) >= 0.95 * len(exact["across"])


def run(
    personas: list[Persona], across: AcrossLanguages, held: list[Persona] | None = None, threshold: float = 0.95
) -> tuple[list[Persona], list[Duplicate]]:
    """What EmbedDedup keeps, and the others, with `use`."""
    with TemporaryDirectory() as folder:
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            given: Any = pipeline | "New" >> by_block(personas)
            if held is not None:
                packing = beam.MapTuple(pack_existing).with_output_types(KeyedArrays)
                existing = pipeline | "Held" >> by_block(held) | packing
                vectors, tables = (pipeline | f"No {what}" >> beam.Create([]) for what in ("vectors", "tables"))
                given = given, ExistingVectors(existing, vectors, tables)
            out = given | EmbedDedup(threshold=threshold, embedder=EmbedderConfig("use"), blocks=BLOCKS, across=across)
            for name in ("kept", "duplicates"):
                records = getattr(out, name) | f"Records {name}" >> beam.FlatMap(records_of)
                _ = records | f"List {name}" >> beam.combiners.ToList() | f"Save {name}" >> beam.Map(dump, folder, name)
        kept, duplicates = (pickle.loads(Path(folder, name).read_bytes()) for name in ("kept", "duplicates"))
        return kept, duplicates


def records_of(element: Any) -> list[Any]:
    return list(element[1] if isinstance(element, tuple) else element)


def dump(records: list[Any], folder: str, name: str) -> None:
    Path(folder, name).write_bytes(pickle.dumps(records))


def by_block(personas: list[Persona]) -> beam.PTransform:
    elements = [(partition_of(p.persona_id, BLOCKS), Batch([p])) for p in personas]
    return beam.Create(elements).with_output_types(tuple[int, Batch[Persona]])


def test_a_persona_in_eight_languages_is_one_and_what_is_not_known_stays() -> None:
    """A dozen personas, also those of one trade; Hindi is not the encoder's, and "und" is no language."""
    known = [[persona(text, language=code) for code, text in row.items()] for row in translated_personas()[:12]]
    strangers = [
        persona("एक मधुमक्खी पालक जो किसान बाज़ार में शहद बेचता है", language="hi"),
        persona(known[6][1].text.replace("Ein", "Der"), language="und"),
    ]
    kept, gone = run([each for row in known for each in row] + strangers, across_languages("use"), threshold=0.99)
    assert {each.text for each in strangers} <= {each.text for each in kept}
    row_of = {each.persona_id: n for n, row in enumerate(known) for each in row}
    first = {each.persona_id for each in kept}
    assert {row_of[each] for each in first if each in row_of} == set(range(12))
    assert len(first) <= 12 + len(strangers) + 5  # 5 of 96 lie too far from the one that stays
    by_id = {each.persona_id: each for row in known for each in row}
    for each in gone:
        assert each.kind == "language"
        assert each.duplicate_of in first
        assert row_of[each.persona_id] == row_of[each.duplicate_of]
        assert by_id[each.duplicate_of].language != each.language
        assert by_id[each.duplicate_of].order < each.persona.order
        assert each.similarity >= THRESHOLD


def test_what_a_hub_holds_stays_and_stands_for_its_translations() -> None:
    nurse, retired = translated_personas()[:2]
    held = [persona(nurse["de"], language="de", hop=3), persona(nurse["en"], language="en", hop=3)]
    new = [persona(nurse["zh"], language="zh"), persona(retired["zh"], language="zh")]
    kept, gone = run(new, across_languages("use"), held)
    assert [each.text for each in kept] == [retired["zh"]]
    [row] = gone
    assert (row.text, row.kind) == (nurse["zh"], "language")
    assert row.duplicate_of in {each.persona_id for each in held}


def test_a_duplicate_of_what_goes_is_one_of_what_stays() -> None:
    """7 was dropped for 5, and 9 for 2; then 5 goes for 2."""
    ranks = {n: n | NEW for n in (2, 5, 7, 9)}
    packed = {
        "across": [pack_arrays(*columns((ranks[5], ranks[2], 0.8)))],
        "meaning": [pack_arrays(*columns((ranks[7], ranks[5], 0.97), (ranks[9], ranks[2], 0.98)))],
    }
    found: dict[str, set[tuple[int, int, float]]] = {"meaning": set(), "across": set()}
    for out in redirected((0, packed), 1):
        kind, (_, decisions) = ("across", out.value) if isinstance(out, beam.pvalue.TaggedOutput) else ("meaning", out)
        found[kind] |= set(zip(*(column.tolist() for column in unpack_arrays(decisions)), strict=True))
    assert found["meaning"] == {(ranks[9], ranks[2], 0.98)}
    assert found["across"] == {(ranks[5], ranks[2], 0.8), (ranks[7], ranks[2], 0.8)}


def columns(*decisions: tuple[int, int, float]) -> list[Any]:
    dropped, kept, cosine = zip(*decisions, strict=True)
    return [np.array(dropped, np.uint64), np.array(kept, np.uint64), np.array(cosine)]


def test_a_language_is_believed_that_the_text_bears_out() -> None:
    """Else two texts of one language would be compared as if they were translations."""
    of_use, nurse = across_languages("use"), translated_personas()[0]
    assert {code: spoken_code(nurse[code], code, of_use) for code in nurse} == {code: code.encode() for code in nurse}
    assert spoken_code(nurse["en"], "de", of_use) == spoken_code(nurse["zh"], "en", of_use) == b""
    assert spoken_code("Diesel Engine Mechanic", "en", of_use) == b""


def test_languages_are_codes_without_their_region() -> None:
    of_use, of_all = across_languages("use"), AcrossLanguages(0.6)
    assert [of_use.code(each) for each in ("de", "pt-BR", "ZH")] == [b"de", b"pt", b"zh"]
    assert {of_use.code(each) for each in ("hi", "und", "")} == {b""}
    assert [of_all.code(each) for each in ("hi", "und", "mul")] == [b"hi", b"", b""]


@pytest.mark.parametrize(
    ("embedder", "threshold", "told"),
    [
        ("offline", 0.0, "--embedder offline compares letters"),
        ("openai:text-embedding-3-small", 0.0, "give --across_languages_threshold"),
        ("savedmodel:/models/encoder", 0.0, "give --across_languages_threshold"),
        ("use", 0.3, "--across_languages_threshold 0.3: a cosine from 0.5 to 0.99"),
    ],
)
def test_an_embedder_that_cannot_is_refused(embedder: str, threshold: float, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        across_languages(embedder, threshold)


def test_a_multilingual_model_takes_a_threshold_of_its_own() -> None:
    assert across_languages("savedmodel:/models/encoder", 0.8) == AcrossLanguages(0.8, frozenset())
    assert across_languages("savedmodel:/models/encoder", 0.8).thresholds.lowest == 0.8


def test_use_has_a_lower_threshold_with_languages_that_are_not_of_europe() -> None:
    own, given = across_languages("use"), across_languages("use", 0.7)
    assert (own.thresholds.near, own.thresholds.distant) == (THRESHOLD, 0.55)
    assert {b"ja", b"ar", b"zh"} <= own.thresholds.distant_languages
    assert not own.thresholds.distant_languages & {b"en", b"de", b"ru"}
    assert (given.thresholds.near, given.thresholds.distant) == (0.7, 0.7)  # one for all
    assert (str(own), str(given)) == ("cosine 0.6; 0.55 with ar, ja, ko, th, tr, zh", "cosine 0.7")


def test_each_pair_of_languages_is_held_to_its_own_threshold() -> None:
    """One of our personas lies between the two thresholds in German and Arabic."""
    german, arabic = (persona(translated_personas()[BETWEEN][code], language=code) for code in ("de", "ar"))
    kept, gone = run([german, arabic], across_languages("use"))
    assert (len(kept), len(gone)) == (1, 1)
    assert 0.55 <= gone[0].similarity < THRESHOLD
    kept, gone = run([german, arabic], across_languages("use", THRESHOLD))
    assert (len(kept), len(gone)) == (2, 0)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"across_languages_threshold": 0.7}, "decides nothing without --across_languages"),
        ({"across_languages": True, "embedding_threshold": 1.0}, "it is 1.0"),
        ({"across_languages": True, "embedding_threshold": 0.55}, "it is 0.55"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(flags: dict[str, Any], told: str) -> None:
    options = BuildOptions(input=("x",), output="y", embedder="use", **flags)
    with pytest.raises(UsageError, match=told):
        across_of(options)


def test_the_step_refuses_a_threshold_it_has_no_cells_for() -> None:
    with pytest.raises(InvalidInputError, match="--across_languages"):
        EmbedDedup(threshold=0.5, blocks=1, across=AcrossLanguages(0.6))


def test_dedup_detects_languages_and_names_the_line_that_stays(tmp_path: Path) -> None:
    nurse, beekeeper = translated_personas()[0], translated_personas()[6]
    file = tmp_path / "in.txt"
    file.write_text("".join(f"{text}\n" for text in (nurse["de"], beekeeper["en"], nurse["ru"], nurse["de"])), "utf-8")
    flags = ("--embedder", "use", "--embedding_threshold", "0.95", "--across_languages")
    assert dedup(file, tmp_path / "out", *flags) == 0
    gone = sorted((row["id"], row["duplicate_of"], row["kind"]) for row in rows(tmp_path / "out", "dropped"))
    assert gone == [(f"{file}:3", f"{file}:1", "language"), (f"{file}:4", f"{file}:1", "text")]
    assert statistics(tmp_path / "out")["dropped"] == {"text": 1, "meaning": 0, "language": 1}
    assert statistics(tmp_path / "out")["kept"] == 2
