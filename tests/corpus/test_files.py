"""Patterns name files: paths, globs, directories, comma lists."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.corpus.files import match_corpus
from transforms.corpus.found import CorpusError, CorpusFile
from transforms.corpus.pieces import loads_of, pieces_of


def names(*patterns: str) -> list[str]:
    return [Path(file.path).name for file in match_corpus(patterns)]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in (
        "a.jsonl",
        "b.txt",
        "deep/er/c.jsonl.gz",
        "deep/_SUCCESS",
        "deep/.part",
        "deep/.git/config",
        "d,e.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_paths_globs_directories_and_lists(corpus: Path) -> None:
    assert names(f"{corpus}/a.jsonl") == ["a.jsonl"]
    assert names(f"{corpus}/*.txt") == ["b.txt", "d,e.txt"]
    assert names(f"{corpus}") == names(f"{corpus}/") == ["a.jsonl", "b.txt", "d,e.txt", "c.jsonl.gz"]
    assert names(f"{corpus}/b.txt,{corpus}/a.jsonl", f"{corpus}/a*") == ["a.jsonl", "b.txt"]
    assert names(f"{corpus}/d,e.txt") == ["d,e.txt"]


@pytest.mark.parametrize("pattern", ["nothing.jsonl", "*.parquet", "a.jsonl,nothing"])
def test_a_pattern_that_matches_nothing_is_named(corpus: Path, pattern: str) -> None:
    with pytest.raises(CorpusError, match=r"nothing|parquet"):
        match_corpus([f"{corpus}/{part}" for part in pattern.split(",")])


@pytest.mark.parametrize("patterns", [[], [""], [" , "]])
def test_no_pattern_is_an_error(patterns: list[str]) -> None:
    with pytest.raises(CorpusError, match="--input"):
        match_corpus(patterns)


def test_an_unknown_scheme_is_an_error_that_names_it() -> None:
    with pytest.raises(CorpusError, match="nowhere://x"):
        match_corpus(["nowhere://x/*.jsonl"])


@pytest.mark.parametrize(
    ("name", "content", "format", "compressed"),
    [
        ("a.jsonl", b"", "jsonl", False),
        ("a.JSON.GZ", b"", "jsonl", True),
        ("a.warc.wet.zst", b"", "warc", True),
        ("part-00000", b'{"text": "x"}\n', "jsonl", False),
        ("part-00001", gzip.compress(b'\n {"text": "x"}\n'), "jsonl", False),
        ("part-00002", b"PAR1....", "parquet", False),
        ("part-00003", b"Obj\x01...", "avro", False),
        ("part-00004", b"WARC/1.0\r\n", "warc", False),
        ("part-00005", b"\xef\xbb\xbf<!DOCTYPE html><p>", "html", False),
        ("part-00006", b"Once upon a time", "text", False),
    ],
)
def test_the_format_is_told_by_name_else_by_content(
    tmp_path: Path, name: str, content: bytes, format: str, compressed: bool
) -> None:
    (tmp_path / name).write_bytes(content)
    (file,) = match_corpus([str(tmp_path / name)])
    assert (file.format, file.compressed, file.size) == (format, compressed, len(content))
    assert match_corpus([str(tmp_path / name)], "text")[0].format == "text"


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(CorpusError, match="'docx'"):
        match_corpus(["x"], "docx")


@given(
    sizes=st.lists(st.integers(0, 5000), min_size=1, max_size=20),
    formats=st.sampled_from(["jsonl", "text", "parquet"]),
    piece=st.integers(1, 600),
)
def test_every_byte_is_in_one_piece_and_every_piece_in_one_load(sizes: list[int], formats: str, piece: int) -> None:
    files = [CorpusFile(f"f{i}", size, formats) for i, size in enumerate(sizes)]
    pieces = [piece_ for load in loads_of(files, piece, 700) for piece_ in load]
    assert pieces == [p for file in files for p in pieces_of(file, piece)]
    for file in files:
        own = [p for p in pieces if p.file == file]
        assert own[0].start == 0
        assert own[-1].stop == max(file.size, 1)
        assert all(a.stop == b.start for a, b in itertools.pairwise(own))
        assert formats != "text" or own[0].whole
