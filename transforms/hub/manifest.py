"""What a version of the hub, or a run beside it, consists of: the file without which its files do not exist."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cached_property, lru_cache
from typing import Any, Self

import orjson

from persona_hub.transforms.hub.manifest_form import RESTORE_FILE, check_form
from persona_hub.transforms.hub.manifest_form import ManifestError as ManifestError
from persona_hub.transforms.hub.places import MANIFEST as MANIFEST
from persona_hub.transforms.hub.places import HubError as HubError

MANIFEST_FORMAT = 1  # of the manifest; a reader refuses a higher one


@dataclass(frozen=True, order=True)
class FileEntry:
    """A file that is whole: never changed after it has its name."""

    path: str  # relative to OUTPUT, with "/"
    records: int
    bytes: int = 0

    @cached_property
    def kind(self) -> str:
        """What the file holds: "personas" of "hub/0001-5f0c19aa/personas-00000-of-00004-9a3e61b0c2d4.avro"."""
        return self.path.rsplit("/", 1)[-1].split("-", 1)[0]

    @cached_property
    def folder(self) -> str:
        """The path without the file's name."""
        return self.path.rpartition("/")[0]


@lru_cache(maxsize=1 << 18)
def file_entry(path: str, records: int, size: int) -> FileEntry:
    """The entry of a file: one object, however many versions name it."""
    return FileEntry(path, records, size)


@dataclass(frozen=True, kw_only=True)
class BaseManifest:
    """How files were made, and which they are."""

    files: tuple[FileEntry, ...] = ()
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # {stage: {name: records}}
    parameters: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)  # {name: hash}
    models: Mapping[str, str] = field(default_factory=dict)  # {stage: model}
    checks: Mapping[str, Any] = field(default_factory=dict)  # how samples are checked, as far as files and models say
    usage: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # {stage: {calls, input_tokens ...}}
    partial: Mapping[str, int] = field(default_factory=dict)  # {why: questions without an answer}; none: complete
    lost_files: Mapping[str, int] = field(default_factory=dict)  # {file without the text's field: its records}
    repairs: int = 0  # how often a malformed answer was asked for again; more than --retry_malformed after attempts
    token_limits: tuple[int, ...] = ()  # --max_tokens of earlier runs, whose whole answers stand; 0: not given
    replaces: str = ""  # the partial version or run that this one completes, or brings further
    runner: str = ""
    code_version: str = ""
    created: str = ""  # ISO 8601, UTC

    def files_of(self, kind: str) -> tuple[FileEntry, ...]:
        """The files of one kind, in order of their paths."""
        return tuple(sorted(entry for entry in self.files if entry.kind == kind))

    def records_of(self, kind: str) -> int:
        """How many records of one kind there are."""
        return sum(entry.records for entry in self.files if entry.kind == kind)

    def to_json(self) -> bytes:
        """The manifest as its file holds it."""
        document = {"format": MANIFEST_FORMAT, **asdict(self), "files": [asdict(entry) for entry in sorted(self.files)]}
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n"

    @classmethod
    def from_json(cls, data: bytes, where: str) -> Self:
        """The manifest in `data`, which was read from the path `where`.

        Raises ManifestError for a broken or a newer one, and for values that no manifest of ours has (`check_form`).
        """
        try:
            document = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise ManifestError(f"{where}: not JSON ({error}); {RESTORE_FILE}") from None
        if not isinstance(document, dict) or type(document.get("format")) is not int:
            raise ManifestError(f"{where}: not a manifest of a hub (it names no format)")
        if document["format"] > MANIFEST_FORMAT:
            raise ManifestError(
                f"{where}: format {document['format']}, but this program reads up to {MANIFEST_FORMAT}; "
                "install a newer one"
            )
        required = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
        lacking = sorted((required | {"files", "counts"}) - document.keys())
        if lacking:
            raise ManifestError(f"{where}: lacks '{lacking[0]}'; {RESTORE_FILE}")
        check_form(document, data, where)
        known = {f.name: document[f.name] for f in fields(cls) if f.name in document}
        known["files"] = tuple(file_entry(f["path"], f["records"], f.get("bytes", 0)) for f in document["files"])
        if "token_limits" in known:
            known["token_limits"] = tuple(known["token_limits"])
        return cls(**known)


@dataclass(frozen=True, kw_only=True)
class Manifest(BaseManifest):
    """A version of the hub. `files` are all that a reader needs, those of earlier versions among them."""

    version: str  # 0003-5f0c19aa
    parent: str = ""  # the version that readers saw before it
    base: str = ""  # the version it adds to: its parent, or the one that a partial parent added to
    fingerprint: str = ""  # of what decides its content
    hidden: Mapping[str, int] = field(default_factory=dict)  # {kind: records in `files` that tombstones hide}
    novelty: Mapping[str, Any] = field(default_factory=dict)  # new personas for each document and dollar, as of rates()

    @property
    def folder(self) -> str:
        """Of the version's own files, relative to OUTPUT."""
        return f"hub/{self.version}"

    def records_of(self, kind: str) -> int:
        """How many records of one kind readers see."""
        return super().records_of(kind) - self.hidden.get(kind, 0)


@dataclass(frozen=True, kw_only=True)
class RunManifest(BaseManifest):
    """The files of one run in a folder beside the hub: samples of a use case, or dead letters."""

    run: str
    hub_version: str = ""  # that the run read or made
    hub_content: str = ""  # `content_of` that version as the run read it: a purge changes it
    accepted: int = 0  # samples of this folder that passed every check
    candidates: int = 0  # answers that they were chosen of
    rejected: Mapping[str, int] = field(default_factory=dict)  # {reason: answers}
    judged: Mapping[str, Any] = field(default_factory=dict)  # by whom, and how far that agrees with people


def fingerprint(parameters: Mapping[str, Any]) -> str:
    """16 hex digits of what decides a version's content: its parameters and input files, in any order of keys."""
    data = orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_sorted_set)
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def _sorted_set(value: Any) -> Any:
    """Sets have no order of their own, and a tuple is a list."""
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"parameters: {type(value).__name__} is no plain value")


def version_name(parent: str, content: str) -> str:
    """Name of the version after `parent` ("" for the first) whose fingerprint is `content`."""
    number = version_order(parent)[0] + 1 if parent else 1
    return f"{number:04}-{content[:8]}"


def version_order(version: str) -> tuple[int, str]:
    """Sort key of versions' names: by number, so that 9999 comes before 10000."""
    return int(version.split("-", 1)[0]), version


def content_of(manifest: Manifest) -> str:
    """A hash of what a version holds; names of files hold one of their content."""
    paths = "\n".join(sorted(entry.path for entry in manifest.files))
    return hashlib.blake2b(paths.encode(), digest_size=8).hexdigest()


def by_folder(entries: Iterable[FileEntry]) -> dict[str, tuple[FileEntry, ...]]:
    """Entries by the folder that they lie in, sorted."""
    groups: dict[str, list[FileEntry]] = {}
    for entry in sorted(set(entries)):
        groups.setdefault(entry.folder, []).append(entry)
    return {folder: tuple(group) for folder, group in groups.items()}
