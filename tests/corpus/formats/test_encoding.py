"""Bytes become the text that their author wrote."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from persona_hub.transforms.corpus.formats.encoding import declared_encoding, decode_page, sniff

GERMAN = "Die Straße über den Fluß führt nach München, wo größere Häuser stehen als bei uns."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_a_text_is_sniffed(encoding: str) -> None:
    data = GERMAN.encode(encoding)
    assert data.decode(sniff(data) or "") == GERMAN


@pytest.mark.parametrize(("code", "encoding"), [("ru", "koi8-r"), ("zh", "gb18030"), ("ar", "cp1256"), ("th", "cp874")])
def test_real_paragraphs_in_legacy_encodings_are_sniffed(data: Path, code: str, encoding: str) -> None:
    with gzip.open(data / f"web/multiling/xquad_contexts.{code}.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"].encode(encoding, "ignore") for line in file][:20]
    assert sum(text.decode(sniff(text) or "ascii", "replace") == text.decode(encoding) for text in texts) >= 19


def test_a_head_may_end_within_a_character() -> None:
    head = "naïve café".encode()[:-1]
    assert sniff(head, complete=False) == "utf-8"


@pytest.mark.parametrize("data", [bytes(range(256)) * 10, b"\x89PNG\r\n\x1a\n" + bytes(range(1, 30)) * 9])
def test_binary_data_is_no_text(data: bytes) -> None:
    assert sniff(data) is None


def test_a_page_in_utf_8_that_declares_something_else_is_read_as_utf_8() -> None:
    assert decode_page(f"<meta charset=iso-8859-1>{GERMAN}".encode()).endswith(GERMAN)


def test_a_declared_encoding_is_used_as_browsers_take_it() -> None:
    page = '<meta http-equiv="content-type" content="text/html; charset=gb2312">鎔'.encode("gb18030")
    assert decode_page(page).endswith("鎔")
    assert declared_encoding(b"", "text/html; charset=ISO-8859-1") == "cp1252"
    assert declared_encoding(b"", "text/html; charset=hex") == ""
    assert declared_encoding(b"", "text/html; charset=no-such") == ""


def test_bytes_that_fit_nothing_are_replaced() -> None:
    page = decode_page(b"<meta charset=shift_jis>" + bytes(range(1, 256)))
    assert page.startswith("<meta")
    assert "\ufffd" in page
