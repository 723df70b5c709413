"""Files of plain text: whole, or in parts that begin where a reader would begin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.corpus_records import Damage, TextRecord
from persona_hub.transforms.corpus.formats.plain_text import text_parts
from tests.corpus.writing import found_in

BOOK = "\n\n".join(f"Chapter {i}. The tide came in.\nThen it went out. " + "Gulls cried. " * 20 for i in range(40))
RUSSIAN = "Паромщик знает реку по цвету пены. Когда вода темнеет, он поворачивает назад, не доходя до середины."
proses = st.text("ab. \n\r\t。", max_size=300)


def chunked(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


@given(text=proses, characters=st.integers(1, 60), size=st.integers(1, 80))
def test_parts_lack_nothing_but_white_space(text: str, characters: int, size: int) -> None:
    parts = [part for _, part in text_parts(chunked(text, size), characters)]
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < len(part) <= characters and part.strip() for part in parts)


@given(text=proses, characters=st.integers(1, 60), size=st.integers(1, 80))
def test_parts_do_not_depend_on_the_chunks(text: str, characters: int, size: int) -> None:
    assert list(text_parts(chunked(text, size), characters)) == list(text_parts(iter([text]), characters))


@given(text=proses, characters=st.integers(1, 60))
def test_each_part_names_the_line_where_its_first_word_stands(text: str, characters: int) -> None:
    at = 0
    for line, part in text_parts(iter([text]), characters):
        word = part.lstrip()
        at = text.index(word, at)
        assert line == 1 + text.count("\n", 0, at)
        at += len(word.rstrip())


def test_a_book_is_cut_at_paragraphs() -> None:
    parts = [part for _, part in text_parts(iter([BOOK]), 1000)]
    assert len(parts) > 10
    assert all(part.startswith("Chapter") for part in parts)


def test_a_paragraph_that_is_too_long_is_cut_at_sentences() -> None:
    parts = [part for _, part in text_parts(iter(["Gulls cried over the harbour. " * 100]), 400)]
    assert all(part.strip().endswith("harbour.") for part in parts)


def test_a_file_of_one_endless_word_ends() -> None:
    assert [len(part) for _, part in text_parts(iter(["x" * 1050]), 500)] == [500, 500, 50]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "koi8-r", "cp1251", "iso8859-5"])
def test_a_text_in_any_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x.txt").write_bytes((RUSSIAN * 5).encode(encoding))
    assert found_in(tmp_path / "x.txt") == [TextRecord("line 1", "", RUSSIAN * 5)]


def test_a_character_between_two_chunks_is_whole(tmp_path: Path) -> None:
    text = "Ж" * 200_000  # two bytes each, read 128 KiB at a time
    (tmp_path / "x.txt").write_text("a" + text, "utf-8")
    assert found_in(tmp_path / "x.txt", part_characters=1 << 20) == [TextRecord("line 1", "", "a" + text)]


def test_blank_lines_before_a_text_do_not_shift_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(f"\n \n\n{RUSSIAN}\n", "utf-8")
    (found,) = found_in(tmp_path / "x.txt")
    assert found.place == "line 4"


def test_a_byte_that_does_not_fit_is_one_character(tmp_path: Path) -> None:
    text = ("Паромщик знает реку. " * 40 + "\n\n") * 400
    data = bytearray(text.encode())
    at = data.index("знает".encode(), len(data) - 2000)  # the first 128 KiB, which tell the encoding, are sound
    data[at : at + 2] = b"\xff"
    (tmp_path / "x.txt").write_bytes(data)
    found = "".join(f.text for f in found_in(tmp_path / "x.txt", part_characters=2000) if isinstance(f, TextRecord))
    assert "Паромщик \ufffdнает реку." in found
    assert found.count("\ufffd") == 1
    assert len("".join(found.split())) == len("".join(text.split()))


@pytest.mark.parametrize("encoding", ["utf-8", "koi8-r", "cp932", "utf-16", "iso2022_jp"])
def test_a_file_tells_its_encoding_where_it_leaves_ascii(tmp_path: Path, encoding: str) -> None:
    text = (
        "Contents. " * 20_000
        + "\n\n"
        + ("渡し守は川の泡の色を見て引き返す。" if "jp" in encoding or "932" in encoding else RUSSIAN) * 20
    )
    (tmp_path / "x.txt").write_bytes(text.encode(encoding))
    parts = [found.text for found in found_in(tmp_path / "x.txt") if isinstance(found, TextRecord)]
    assert "".join("".join(parts).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 50, "unread-image"),
        (b"\x7fELF" + bytes(2000), "unread-program"),
        (bytes(500), "not-text"),
    ],
    ids=["image", "program", "zeros"],
)
def test_binary_data_is_one_dead_letter(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "x.txt").write_bytes(data)
    (found,) = found_in(tmp_path / "x.txt")
    assert isinstance(found, Damage)
    assert (found.place, found.reason) == ("the start", reason)
