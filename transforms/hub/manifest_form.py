"""The form of a manifest: a hub may come from a stranger, so each value is looked at before anything goes by it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from persona_hub.transforms.hub.places import (
    FILE_OF_RUN,
    FILE_OF_VERSION,
    MANIFEST,
    RUN,
    VERSION,
    HubError,
    as_told,
)
from persona_hub.transforms.records import printable

RESTORE_FILE = "restore the file, or build into another folder"
MANIFEST_BYTES = 32 << 20  # about 200,000 files
LARGEST_COUNT = 1 << 53
DEEPEST = 8  # lists and objects in one another
KEY = re.compile(rb'"\s*:')
KNOWN_PATHS: set[str] = set()  # of files of versions that have the right form
MOST_KNOWN_PATHS = 1 << 18

Check = Callable[[str, Any], None]  # (place in the document, value)


class ManifestError(HubError):
    """A manifest that cannot be read."""


class WrongValueError(ValueError):
    """A value without the form that its place asks for."""

    def __init__(self, place: str, value: Any, wanted: str):
        super().__init__(f"{printable(place)}: {as_told(value)} is {wanted}")


def check_form(document: Mapping[str, Any], data: bytes, where: str) -> None:
    """Raises ManifestError, which names `where` and the place, for a document that is no manifest in form.

    `where` is the manifest's path: its folder is the one that the manifest speaks of.
    """
    if not lists_files(document["files"]):
        raise ManifestError(f"{where}: 'files' is no list of path and records; {RESTORE_FILE}")
    try:
        check_keys(document, data)
        for name, check in CHECKS.items():
            if name in document:
                check(name, document[name])
        check_names(document, where)
    except WrongValueError as error:
        raise ManifestError(f"{where}: {error}; {RESTORE_FILE}") from None


def check_keys(document: Mapping[str, Any], data: bytes) -> None:
    """Raises WrongValueError for a key that stands twice in an object, of which readers would take another one each."""
    if orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE) == data:
        return  # as we write it, where no key can be lost
    if len(KEY.findall(data)) == count_keys(document):  # it has all of them; a text may look like one more
        return

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            raise WrongValueError("keys", next(name for name in names if names.count(name) > 1), "there twice")
        return found

    json.loads(data, object_pairs_hook=unique)


def count_keys(value: Any) -> int:
    """The keys of all objects in a document."""
    waiting, n = [value], 0
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            n += len(one)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return n


def check_names(document: Mapping[str, Any], where: str) -> None:
    """Raises WrongValueError where the names in a manifest do not go with one another, or with its folder."""
    folder, _, file = where.replace("\\", "/").rpartition("/")
    last = folder.rpartition("/")[2]
    name = "version" if "version" in document else "run"
    if file == MANIFEST and document.get(name, last) != last:
        raise WrongValueError(name, document[name], f"not the name of its folder, {as_told(last)}")
    pattern = FILE_OF_VERSION if name == "version" else FILE_OF_RUN
    for i, entry in enumerate(document["files"]):
        path = entry["path"]
        if name == "version" and path.__class__ is str and path in KNOWN_PATHS:
            continue  # a version names the files of those before it: of 1,000 versions each path comes 500 times
        if not isinstance(path, str) or not pattern.fullmatch(path):
            raise WrongValueError(f"files[{i}].path", path, "no path of a file of a version, or of a run, in OUTPUT")
        if name == "run" and file == MANIFEST and not f"/{folder}".endswith(f"/{path.rpartition('/')[0]}"):
            raise WrongValueError(f"files[{i}].path", path, "no path of a file in the run's own folder")
        if name == "version":
            remember_path(path)
    if name == "version" and document.get("parent") and number(document["parent"]) >= number(document["version"]):
        raise WrongValueError("parent", document["parent"], f"no version before {document['version']}")


def remember_path(path: str) -> None:
    """Notes that a path has the form of a version's file."""
    if len(KNOWN_PATHS) >= MOST_KNOWN_PATHS:
        KNOWN_PATHS.clear()
    KNOWN_PATHS.add(path)


def number(version: str) -> int:
    """3 of 0003-5f0c19aa."""
    return int(version.split("-", 1)[0])


def whole(place: str, value: Any) -> None:
    """A number of records or bytes."""
    if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
        raise WrongValueError(place, value, "no whole number from 0")


def wholes(place: str, value: Any) -> None:
    """A list of such numbers."""
    if not isinstance(value, list):
        raise WrongValueError(place, value, "no list")
    for i, one in enumerate(value):
        whole(f"{place}[{i}]", one)


def amount(place: str, value: Any) -> None:
    """A number of tokens, calls or dollars."""
    if type(value) not in (int, float) or not 0 <= value <= LARGEST_COUNT:
        raise WrongValueError(place, value, "no number from 0")


def text(place: str, value: Any) -> None:
    """A text."""
    if not isinstance(value, str):
        raise WrongValueError(place, value, "no text")


def plain(place: str, value: Any, depth: int = 0) -> None:
    """Texts, numbers, lists and objects, not too deep in one another."""
    if depth > DEEPEST:
        raise WrongValueError(place, "[[[...", "too deep")
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongValueError(place, value, "no number")
    if isinstance(value, dict):
        for key, one in value.items():
            plain(f"{place}.{key}", one, depth + 1)
    elif isinstance(value, list):
        for i, one in enumerate(value):
            plain(f"{place}[{i}]", one, depth + 1)


def named(pattern: re.Pattern[str], what: str) -> Check:
    """A name of this form, or none."""

    def check(place: str, value: Any) -> None:
        if value != "" and not (isinstance(value, str) and pattern.fullmatch(value)):
            raise WrongValueError(place, value, f"no name of a {what}")

    return check


def mapping(inner: Check) -> Check:
    """An object of such values."""

    def check(place: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise WrongValueError(place, value, "no object")
        for key, one in value.items():
            inner(f"{place}.{key}", one)

    return check


def file_entries(place: str, value: Any) -> None:
    """A list of files; their paths are looked at in `check_names`."""
    for i, one in enumerate(value):
        records, size = one["records"], one.get("bytes", 0)
        if type(records) is int and type(size) is int and 0 <= records <= LARGEST_COUNT and 0 <= size <= LARGEST_COUNT:
            continue  # the names of places take longer than the comparison
        whole(f"{place}[{i}].records", records)
        whole(f"{place}[{i}].bytes", size)


def lists_files(value: Any) -> bool:
    """Whether this is a list of path and records."""
    return isinstance(value, list) and all(isinstance(one, dict) and {"path", "records"} <= one.keys() for one in value)


CHECKS: Mapping[str, Check] = {
    "files": file_entries,
    "version": named(VERSION, "version"),
    "parent": named(VERSION, "version"),
    "base": named(VERSION, "version"),
    "hub_version": named(VERSION, "version"),
    "run": named(RUN, "run"),
    "replaces": named(RUN, "run"),
    "counts": mapping(mapping(whole)),
    "hidden": mapping(whole),
    "partial": mapping(whole),
    "lost_files": mapping(whole),
    "usage": mapping(mapping(amount)),
    "prompts": mapping(text),
    "models": mapping(text),
    "parameters": mapping(plain),
    "novelty": mapping(plain),
    "checks": mapping(plain),
    "judged": mapping(plain),
    "repairs": whole,
    "token_limits": wholes,
    **dict.fromkeys(("fingerprint", "hub_content", "runner", "code_version", "created"), text),
}
