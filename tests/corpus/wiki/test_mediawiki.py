"""MediaWiki dumps, page by page, whole and in pieces."""

from __future__ import annotations

import bz2
import gzip
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, SkippedRecord, TextRecord
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.pieces import pieces_of
from persona_hub.transforms.corpus.wiki import dump, parts
from persona_hub.transforms.corpus.wiki.dump import parse_site
from tests.corpus.writing import SITE, as_dump, found_in, wiki_page

TEXT = "Die [[Fähre|Fährfrau]] kennt jede Sandbank zwischen den Brücken und schreibt sie in ein Heft aus Wachstuch."
PLAIN = "Die Fährfrau kennt jede Sandbank zwischen den Brücken und schreibt sie in ein Heft aus Wachstuch."


def words(found: Sequence[CorpusRecord]) -> list[str]:
    """Text of each page, reason of each that has none."""
    return [record.text if isinstance(record, TextRecord) else record.reason for record in found]


def wiki(pages: int) -> list[str]:
    """Pages of every kind, in turns."""
    kinds = (
        lambda i: wiki_page(f"Seite {i}", f"{TEXT} {i}"),
        lambda i: wiki_page(f"Alt {i}", "#REDIRECT [[Seite]]", more='<redirect title="Seite" />'),
        lambda i: wiki_page(f"Diskussion:Seite {i}", TEXT, namespace="1"),
    )
    return [kinds[i % 3](i) for i in range(pages)]


def multistream(pages: Sequence[str], each: int) -> bytes:
    """A dump as Wikipedia ships them: a stream for its head, for every so many pages, and for its end."""
    bodies = ["".join(pages[i : i + each]) for i in range(0, len(pages), each)]
    return b"".join(bz2.compress(text.encode()) for text in (SITE, *bodies, "</mediawiki>\n"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress], ids=["plain", "gzip", "bzip2"])
def test_there_are_as_many_pages_as_a_parser_of_the_whole_file_counts(tmp_path: Path, pack: type[bytes]) -> None:
    data = as_dump(wiki(60))
    (tmp_path / "dump.xml").write_bytes(pack(data))
    found = found_in(tmp_path / "dump.xml")
    theirs = [element.tag.rpartition("}")[2] for _, element in ElementTree.iterparse(io.BytesIO(data))].count("page")
    assert len(found) == theirs == 60
    assert Counter(type(record).__name__ for record in found) == {"TextRecord": 20, "SkippedRecord": 40}
    assert Counter(words(found))["redirect"] == Counter(words(found))["not-an-article"] == 20
    assert found[0] == TextRecord("page 1", "https://wiki.example/wiki/Seite_0", f"{PLAIN} 0")
    assert found[1] == SkippedRecord("page 2", "https://wiki.example/wiki/Alt_1", "redirect")


@pytest.mark.parametrize("name", ["dump.xml", "dump.xml.bz2", "one-stream.xml.bz2", "packed-in-parallel.xml.bz2"])
@pytest.mark.parametrize("piece_bytes", [97, 1000, 1 << 20])
def test_pieces_have_every_page_once(tmp_path: Path, name: str, piece_bytes: int) -> None:
    pages = wiki(40)
    data = as_dump(pages)
    content = {
        "dump.xml": data,
        "dump.xml.bz2": multistream(pages, 7),
        "one-stream.xml.bz2": bz2.compress(data),
        "packed-in-parallel.xml.bz2": b"".join(bz2.compress(data[i : i + 500]) for i in range(0, len(data), 500)),
    }[name]
    (tmp_path / name).write_bytes(content)
    (file,) = match_corpus([str(tmp_path / name)])
    assert len(list(pieces_of(file, piece_bytes))) == -(-len(content) // piece_bytes)
    found = found_in(tmp_path / name, piece_bytes=piece_bytes)
    assert [(type(f), f.source) for f in found if not isinstance(f, Damage)] == [
        (type(f), f.source) for f in found_in(tmp_path / name) if not isinstance(f, Damage)
    ]
    assert len(found) == 40
    assert len({record.place for record in found}) == 40


def test_the_last_revision_is_the_page(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(as_dump([wiki_page("A", "old", "older", PLAIN)]))
    assert words(found_in(tmp_path / "x")) == [PLAIN]


def test_pages_that_are_no_wikitext_or_have_none_are_skipped(tmp_path: Path) -> None:
    pages = [
        wiki_page("Common.js", "alert(1)", model="javascript"),
        wiki_page("Empty", ""),
        wiki_page("Nothing"),
        wiki_page("Only a template", "{{a|b}}"),
        wiki_page("Old", "#WEITERLEITUNG [[A]]"),
    ]
    (tmp_path / "x").write_bytes(as_dump(pages))
    assert words(found_in(tmp_path / "x")) == ["not-wikitext", "no-text", "no-text", "no-text", "redirect"]


def test_old_dumps_have_the_namespace_in_the_title_only(tmp_path: Path) -> None:
    pages = [wiki_page(title, TEXT).replace("<ns>0</ns>", "") for title in ("A", "Diskussion:A", "Titel: ein Roman")]
    (tmp_path / "x").write_bytes(as_dump(pages))
    assert words(found_in(tmp_path / "x")) == [PLAIN, "not-an-article", PLAIN]


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("https://de.wikipedia.org/wiki/Hauptseite", "https://de.wikipedia.org/wiki/A_B/C%3F_%C3%A4"),
        ("http://x.example/w/index.php?title=Main_Page", "http://x.example/w/index.php?title=A_B/C%3F_%C3%A4"),
        ("http://x.example/index.php/Main_Page", "http://x.example/index.php/A_B/C%3F_%C3%A4"),
        ("", ""),
    ],
)
def test_the_address_of_a_page(base: str, address: str) -> None:
    head = SITE.replace("https://wiki.example/wiki/Hauptseite", base)
    assert parse_site(head.encode()).address_of("A B/C? ä") == address


def test_a_dump_without_a_head_of_its_site_has_pages_without_addresses(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(f"<mediawiki>{wiki_page('A', TEXT)}</mediawiki>".encode())
    assert found_in(tmp_path / "x") == [TextRecord("page 1", "", PLAIN)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1", "koi8-r"])
@pytest.mark.parametrize("pack", [bytes, bz2.compress], ids=["plain", "bzip2"])
def test_dumps_in_other_encodings(tmp_path: Path, encoding: str, pack: type[bytes]) -> None:
    text = "Паром и паромщик" if encoding == "koi8-r" else "Die Fährfrau"
    declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>\n'
    data = declared + as_dump([wiki_page("A", text), wiki_page("B", TEXT[:6])]).decode()
    (tmp_path / "x.xml.bz2").write_bytes(pack(data.encode(encoding)))
    assert words(found_in(tmp_path / "x.xml.bz2", piece_bytes=100)) == [text, TEXT[:6]]


@pytest.mark.parametrize("piece_bytes", [150, 1 << 20])
@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (wiki_page("B", TEXT).replace("</revision>", "</revison>"), "mediawiki-damaged"),
        (wiki_page("B", TEXT).replace("  </page>", ""), "mediawiki-damaged"),
        (wiki_page("B", "x\1y"), "mediawiki-damaged"),
        (wiki_page("B", TEXT).replace("<title>", "<!DOCTYPE x [<!ENTITY a 'b'>]><title>&a;"), "mediawiki-damaged"),
        (wiki_page("B", "&a;" * 3).replace("&amp;", "&"), "mediawiki-damaged"),
        (wiki_page("B", "large " * 1000), "record-too-large"),
    ],
    ids=["a tag", "no end", "a control character", "a DOCTYPE", "an entity", "large"],
)
def test_a_broken_page_costs_itself(tmp_path: Path, broken: str, reason: str, piece_bytes: int) -> None:
    (tmp_path / "x.xml").write_bytes(as_dump([wiki_page("A", TEXT), broken, wiki_page("C", TEXT)]))
    found = found_in(tmp_path / "x.xml", record_bytes=2000, piece_bytes=piece_bytes)
    assert words(found) == [PLAIN, reason, PLAIN]
    assert isinstance(found[1], Damage)
    assert "B" in found[1].excerpt or reason == "record-too-large"


def test_what_is_no_dump_at_all_ends_after_many_broken_pages(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"<mediawiki>" + b"<page>" * 100)
    assert words(found_in(tmp_path / "x", broken_run=20)) == ["mediawiki-damaged"] * 21


def test_a_page_that_is_all_tags_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "MOST_NODES", 100)
    pages = [wiki_page("A", TEXT), wiki_page("B", TEXT, more="<a/>" * 100), wiki_page("C", TEXT)]
    (tmp_path / "x").write_bytes(as_dump(pages))
    assert words(found_in(tmp_path / "x")) == [PLAIN, "record-too-large", PLAIN]


def test_bytes_that_are_no_utf_8_cost_their_page(tmp_path: Path) -> None:
    data = as_dump([wiki_page("A", "Grüße"), wiki_page("C", TEXT)]).replace("Grüße".encode(), b"Gr\xfc\xdfe")
    (tmp_path / "x").write_bytes(data)
    assert words(found_in(tmp_path / "x")) == ["mediawiki-damaged", PLAIN]


@pytest.mark.parametrize("cut", [5, 60, 200])
def test_a_cut_dump_is_a_truncation_after_what_could_be_read(tmp_path: Path, cut: int) -> None:
    (tmp_path / "x.xml").write_bytes(as_dump([wiki_page("A", TEXT), wiki_page("B", TEXT)])[:-cut])
    found = words(found_in(tmp_path / "x.xml"))
    assert found[0] == PLAIN
    assert found[-1] == "mediawiki-truncated"
    data = bz2.compress(as_dump([wiki_page("A", TEXT)]))
    (tmp_path / "y.xml.bz2").write_bytes(data[:-cut])
    assert words(found_in(tmp_path / "y.xml.bz2", format="mediawiki"))[-1] == "bzip2-truncated"


def test_a_dump_that_declares_entities_is_refused(tmp_path: Path) -> None:
    entities = "<!DOCTYPE m [<!ENTITY a 'aaaa'>]>"
    (tmp_path / "x").write_bytes(entities.encode() + as_dump([wiki_page("A", TEXT)]))
    (found,) = found_in(tmp_path / "x", format="mediawiki")
    assert isinstance(found, Damage)
    assert "DOCTYPE" in found.detail


def test_what_is_forced_and_no_dump_is_one_damage(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("Once upon a time", "utf-8")
    assert words(found_in(tmp_path / "x", format="mediawiki", piece_bytes=5)) == ["not-mediawiki"]
    (tmp_path / "y").touch()
    assert found_in(tmp_path / "y", format="mediawiki") == []


def test_a_bomb_in_bzip2_is_stopped(tmp_path: Path) -> None:
    data = SITE.encode() + b"<page>" + b" " * 3_000_000
    (tmp_path / "x.xml.bz2").write_bytes(bz2.compress(data))
    assert words(found_in(tmp_path / "x.xml.bz2", free_bytes=1_000_000, ratio=50))[-1] == "decompression-bomb"


def test_two_dumps_in_one_file_are_both_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(as_dump([wiki_page("A", TEXT)]) + as_dump([wiki_page("B", TEXT)]))
    assert words(found_in(tmp_path / "x")) == [PLAIN, PLAIN]


def test_the_head_is_looked_for_within_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SITE_BYTES", 200)
    (tmp_path / "x").write_bytes(as_dump([wiki_page("A", TEXT)]))
    assert words(found_in(tmp_path / "x")) == [PLAIN]
