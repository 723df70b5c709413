"""Patterns to files: paths, globs, directories and comma lists on every filesystem that Beam knows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from apache_beam.io.filesystem import BeamIOError

from persona_hub.transforms.corpus.content import CORPUS_FORMATS, format_of, format_of_name
from persona_hub.transforms.corpus.corpus_records import CorpusError, CorpusFile, NoFileError
from persona_hub.transforms.corpus.local_files import PASSED, local_files, warn_of_passed
from persona_hub.transforms.corpus.names import printable_name
from persona_hub.transforms.files.storage import file_exists, has_folders, is_local, list_files

AUTO = "auto"
CHECK_PATH = "Check the path, quote globs, and see that the account may list it."


def match_corpus(
    patterns: Sequence[str], format: str = AUTO, as_named: bool = False, flag: str = "--input"
) -> list[CorpusFile]:
    """The files that `patterns` name, each once, sorted by path; a pattern may be a comma list.

    With `as_named` patterns stand in the order in which they are given, and only the files of each are sorted.

    A directory stands for all files under it but hidden ones (names that begin with "." or "_"). A format other
    than "auto" holds for all of them. Raises NoFileError naming the pattern that matches nothing.
    """
    if format not in (AUTO, *CORPUS_FORMATS):
        raise CorpusError(f"--format {format!r} is none of {', '.join((AUTO, *CORPUS_FORMATS))}.")
    found: dict[str, int] = {}
    passed: dict[str, str] = {}
    for pattern in (name for listed in patterns for name in separate(listed)):
        matched = _match(pattern, passed, flag)
        if not matched:
            raise NoFileError(f"{flag} {printable_name(pattern)!r} matches no file. {CHECK_PATH}")
        found.update(file for file in sorted(matched) if file[0] not in found)
    if not found:
        raise CorpusError(f"{flag} names no file: {', '.join(patterns) or 'it is empty'}. {CHECK_PATH}")
    ordered = found.items() if as_named else sorted(found.items())
    return [
        CorpusFile(path, 0, passed[path], forced=True) if path in passed else _corpus_file(path, size, format)
        for path, size in ordered
    ]


def separate(listed: str) -> list[str]:
    """The patterns of a comma list; a comma in the name of a local file is one, not a separator."""
    if os.path.exists(listed):
        return [listed]
    return [name for name in (part.strip() for part in listed.split(",")) if name]


def _match(pattern: str, passed: dict[str, str], flag: str) -> list[tuple[str, int]]:
    """Path and size of every file that one pattern names; what is no file is noted in `passed`, too."""
    if not is_local(pattern):
        return list(_match_anywhere(pattern, flag))
    found = list(local_files(pattern))
    if found and all(file.passed for file in found):
        first = found[0]
        raise CorpusError(
            f"{flag} {printable_name(pattern)!r}: {printable_name(first.path)} is {PASSED[first.passed]}, "
            "which is not read. Write what it gives to a file."
        )
    warn_of_passed(found)
    passed.update((file.path, file.passed) for file in found if file.passed)
    return [(file.path, file.size) for file in found]


def _match_anywhere(pattern: str, flag: str) -> Iterator[tuple[str, int]]:
    """Path and size of what a glob, or a path of a remote filesystem, names; a prefix stands for all below it."""
    is_glob = any(c in pattern for c in "*?[")
    try:
        files = list(_listed(pattern if is_glob else pattern.rstrip("/")))
        yield from files if files or is_glob else _listed(pattern.rstrip("/") + "/**")
    except (BeamIOError, ValueError) as error:
        if _without_folder(pattern):
            return
        raise CorpusError(f"{flag} {pattern!r} cannot be listed: {error}. {CHECK_PATH}") from error


def _listed(pattern: str) -> Iterator[tuple[str, int]]:
    """Path and size of what one pattern of Beam's matches, without directories and what is hidden below a prefix."""
    below = pattern[: -len("**")] if pattern.endswith("/**") else ""
    for path, size, _ in list_files(pattern):
        if path.endswith("/"):
            continue
        if below and any(map(_hidden, path[len(below) :].split("/"))):
            continue
        # HDFS lists one level at a time, and a directory among the files, as one without a byte.
        yield from (not size and _inside(path)) or [(path, size)]


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
    if format != AUTO:
        return CorpusFile(path, size, format, compressed, forced=True)
    if named is None:
        # Only what the name leaves open is opened here: a crawl has 90,000 files, and this runs on one machine.
        from persona_hub.transforms.corpus.streams import head_of  # here: the DAG's launcher may need no codec

        named = format_of(head_of(CorpusFile(path, size, "")), path)
    return CorpusFile(path, size, named, compressed or named == "zip")
