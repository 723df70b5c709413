"""One text, in every format and compression, told by name, by content or by force."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_hub.transforms.corpus.content import format_of
from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, Limits, Piece, TextRecord
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.readers import READERS
from tests.corpus.writing import PACK, WRITE, as_json_lines, as_rows, found_in

TEXTS = [
    "The ferryman reads the river by the colour of its foam, and turns back when it is the colour of tea.",
    "Die Fährfrau kennt jede Sandbank zwischen den Brücken und schreibt sie in ein Heft aus Wachstuch.",
    "渡し守は川の泡の色を見て、紅茶の色になったら引き返す。娘は柄に目盛りを描いて水位を測った。",
]
TABLES = (".parquet", ".avro")  # which compress their own blocks
STREAMS = [name for name in WRITE if name not in TABLES]
SINGLE = (".txt", ".html")  # one text a file


def texts_of(path: Path, format: str = "auto") -> list[str]:
    return [found.text for found in found_in(path, format=format) if isinstance(found, TextRecord)]


def wanted_of(extension: str) -> list[str]:
    return TEXTS[:1] if extension in SINGLE else TEXTS


def same_words(got: list[str], wanted: list[str]) -> bool:
    """Whether the texts are there; a page has its heading before them."""
    return len(got) == len(wanted) and all(text in found for found, text in zip(got, wanted, strict=True))


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("extension", STREAMS)
def test_a_name_tells_format_and_compression(tmp_path: Path, extension: str, packed: str) -> None:
    path = tmp_path / f"corpus{extension}{packed}"
    path.write_bytes(PACK[packed](WRITE[extension](TEXTS)))
    assert same_words(texts_of(path), wanted_of(extension))


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("extension", STREAMS)
def test_content_tells_them_where_the_name_does_not(tmp_path: Path, extension: str, packed: str) -> None:
    path = tmp_path / "part-00000"
    path.write_bytes(PACK[packed](WRITE[extension](TEXTS)))
    assert same_words(texts_of(path), wanted_of(extension))


@pytest.mark.parametrize("extension", TABLES)
def test_content_tells_a_table_too(tmp_path: Path, extension: str) -> None:
    (tmp_path / "part-00000").write_bytes(WRITE[extension](TEXTS))
    assert texts_of(tmp_path / "part-00000") == TEXTS


@pytest.mark.parametrize("packed", [".gz", ".bz2", ".xz", ".zst"])
def test_content_is_told_though_the_first_block_is_large(tmp_path: Path, packed: str) -> None:
    rng = random.Random(7)
    rows = [f"a text that packs badly: {rng.randbytes(400).hex()}" for _ in range(400)]
    (tmp_path / f"part-00000{packed}").write_bytes(PACK[packed](as_json_lines(rows)))
    assert match_corpus([str(tmp_path)])[0].format == "jsonl"
    assert texts_of(tmp_path / f"part-00000{packed}") == rows


@pytest.mark.parametrize("packed", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("extension", TABLES)
@pytest.mark.parametrize("name", ["named", "hidden"])
def test_a_compressed_table_is_one_dead_letter_with_the_right_remedy(
    tmp_path: Path, extension: str, packed: str, name: str
) -> None:
    path = tmp_path / (f"x{extension}{packed}" if name == "named" else f"x{extension}")
    path.write_bytes(PACK[packed](WRITE[extension](TEXTS)))
    (found,) = found_in(path, piece_bytes=100)
    assert isinstance(found, Damage)
    assert found.reason == "table-compressed"
    assert "Unpack the file" in found.detail


@pytest.mark.parametrize("extension", [name for name in WRITE if name != ".txt"])
def test_a_wrong_name_is_overruled_by_force(tmp_path: Path, extension: str) -> None:
    path = tmp_path / "export.txt"
    path.write_bytes(WRITE[extension](TEXTS))
    format = {".wet": "warc"}.get(extension, extension[1:])
    assert same_words(texts_of(path, format=format), wanted_of(extension))


@pytest.mark.parametrize(
    ("format", "reason"),
    [("parquet", "parquet-damaged"), ("avro", "avro-damaged"), ("warc", "not-warc"), ("jsonl", "broken-json")],
)
def test_a_wrong_force_is_damage_and_no_crash(tmp_path: Path, format: str, reason: str) -> None:
    (tmp_path / "notes.txt").write_text(TEXTS[0], "utf-8")
    (found,) = found_in(tmp_path / "notes.txt", format=format)
    assert isinstance(found, Damage)
    assert found.reason == reason


@pytest.mark.parametrize("extension", [*STREAMS, *TABLES])
def test_an_empty_file_of_any_format_gives_no_text(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"empty{extension}"
    path.touch()
    found = found_in(path)
    assert [f for f in found if isinstance(f, TextRecord)] == []
    assert len(found) == (1 if extension in (*TABLES, ".html") else 0)  # without a footer, a header or a page


@pytest.mark.parametrize(
    ("head", "format"),
    [
        (b'\xef\xbb\xbf\n{"text": 1}', "jsonl"),
        (b'{ "text": 1}', "jsonl"),
        (b"{see the note below}", "text"),
        (b"\r\n\r\nWARC/1.1\r\n", "warc"),
        (b"<HTML lang=pt>", "html"),
        (b"  <!doctype HTML>", "html"),
        (b"<p>a fragment</p>", "text"),
        (b"PAR1 was the droid's name", "parquet"),
        (b" PAR1", "text"),
        (b"Object", "text"),
        (b"", "text"),
    ],
    ids=repr,
)
def test_the_first_bytes_of_each_format(head: bytes, format: str) -> None:
    assert format_of(head, "part-0") == format


@pytest.mark.parametrize("extension", [".jsonl", ".csv", ".tsv", *TABLES])
@pytest.mark.parametrize(
    ("record", "field", "source"),
    [
        ({"url": "https://a.example", "raw_content": "x", "language": "en"}, "", "https://a.example"),  # RedPajama-V2
        ({"text": "x", "timestamp": "2019", "url": "https://a.example"}, "", "https://a.example"),  # C4
        ({"id": "<urn:uuid:1>", "text": "x", "dump": "CC"}, "", "<urn:uuid:1>"),  # FineWeb
        ({"id": "dolma-1", "source": "books", "text": "x"}, "", "dolma-1"),  # Dolma
        ({"contents": "x", "document_id": "d-7"}, "", "d-7"),  # data-prep-kit
        ({"text": "no", "raw_content": "x"}, "", ""),  # the likeliest first
        ({"text": "no", "body": "x"}, "body", ""),  # or as told
    ],
    ids=["RedPajama-V2", "C4", "FineWeb", "Dolma", "data-prep-kit", "two", "told"],
)
def test_the_text_of_each_corpus_is_found_in_its_field(
    tmp_path: Path, extension: str, record: dict[str, str], field: str, source: str
) -> None:
    path = tmp_path / f"x{extension}"
    path.write_bytes(as_rows(extension, [record]))
    (found,) = found_in(path, field)
    assert isinstance(found, TextRecord)
    assert (found.text, found.source) == ("x", source)


@pytest.mark.parametrize("extension", [".jsonl", ".csv", ".tsv", *TABLES])
@pytest.mark.parametrize("field", ["", "body"])
def test_a_wrong_field_is_named_beside_those_that_there_are(tmp_path: Path, extension: str, field: str) -> None:
    path = tmp_path / f"x{extension}"
    path.write_bytes(as_rows(extension, [{"title": "t", "words": "w"}]))
    (found,) = found_in(path, field)
    assert isinstance(found, Damage)
    assert found.reason == "field-missing"
    assert "title, words. Name the text field with --text_field." in found.detail
    assert ("body" if field else "raw_content") in found.detail


@pytest.mark.parametrize("error", [ValueError, KeyError, TypeError, OverflowError, RecursionError])
def test_what_a_parser_makes_of_damage_is_one_damage_after_the_last_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def failing(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
        yield TextRecord("line 1", "", "x")
        raise error("a secret of the corpus")

    monkeypatch.setitem(READERS, "jsonl", failing)
    (tmp_path / "x.jsonl").touch()
    text, damage = found_in(tmp_path / "x.jsonl")
    assert isinstance(text, TextRecord)
    assert isinstance(damage, Damage)
    assert (damage.place, damage.reason) == ("after line 1", "reader-failed")
    assert damage.detail.startswith(f"the reader of jsonl fails with {error.__name__}.")
    assert "secret" not in damage.detail
