"""A record that is found becomes a document, a skip with a reason or a dead letter; what each row says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, SkippedRecord, TextRecord
from persona_hub.transforms.corpus.documents import DocumentFilter, document_of, document_order, outcome_of
from persona_hub.transforms.records import DeadLetter, Document, DocumentOutcome, content_id

FILE = "gs://corpus/a.jsonl.gz"
ANY = DocumentFilter(frozenset(), 50, 20_000)
ENGLISH = "The harbour master reads the tide tables aloud every morning before the boats go out."
GERMAN = "Der Hafenmeister liest jeden Morgen die Gezeitentafel laut vor, bevor die Boote hinausfahren."
JAPANESE = "港長は毎朝、船が出る前に潮汐表を声に出して読み上げる。娘は黒板に書く。"  # 35 characters


def outcome(found: CorpusRecord, wanted: DocumentFilter = ANY) -> str:
    made = document_of(found, FILE, wanted)
    return made.outcome if isinstance(made, DocumentOutcome) else type(made).__name__


def test_a_text_becomes_a_document_that_says_where_it_is_from() -> None:
    assert document_of(TextRecord("line 7", "https://harbour.example/tides", f" {ENGLISH}\n"), FILE, ANY) == Document(
        document_id=content_id(ENGLISH),
        text=ENGLISH,
        source="https://harbour.example/tides",
        language="en",
        file=FILE,
        place="line 7",
    )


@pytest.mark.parametrize(
    ("text", "wanted", "fate"),
    [
        (ENGLISH, ANY, "Document"),
        ("", ANY, "skipped-no-text"),
        (" \n\t\ufeff", ANY, "skipped-no-text"),
        ("Tide at four.", ANY, "skipped-too-short"),
        ("x " * 49, ANY, "skipped-too-short"),  # white space weighs nothing
        (JAPANESE, ANY, "Document"),  # a character of Chinese or Japanese says as much as three
        (GERMAN, DocumentFilter(frozenset({"en", "pt"}), 50, 20_000), "skipped-language"),
        (GERMAN, DocumentFilter(frozenset({"en", "de"}), 50, 20_000), "Document"),
        ("12 34 56 " * 20, DocumentFilter(frozenset({"en"}), 50, 20_000), "skipped-language"),
        ("12 34 56 " * 20, ANY, "Document"),  # of undetermined language
    ],
)
def test_which_texts_become_documents(text: str, wanted: DocumentFilter, fate: str) -> None:
    assert outcome(TextRecord("line 1", "", text), wanted) == fate


def test_a_text_of_which_more_than_a_twentieth_is_lost_is_a_dead_letter() -> None:
    assert outcome(TextRecord("line 1", "", ENGLISH.replace("a", "\ufffd", 3))) == "Document"
    made = document_of(TextRecord("line 1", "", ENGLISH.replace("a", "\ufffd", 5)), FILE, ANY)
    assert isinstance(made, DeadLetter)
    assert (made.reason, made.key) == ("undecodable", FILE)
    assert f"{FILE}, line 1: " in made.detail


def test_a_skip_is_a_row_under_its_reason() -> None:
    made = document_of(SkippedRecord("record 3", "https://a.example/logo.png", "not-html"), FILE, ANY)
    assert made == DocumentOutcome("", "https://a.example/logo.png", FILE, "record 3", "skipped-not-html", "und", 0)


def test_damage_is_a_dead_letter_that_names_file_place_cause_and_remedy() -> None:
    damage = Damage(
        "line 9", "broken-json", "no JSON: unexpected end. Mend or remove the line.", '{"text": "\ncut' * 99
    )
    made = document_of(damage, FILE, ANY)
    assert isinstance(made, DeadLetter)
    assert made.detail == f"{FILE}, line 9: no JSON: unexpected end. Mend or remove the line."
    assert (made.stage, made.reason, made.key) == ("read_corpus", "broken-json", FILE)
    assert len(made.excerpt) == 240
    assert "\n" not in made.excerpt


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("", f"{FILE}, line 1"),
        (" \n ", f"{FILE}, line 1"),
        ("https://a.example/\nx  y", "https://a.example/ x y"),
        ("caf\ud800e\u0301", "caf\ufffdé"),
    ],
    ids=["none", "blank", "lines", "surrogate"],
)
def test_a_source_is_one_line_that_can_be_written(source: str, shown: str) -> None:
    made = document_of(TextRecord("line 1", source, ENGLISH), FILE, ANY)
    assert isinstance(made, Document)
    assert made.source == shown


def test_an_address_of_megabytes_is_cut() -> None:
    made = document_of(TextRecord("line 1", "data:" + "A" * 5_000_000, ENGLISH), FILE, ANY)
    assert isinstance(made, Document)
    assert len(made.source) <= 2048


def test_texts_that_differ_only_beyond_the_cut_are_one() -> None:
    short = DocumentFilter(frozenset(), 50, 100)
    made = [document_of(TextRecord("line 1", "", ENGLISH + rest), FILE, short) for rest in (" One." * 9, " Two." * 9)]
    ids = {record.document_id for record in made if isinstance(record, Document)}
    assert len(ids) == 2  # sentences that end before the cut are kept
    long = [
        document_of(TextRecord("line 1", "", ENGLISH + rest), FILE, short) for rest in (" and one" * 9, " and two" * 9)
    ]
    assert {record.text for record in long if isinstance(record, Document)} == {ENGLISH}


def test_the_row_of_a_document_counts_its_characters() -> None:
    made = document_of(TextRecord("line 1", "u", JAPANESE), FILE, ANY)
    assert isinstance(made, Document)
    row = outcome_of(made, "repeated")
    assert (row.document_id, row.outcome, row.characters, row.language) == (made.document_id, "repeated", 35, "ja")


def test_places_are_ordered_by_their_numbers_not_their_letters() -> None:
    places = ["line 2", "line 10", "block at byte 16, record 2", "block at byte 16, record 11", "byte 1043"]
    made = {place: Document("", "", "", "", FILE, place) for place in places}
    assert document_order(made["line 2"]) < document_order(made["line 10"])
    assert document_order(made[places[2]]) < document_order(made[places[3]]) < document_order(made["byte 1043"])
    assert document_order(Document("", "", "", "", "a", "line 9")) < document_order(
        Document("", "", "", "", "b", "line 1")
    )


def test_a_record_that_lists_addresses_is_taken_down_by_any_of_them() -> None:
    found = TextRecord("line 1", "https://a.example/", ENGLISH, ("https://b.example/", " "))
    made = document_of(found, FILE, ANY)
    assert isinstance(made, Document)
    assert made.source == "https://a.example/\nhttps://b.example/"
    for named in ("https://a.example/", "https://b.example/", made.source):
        assert outcome(found, replace(ANY, unwanted=frozenset({named}))) == "skipped-taken-down"
    assert isinstance(document_of(found, FILE, replace(ANY, unwanted=frozenset({"https://c.example/"}))), Document)
