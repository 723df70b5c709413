"""Patterns to files: paths, globs, directories and comma lists on every filesystem that Beam knows."""

from __future__ import annotations

import itertools
import os
import posixpath
import re
from collections.abc import Iterator, Sequence

from apache_beam.io.filesystem import BeamIOError

from persona_hub.transforms.corpus.corpus_records import CorpusError, CorpusFile, Limits, NoFileError
from persona_hub.transforms.files.storage import file_exists, has_folders, is_local, list_files, open_to_read

AUTO = "auto"
CORPUS_FORMATS = (
    "text",
    "jsonl",
    "csv",
    "tsv",
    "parquet",
    "avro",
    "warc",
    "arc",
    "html",
)  # WET and WAT are WARC inside
EXTENSIONS = {
    ".txt": "text", ".text": "text", ".md": "text",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".parquet": "parquet", ".pq": "parquet",
    ".avro": "avro",
    ".warc": "warc", ".wet": "warc", ".wat": "warc",
    ".arc": "arc",
    ".html": "html", ".htm": "html", ".xhtml": "html",
}  # fmt: skip
COMPRESSED = (".gz", ".bz2", ".zst", ".zstd")
SNIFFED_BYTES = 4096
CHECK_PATH = "Check the path, quote globs, and see that the account may list it."


def match_corpus(patterns: Sequence[str], format: str = AUTO) -> list[CorpusFile]:
    """The files that `patterns` name, each once, sorted by path; a pattern may be a comma list.

    A directory stands for all files under it but hidden ones (names that begin with "." or "_"). A format other
    than "auto" holds for all of them. Raises NoFileError naming the pattern that matches nothing.
    """
    if format not in (AUTO, *CORPUS_FORMATS):
        raise CorpusError(f"--format {format!r} is none of {', '.join((AUTO, *CORPUS_FORMATS))}.")
    found: dict[str, int] = {}
    for pattern in (name for listed in patterns for name in _separate(listed)):
        matched = list(_match(pattern))
        if not matched:
            raise NoFileError(f"--input {pattern!r} matches no file. {CHECK_PATH}")
        found.update(matched)
    if not found:
        raise CorpusError(f"--input names no file: {', '.join(patterns) or 'it is empty'}. {CHECK_PATH}")
    return [_corpus_file(path, size, format) for path, size in sorted(found.items())]


def format_of_name(path: str) -> tuple[str | None, bool]:
    """The format that a file's name tells, None if it tells none, and whether it says "compressed"."""
    name = posixpath.basename(path.replace(os.sep, "/")).lower()
    compressed = name.endswith(COMPRESSED)
    if compressed:
        name = posixpath.splitext(name)[0]
    return EXTENSIONS.get(posixpath.splitext(name)[1]), compressed


def format_of_content(head: bytes) -> str:
    """The format that the first bytes of a file (decompressed) tell; plain text if they tell none."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"Obj\x01"):
        return "avro"
    if start.startswith(b"WARC/"):
        return "warc"
    if start.startswith(b"filedesc://"):
        return "arc"
    if start.startswith(b'{"') or start.startswith(b"{ "):
        return "jsonl"
    if start[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    return "text"


def _separate(listed: str) -> list[str]:
    """The patterns of a comma list; a comma in the name of a local file is one, not a separator."""
    if os.path.exists(listed):
        return [listed]
    return [name for name in (part.strip() for part in listed.split(",")) if name]


def _match(pattern: str) -> Iterator[tuple[str, int]]:
    """Path and size of every file that one pattern names."""
    if os.path.isfile(pattern):  # also one with "*" or "[" in its name
        yield pattern, os.path.getsize(pattern)
    elif os.path.isdir(pattern):
        for folder, folders, names in os.walk(pattern):
            folders[:] = [name for name in folders if not _hidden(name)]
            for name in names:
                if not _hidden(name):
                    path = os.path.join(folder, name)
                    yield path, os.path.getsize(path)
    else:
        yield from _match_anywhere(pattern)


def _match_anywhere(pattern: str) -> Iterator[tuple[str, int]]:
    """Path and size of what a glob, or a path of a remote filesystem, names; a prefix stands for all below it."""
    is_glob = any(c in pattern for c in "*?[")
    try:
        files = list(_listed(pattern if is_glob else pattern.rstrip("/")))
        yield from files if files or is_glob else _listed(pattern.rstrip("/") + "/**")
    except (BeamIOError, ValueError) as error:
        if _without_folder(pattern):
            return
        raise CorpusError(f"--input {pattern!r} cannot be listed: {error}. {CHECK_PATH}") from error


def _listed(pattern: str) -> Iterator[tuple[str, int]]:
    """Path and size of what one pattern of Beam's matches, without directories and what is hidden below a prefix."""
    below = pattern[: -len("**")] if pattern.endswith("/**") else ""
    for path, size, _ in list_files(pattern):
        if path.endswith("/") or os.path.isdir(path):
            continue
        if below and any(map(_hidden, path[len(below) :].split("/"))):
            continue
        # HDFS lists one level at a time, and a directory among the files, as one without a byte.
        yield from (not size and not is_local(path) and _inside(path)) or [(path, size)]


def _without_folder(pattern: str) -> bool:
    """Whether the folder of a pattern is not there; where there are folders, listing it is an error."""
    folder = re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0]
    try:
        return has_folders(pattern) and not file_exists(folder)
    except (BeamIOError, ValueError):
        return False


def _inside(path: str) -> list[tuple[str, int]]:
    """Path and size of the files in a directory; none if it is a file."""
    try:
        return list(_listed(f"{path}/**"))
    except BeamIOError:
        return []


def _hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _corpus_file(path: str, size: int, format: str) -> CorpusFile:
    named, compressed = format_of_name(path)
    if format == AUTO:
        # Only what the name leaves open is opened here: a crawl has 90,000 files, and this runs on one machine.
        format = named or format_of_content(_head(path))
    return CorpusFile(path, size, format, compressed)


def _head(path: str) -> bytes:
    """The first bytes of a file, decompressed; none if it cannot be read (its reader will say so)."""
    from persona_hub.transforms.corpus.streams import (  # here: the DAG's launcher may need no codec
        decompressed,
        raw_chunks,
    )

    try:
        with open_to_read(path) as file:
            # Nothing comes out of bzip2 before a block of 900 KB is in, nor of zstd before one of 128 KiB.
            chunks = itertools.chain([file.read(SNIFFED_BYTES)], raw_chunks(file))
            return next(decompressed(chunks, Limits()), b"")[:SNIFFED_BYTES]
    except Exception:
        return b""
