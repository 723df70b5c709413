"""Patterns name files: paths, globs, directories, comma lists."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.servers.bucket  # noqa: F401 - Beam finds filesystems among the subclasses that are imported
from persona_hub.transforms.corpus.content import format_of_name
from persona_hub.transforms.corpus.corpus_records import CorpusError, CorpusFile, Limits, TextRecord
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.pieces import loads_of, pieces_of


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
        ("part-00001", gzip.compress(b'\n {"text": "x"}\n', mtime=0), "jsonl", False),
        ("part-00002", b"PAR1....", "parquet", False),
        ("part-00003", b"Obj\x01...", "avro", False),
        ("part-00004", b"WARC/1.0\r\n", "warc", False),
        ("a.csv", b"", "csv", False),
        ("a.TSV.bz2", b"", "tsv", True),
        ("a.arc.gz", b"", "arc", True),
        ("part-00007", b"filedesc://x.arc 0.0.0.0 20010203040506 text/plain 77\n", "arc", False),
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


@pytest.mark.parametrize("scheme", ["bucket", "tree"])
def test_a_path_of_a_remote_filesystem_stands_for_all_below_it(corpus: Path, scheme: str) -> None:
    remote = f"{scheme}://{corpus}"
    (corpus / "deep" / "er" / "empty.txt").touch()
    assert names(f"{remote}/a.jsonl") == ["a.jsonl"]
    assert names(f"{remote}/*.txt") == ["b.txt", "d,e.txt"]
    assert names(f"{remote}/deep") == names(f"{remote}/deep/") == ["c.jsonl.gz", "empty.txt"]  # hidden ones left out
    assert names(remote) == ["a.jsonl", "b.txt", "d,e.txt", "c.jsonl.gz", "empty.txt"]
    assert names(f"{remote}/deep/er/empty.txt") == ["empty.txt"]
    with pytest.raises(CorpusError, match=rf"'{scheme}://.*/nothing' (?:matches no file|cannot be listed)"):
        match_corpus([f"{remote}/nothing"])


def test_what_a_remote_filesystem_holds_is_read_as_what_lies_here(tmp_path: Path) -> None:
    (tmp_path / "part-0").write_bytes(gzip.compress(b'{"text": "one"}\n{"text": "two"}\n', mtime=0))
    (file,) = match_corpus([f"bucket://{tmp_path}"])
    assert (file.path, file.format) == (f"bucket://{tmp_path}/part-0", "jsonl")
    found = [f for piece in pieces_of(file) for f in read_piece(piece, "", Limits())]
    assert found == [TextRecord("line 1", "", "one"), TextRecord("line 2", "", "two")]


def test_a_file_with_a_glob_in_its_name_is_that_file(tmp_path: Path) -> None:
    for name in ("a[1].txt", "a1.txt", "b*.txt", "bc.txt"):
        (tmp_path / name).touch()
    assert names(f"{tmp_path}/a[1].txt") == ["a[1].txt"]
    assert names(f"{tmp_path}/b*.txt") == ["b*.txt"]
    assert names(f"{tmp_path}/a[0-9].txt") == ["a1.txt"]


@pytest.mark.parametrize(
    ("name", "format", "compressed"),
    [
        ("CC-MAIN-2026.warc.wet.gz", "warc", True),
        ("c4-train.00000-of-01024.json.gz", "jsonl", True),
        ("en_head.json.zst", "jsonl", True),
        ("train-00000.parquet", "parquet", False),
        ("README", None, False),
        ("archive.gz", None, True),
        (".gz", None, True),
        ("a.b/c", None, False),
        ("x.tar.gz", "tar", True),
        ("x.tgz", "tar", True),
        ("x.jsonl.gz.xz", "jsonl", True),
        ("PAGE.HTM", "html", False),
    ],
)
def test_what_a_name_tells(name: str, format: str | None, compressed: bool) -> None:
    assert format_of_name(f"gs://bucket/x.jsonl/{name}") == (format, compressed)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=30))
def test_small_files_travel_together_and_large_ones_alone(sizes: list[int]) -> None:
    files = [CorpusFile(f"f{i}", size, "text") for i, size in enumerate(sizes)]
    loads = list(loads_of(files, piece_bytes=10_000, load_bytes=1000))
    bytes_of = [sum(piece.stop - piece.start for piece in load) for load in loads]
    assert all(size <= 1000 or len(load) == 1 for size, load in zip(bytes_of, loads, strict=True))
    neighbours = [one + load[0].stop for one, load in zip(bytes_of, loads[1:], strict=False)]
    assert all(both > 1000 for both in neighbours)  # none could have taken the first piece of the next


@pytest.mark.parametrize(
    ("format", "compressed", "pieces"),
    [("jsonl", False, 3), ("parquet", False, 3), ("avro", False, 3), ("text", False, 1), ("warc", False, 1),
     ("html", False, 1), ("jsonl", True, 1)],
)  # fmt: skip
def test_which_files_are_split(format: str, compressed: bool, pieces: int) -> None:
    file = CorpusFile("f", 2500, format, compressed)
    assert [piece.whole for piece in pieces_of(file, 1000)] == [pieces == 1] * pieces
    assert [piece.stop for piece in pieces_of(file, 2500)] == [2500]
