"""HDFS by WebHDFS: what Beam's filesystem of it leaves out."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystems import FileSystems

GLOB = re.compile(r"[*?\[]")
IS_FOLDER = "DIRECTORY"


def match_hdfs(pattern: str) -> list[FileMetadata]:
    """What a glob pattern names, sorted: files, and folders with a size of 0; "**" at its end is all files below.

    Beam lists one folder only, so that a pattern with a glob in the name of a folder finds nothing, and one whose
    folder is not there is an error.
    """
    beam: Any = FileSystems.get_filesystem(pattern)
    server, path = beam._parse_url(pattern)
    found = dict(expanded(beam._hdfs_client, "/", path.strip("/").split("/")))
    return [
        FileMetadata(f"hdfs:/{beam._join(server, name)}", told["length"], told["modificationTime"] / 1000)
        for name, told in sorted(found.items())
    ]


def expanded(client: Any, folder: str, parts: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, status) of what the parts of a pattern name below a folder."""
    part, rest = parts[0], parts[1:]
    if not GLOB.search(part):
        path = posixpath.join(folder, part)
        if rest:
            yield from expanded(client, path, rest)
        elif told := client.status(path, strict=False):
            yield path, told
        return
    told = client.status(folder, strict=False)
    if not told or told["type"] != IS_FOLDER:
        return
    if part == "**":
        for above, _, files in client.walk(folder, status=True):
            yield from ((posixpath.join(above[0], name), status) for name, status in files)
        return
    for name, status in client.list(folder, status=True):
        if fnmatchcase(name, part):
            path = posixpath.join(folder, name)
            if not rest:
                yield path, status
            elif status["type"] == IS_FOLDER:
                yield from expanded(client, path, rest)


def replace_hdfs_file(path: str, new: str) -> None:
    """Renames a file onto another, so that readers see the one or the other at every moment.

    WebHDFS does it for renameoptions=OVERWRITE (Hadoop's FileContext.rename), which neither Beam nor its client offer.
    A gateway that does not know this option, as HttpFS, says that nothing was renamed: the other is deleted first then.
    """
    beam: Any = FileSystems.get_filesystem(path)
    source, target = (beam._parse_url(one)[1] for one in (path, new))
    answer = beam._hdfs_client._rename(source, destination=target, renameoptions="OVERWRITE")
    if answer.content and answer.json().get("boolean") is False:
        beam._hdfs_client.delete(target)
        beam._hdfs_client.rename(source, target)
