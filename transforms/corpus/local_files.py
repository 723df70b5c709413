"""Files of this machine by path, folder or glob: links are followed, circles noticed, and what is no file is named."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from apache_beam.io.filesystem import FileSystem

from persona_hub.transforms.corpus.names import printable_name

LOG = logging.getLogger(__name__)
GLOB = re.compile(r"[*?\[]")
NAMED_IN_WARNING = 5
# What is met in a folder and is no file: the reason by which it is counted, and what it is called.
PASSED = {
    "fifo": "a FIFO",
    "socket": "a socket",
    "device": "a device",
    "broken-link": "a link to nothing",
    "unreadable-folder": "a folder that may not be listed",
}


class LocalFile(NamedTuple):
    """What a pattern names."""

    path: str
    size: int  # bytes
    passed: str = ""  # a key of PASSED for what is no file


def local_files(pattern: str) -> Iterator[LocalFile]:
    """The files that a path, a folder or a glob names; a name that a glob could be, but is a file's, is that file's.

    A folder stands for all below it but hidden ones. A folder that is reached twice, by links, is read once.
    """
    if os.path.isdir(pattern):
        yield from _below(pattern, hidden=False)
    elif os.path.lexists(pattern):
        yield _file(pattern)
    elif GLOB.search(pattern):
        root = "/" if pattern.startswith("/") else ""
        for path in _globbed(root, [part for part in pattern.split("/") if part]):
            if path.passed or not os.path.isdir(path.path):
                yield path


def warn_of_passed(found: list[LocalFile]) -> None:
    """One warning for what is passed over since it is no file."""
    passed = [file for file in found if file.passed]
    if passed:
        names = [f"{printable_name(file.path)} ({PASSED[file.passed]})" for file in passed[:NAMED_IN_WARNING]]
        more = f" and {len(passed) - NAMED_IN_WARNING:,} more" if len(passed) > NAMED_IN_WARNING else ""
        LOG.warning("--input: passed over, since they are no files: %s%s", ", ".join(names), more)


def _below(folder: str, hidden: bool) -> Iterator[LocalFile]:
    """Everything below a folder. Links to folders come last, so that a file has the address without them."""
    seen: set[tuple[int, int]] = set()
    folders, links = [folder], list[str]()
    while folders or links:
        here = folders.pop() if folders else links.pop(0)
        try:
            about = os.stat(here)
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            yield LocalFile(here, 0, "unreadable-folder")
            continue
        if (about.st_dev, about.st_ino) in seen:
            LOG.warning("--input: %s links to a folder that is read already; passed over", printable_name(here))
            continue
        seen.add((about.st_dev, about.st_ino))
        for entry in entries:
            if not hidden and entry.name.startswith((".", "_")):
                continue
            path = os.path.join(here, entry.name)
            if not os.path.isdir(path):
                yield _file(path)
            else:
                (links if entry.is_symlink() else folders).append(path)


def _globbed(folder: str, parts: list[str]) -> Iterator[LocalFile]:
    """What the parts of a glob match below a folder, "" for the working folder."""
    first, *rest = parts
    if "**" in first:
        matches = FileSystem.translate_pattern(os.path.join(folder, *parts))
        for file in _below(folder or ".", hidden=rest != [] or first != "**"):
            path = file.path if folder else os.path.relpath(file.path)
            if re.match(matches, path):
                yield file._replace(path=path)
        return
    if not GLOB.search(first):
        names = [first] if os.path.lexists(os.path.join(folder, first)) else []
    else:
        matches = FileSystem.translate_pattern(first)
        try:
            names = sorted(name for name in os.listdir(folder or ".") if re.match(matches, name))
        except OSError:
            yield LocalFile(folder, 0, "unreadable-folder")
            return
    for name in names:
        path = os.path.join(folder, name)
        if not rest:
            yield LocalFile(path, 0) if os.path.isdir(path) else _file(path)
        elif os.path.isdir(path):
            yield from _globbed(path, rest)


def _file(path: str) -> LocalFile:
    try:
        about = os.stat(path)
    except OSError:
        return LocalFile(path, 0, "broken-link")
    for is_kind, kind in ((stat.S_ISFIFO, "fifo"), (stat.S_ISSOCK, "socket"), (stat.S_ISCHR, "device"),
                          (stat.S_ISBLK, "device")):  # fmt: skip
        if is_kind(about.st_mode):
            return LocalFile(path, 0, kind)
    return LocalFile(path, about.st_size)
