"""Where the files of a hub may lie: nothing that a manifest, CURRENT or a symbolic link says leads out of OUTPUT."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.storage import StoredFile, is_local, join_path, list_files
from persona_hub.transforms.records import excerpt

MANIFEST = "manifest.json"
NAME = r"[0-9A-Za-z][0-9A-Za-z._-]{0,199}"
VERSION = re.compile(r"[0-9]{1,9}-[0-9A-Za-z]{1,64}")
RUN = re.compile(r"[0-9A-Za-z]{1,64}(-[0-9A-Za-z]{1,64}){0,9}")
FILE_OF_VERSION = re.compile(rf"hub/{VERSION.pattern}/(?!{re.escape(MANIFEST)}$){NAME}")
FILE_OF_RUN = re.compile(rf"(samples/[a-z][0-9a-z_]*|dead_letters)/{RUN.pattern}/(?!{re.escape(MANIFEST)}$){NAME}")
SHOWN = 80  # characters of a wrong name


class HubError(InvalidInputError):
    """Something about a hub that its user can put right; the message names the place and the remedy."""


def is_version(name: str) -> bool:
    """Whether `name` has the form of a version's name: a number and hex digits, as 0003-5f0c19aa."""
    return VERSION.fullmatch(name) is not None


def checked_version(name: str, where: str) -> str:
    """`name` itself. Raises HubError, which names `where` it was read, for what is no name of a version."""
    if is_version(name):
        return name
    raise HubError(f"{where}: {as_told(name)} is no name of a version, such as 0003-5f0c19aa")


def as_told(value: object) -> str:
    """An untrusted value in a message."""
    return excerpt(repr(value), SHOWN)


def path_of(output: str, relative: str) -> str:
    """Full path of something in OUTPUT, or a glob pattern of such paths.

    Raises HubError for a path that leads out of OUTPUT: by "..", or on a local disk by a symbolic link.
    """
    parts = relative.split("/")
    if not {"", ".", ".."}.isdisjoint(parts) or "\\" in relative or "\0" in relative:
        raise HubError(f"{output}: {as_told(relative)} is no path below it")
    if is_local(output):
        require_no_way_out(output, parts)
    return join_path(output, *parts)


def list_inside(output: str, pattern: str) -> list[StoredFile]:
    """The files that a glob pattern names in OUTPUT, sorted. Raises HubError as `path_of` does."""
    found = list_files(path_of(output, pattern))
    if is_local(output):
        folders = {os.path.dirname(file.path) for file in found}
        for path in [*folders, *(file.path for file in found if os.path.islink(file.path))]:
            require_no_way_out(output, os.path.relpath(path, output).split(os.sep))
    return found


def require_no_way_out(output: str, parts: Iterable[str]) -> None:
    """Raises HubError where a part of the path, up to a glob, is a symbolic link that leads out of a local OUTPUT."""
    place = output
    for part in parts:
        if "*" in part:
            return
        place = os.path.join(place, part)
        if not os.path.islink(place):
            continue
        root, target = os.path.realpath(output), os.path.realpath(place)
        if os.path.commonpath([root, target]) != root:
            raise HubError(
                f"{place}: a symbolic link that leads out of {output}; put a copy of what it leads to in its place, "
                "or delete it"
            )
