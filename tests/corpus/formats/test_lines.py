"""Lines of bytes: each belongs to one piece of its file, and none takes more memory than the bound."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_hub.transforms.corpus.corpus_records import BrokenError, CorpusFile, Limits, Piece
from persona_hub.transforms.corpus.formats.lines import EXCERPT_BYTES, Line, lines_in_piece


def lines(path: Path, *cuts: int, **limits: Any) -> list[Line]:
    """The lines of a file that is cut at `cuts`."""
    file = CorpusFile(str(path), path.stat().st_size, "jsonl")
    bounds = [0, *sorted(cuts), file.size]
    pieces = [Piece(file, start, stop) for start, stop in pairwise(bounds)]
    return [line for piece in pieces if piece.start < piece.stop for line in lines_in_piece(piece, Limits(**limits))]


def data_of(found: list[Line]) -> list[bytes]:
    return [line.data for line in found]


def test_a_file_cut_at_every_byte_gives_each_line_once(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one\n\ntwo\r\n \nthree\n\nfour")
    for cut in range(path.stat().st_size + 1):
        assert data_of(lines(path, cut)) == [b"one", b"two\r", b"three", b"four"], f"cut at byte {cut}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b" ", b"bc", "é".encode()])).map(b"".join), cuts=st.data())
def test_any_number_of_cuts_gives_the_same_lines(tmp_path: Path, data: bytes, cuts: st.DataObject) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    at = cuts.draw(st.lists(st.integers(0, len(data)), max_size=5))
    assert data_of(lines(path, *at)) == [line for line in data.split(b"\n") if line.strip()]


def test_a_place_in_a_piece_is_the_byte_where_the_line_begins(tmp_path: Path) -> None:
    path = tmp_path / "x"
    data = b"first\nsecond\n\nthird\n"
    path.write_bytes(data)
    for line in lines(path, 9):
        assert data[int(line.place.removeprefix("byte ")) :].startswith(line.data + b"\n")


def test_a_byte_order_mark_belongs_to_no_line(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbffirst\n\xef\xbb\xbfsecond\n")
    assert data_of(lines(tmp_path / "x")) == [b"first", b"\xef\xbb\xbfsecond"]  # only where a mark can stand


@pytest.mark.parametrize("cut", [3, 4000, 9000])
def test_of_a_line_beyond_the_bound_the_beginning_is_kept_in_one_piece_only(tmp_path: Path, cut: int) -> None:
    (tmp_path / "x").write_bytes(b"ab\n" + b"x" * 8000 + b"\nshort\n" + b"y" * 8000)
    found = lines(tmp_path / "x", cut, record_bytes=5000)
    assert [line.too_long for line in found] == [False, True, False, True]
    assert data_of(found) == [b"ab", b"x" * EXCERPT_BYTES, b"short", b"y" * EXCERPT_BYTES]


def test_a_line_of_just_the_bound_is_whole(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 5000 + b"\n" + b"y" * 5001)
    assert [(len(line.data), line.too_long) for line in lines(tmp_path / "x", record_bytes=5000)] == [
        (5000, False),
        (EXCERPT_BYTES, True),
    ]


def test_a_compressed_file_is_read_by_its_first_piece_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(b"".join(b"line %d\n" % i for i in range(100))))
    assert len(lines(tmp_path / "x", 20, 70, 100)) == 100


def test_a_line_that_the_end_of_a_broken_file_cuts_is_not_given(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b"line %d of many\n" % i for i in range(5000)))
    (tmp_path / "x").write_bytes(packed[: len(packed) // 2])
    found: list[bytes] = []
    piece = Piece(CorpusFile(str(tmp_path / "x"), 1 << 20, "jsonl"), 0, 1 << 20)
    with pytest.raises(BrokenError, match="ends before its end"):
        found.extend(line.data for line in lines_in_piece(piece, Limits()))
    assert found == [b"line %d of many" % i for i in range(len(found))]
    assert 1000 < len(found) < 5000
