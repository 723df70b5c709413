"""Whom a purge means: told on tables that are written by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from persona_hub.pipelines.purge import extent
from persona_hub.transforms.counting.stages import FILTER_PERSONA, READ_CORPUS
from persona_hub.transforms.hub.manifest import Manifest, version_name
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.remaining_provenance import RemainingProvenance
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.tombstones import REMOVED_DOCUMENT, REMOVED_PERSONA, REMOVED_SOURCE
from persona_hub.transforms.hub.versions import Hub, list_versions, open_hub
from persona_hub.transforms.purge.erasure import Erasure, find_erasure
from persona_hub.transforms.purge.rows import rewrite, without_erased
from persona_hub.transforms.purge.versions import purge_versions
from persona_hub.transforms.records import (
    DeadLetter,
    DocumentOutcome,
    Duplicate,
    Persona,
    Provenance,
    Sample,
    Tombstone,
    Vector,
)
from persona_hub.transforms.take_down.take_down import verdict_of
from persona_hub.transforms.wire.batches import Batch

D1, D2, D3 = ("d1" * 16, "d2" * 16, "d3" * 16)  # documents
P, Q, R = ("01" * 16, "02" * 16, "03" * 16)  # personas
A, B, C = "https://a.org", "https://b.org", "https://c.org"
GONE = Erasure(frozenset({A}), frozenset({D1}), frozenset({P}), frozenset({A}))


def version(output: Path, **tables: list[Any]) -> Hub:
    """The next version, which adds these rows to what there is."""
    parent = open_hub(str(output)).manifest if (output / "hub").exists() else Manifest(version="")
    name = version_name(parent.version, f"{len(list(output.glob('hub/*'))):08}")
    entries = [
        write_shard(str(output), f"hub/{name}", f"{kind}-00000-of-00001", TABLES[kind], "avro", [Batch(rows)])
        for kind, rows in tables.items()
    ]
    counts = {"write_hub": {kind: len(rows) for kind, rows in tables.items()}}
    draft = Manifest(version=name, parent=parent.version, base=parent.version, files=parent.files, fingerprint=name)
    publish(str(output), draft, entries, counts)
    return open_hub(str(output))


def read(document: str, source: str, outcome: str = "document") -> DocumentOutcome:
    return DocumentOutcome(document, source, "c.jsonl", "line 1", outcome, "en", 99)


def way(persona: str, document: str, parent: str = "", hop: int = 0) -> Provenance:
    return Provenance(persona, document, f"of {document[:2]}", parent, "read" if not hop else "friend", hop)


def persona(key: str, document: str, parent: str = "", hop: int = 0) -> Persona:
    origin, relation = ("relation", "friend") if hop else ("text", "read")
    return Persona(key, f"text of {key}", origin, hop, parent, relation, document, A, "en", "m", "h")


def taken_down(document: str, source: str, *personas: str) -> list[Tombstone]:
    return [
        Tombstone(document, REMOVED_DOCUMENT),
        Tombstone(source, REMOVED_SOURCE),
        *(Tombstone(one, REMOVED_PERSONA) for one in personas),
    ]


def gone_of(hub: Hub, *sources: str) -> Erasure:
    return find_erasure(hub, list_versions(hub.output), frozenset(sources))


def test_a_persona_that_another_document_gave_stays_with_all_that_came_of_it(tmp_path: Path) -> None:
    ways = [way(P, D1), way(P, D2), way(Q, D1, P, 1), way(R, D1)]
    version(tmp_path, documents=[read(D1, A), read(D2, B)], provenance=ways)
    hub = version(tmp_path, removed=taken_down(D1, A, R))
    gone = gone_of(hub, A)
    assert (gone.documents, gone.personas, gone.addresses) == ({D1}, {R}, {A})
    hub = version(tmp_path, removed=taken_down(D2, B, P, Q))
    assert gone_of(hub, B).personas == {P, Q}
    assert gone_of(hub, A).personas == {P, Q, R}, "P came of both"


def test_a_document_that_was_met_elsewhere_is_not_erased(tmp_path: Path) -> None:
    version(tmp_path, documents=[read(D1, A), read(D1, B, "known-elsewhere")], provenance=[way(P, D1)])
    hub = version(tmp_path, removed=[Tombstone(A, REMOVED_SOURCE)])
    assert gone_of(hub, A).ids == set()
    hub = version(tmp_path, removed=taken_down(D1, B, P))
    assert gone_of(hub, A).ids == gone_of(hub, B).ids == {D1, P}, "the second takedown took the last address"


def test_what_another_takedown_took_is_not_erased(tmp_path: Path) -> None:
    rows = [read(D1, A), read(D2, B)]
    version(tmp_path, documents=rows, provenance=[way(P, D1), way(Q, D2)])
    hub = version(tmp_path, removed=[*taken_down(D1, A, P), *taken_down(D2, B, Q)])
    assert gone_of(hub, A).ids == {D1, P}
    assert gone_of(hub, D2).ids == {D2, Q}, "a source may be a document's id"


def test_who_came_back_by_another_document_is_not_erased(tmp_path: Path) -> None:
    version(tmp_path, documents=[read(D1, A)], provenance=[way(P, D1), way(Q, D1)])
    version(tmp_path, removed=taken_down(D1, A, P, Q))
    hub = version(tmp_path, documents=[read(D3, C)], provenance=[way(P, D3)])
    assert gone_of(hub, A).ids == {D1, Q}


def test_whom_no_version_tells_the_origin_of_any_more_is_everybodys(tmp_path: Path) -> None:
    version(tmp_path, documents=[read(D1, A)], provenance=[way(Q, D2)])
    hub = version(tmp_path, removed=taken_down(D1, A, P))
    gone = gone_of(hub, A)
    assert (gone.ids, gone.untraced) == ({D1, P}, {P})
    assert extent(gone) == "1 document, 0 personas; besides, 1 persona taken down before, with no provenance left"


def test_only_the_personas_of_the_sources_are_said_to_be_theirs(tmp_path: Path) -> None:
    version(tmp_path, documents=[read(D1, A), read(D2, B)], provenance=[way(Q, D2)])
    hub = version(tmp_path, removed=[*taken_down(D1, A, P), *taken_down(D2, B, Q)])
    assert extent(gone_of(hub, B)).startswith("1 document, 1 persona; besides, 1 persona taken down before")
    assert extent(GONE) == "1 document, 1 persona"


def test_nobody_stands_by_a_parent_who_is_gone(tmp_path: Path) -> None:
    """Q came of P, whom D1 gave, and of D2. When D2 goes too, P's word for Q is no support."""
    version(tmp_path, provenance=[way(P, D1), way(Q, D1, P, 1), way(Q, D2)])
    hub = version(tmp_path, removed=taken_down(D1, A, P))
    left = set(read_table(hub, "provenance", Provenance))
    assert left == {way(Q, D2)}
    assert verdict_of(left, {D1, D2}) == RemainingProvenance(frozenset({Q}), {})


def test_what_is_left_of_a_row() -> None:
    child = persona(Q, D2, P, 1)
    assert without_erased(persona(P, D1), GONE) is None
    assert without_erased(child, GONE) == replace(child, relation=""), (
        "the relation is part of an answer about the parent"
    )
    assert without_erased(replace(child, parent_id=R), GONE) is not None
    assert without_erased(Duplicate.of(persona(P, D1), Q, "text", 0.9), GONE) is None
    dropped_for = Duplicate.of(persona(Q, D2), P, "text", 0.9)
    assert without_erased(dropped_for, GONE) is dropped_for
    assert without_erased(Vector(P, b""), GONE) is None
    assert (
        without_erased(way(Q, D1), GONE)
        is without_erased(way(Q, D2, P, 1), GONE)
        is without_erased(way(P, D2), GONE)
        is None
    )
    assert without_erased(way(Q, D1, R, 1), GONE) is not None
    assert without_erased(read(D1, A), GONE) == read(D1, A), "that it was read is remembered, without its text"
    assert without_erased(Sample(P, "t", "math", "x", "d", "m", "h", 0, 1, 1), GONE) is None


def test_which_dead_letters_tell_of_it() -> None:
    def stays(stage: str, key: str, detail: str = "", shown: str = "") -> bool:
        return without_erased(DeadLetter(stage, "x", key, detail, shown), GONE) is not None

    assert not stays("extract_persona", D1)
    assert not stays("expand_persona", P)
    assert stays("expand_persona", Q, f"of {A}")
    assert not stays(FILTER_PERSONA, R, f"of {A}")
    assert stays(FILTER_PERSONA, R, f"of {A}/other")
    assert not stays(READ_CORPUS, "c.jsonl", "line 1", f'{{"url": "{A}", "te')
    assert stays(READ_CORPUS, "c.jsonl", "line 1", f'{{"url": "{A}pple", "te')


def test_a_file_is_rewritten_beside_itself_or_not_at_all(tmp_path: Path) -> None:
    rows = [persona(P, D1), persona(Q, D2)]
    version(tmp_path, personas=rows)
    [entry] = list_versions(str(tmp_path))[0].files_of("personas")
    before = (tmp_path / entry.path).read_bytes()
    made = rewrite(str(tmp_path), entry, Persona, GONE)
    assert made
    assert made.entry
    assert made.dropped == (rows[0],)
    assert made.entry.path.rpartition("-")[0] == entry.path.rpartition("-")[0]
    assert (tmp_path / entry.path).read_bytes() == before
    assert rewrite(str(tmp_path), made.entry, Persona, GONE) is None


def test_counts_and_what_is_hidden_follow_in_every_version(tmp_path: Path) -> None:
    rows = [read(D1, A), read(D2, B)]
    first = version(tmp_path, documents=rows, personas=[persona(P, D1), persona(Q, D2)], provenance=[way(P, D1)])
    draft = replace(first.manifest, version="0002-aaaaaaaa", parent=first.manifest.version, hidden={"personas": 1})
    file = ("hub/0002-aaaaaaaa", "removed-0-of-1", Tombstone, "avro", [Batch(taken_down(D1, A, P))])
    publish(str(tmp_path), draft, [write_shard(str(tmp_path), *file)], {"write_hub": {"removed": 3}})
    assert open_hub(str(tmp_path)).manifest.records_of("personas") == 1
    purge_versions(str(tmp_path), frozenset({A}), 0.0, "1.0")
    for made in list_versions(str(tmp_path)):
        assert made.records_of("personas") == 1
        assert [persona.persona_id for persona in read_table(Hub(str(tmp_path), made), "personas", Persona)] == [Q]
    assert list_versions(str(tmp_path))[0].counts["purge"] == {"personas": 1, "provenance": 1}
    assert "purge" not in list_versions(str(tmp_path))[1].counts, "it has added none of them"
