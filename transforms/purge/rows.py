"""What is left of a row, and of a file, when somebody is erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from persona_hub.transforms.corpus.names import files_around
from persona_hub.transforms.counting.stages import FILTER_PERSONA, READ_CORPUS, READ_PERSONAS
from persona_hub.transforms.hub.manifest import FileEntry
from persona_hub.transforms.hub.table_files import read_file, write_shard
from persona_hub.transforms.hub.versions import path_of
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.records import (
    Attributes,
    DeadLetter,
    Duplicate,
    Member,
    Persona,
    Provenance,
    Sample,
    Vector,
)
from persona_hub.transforms.wire.batches import batches


@dataclass(frozen=True)
class Rewritten:
    """A file that holds less than before: its successor, None where nothing is left, and the rows that went."""

    entry: FileEntry | None
    dropped: tuple[Any, ...] = field(default=(), repr=False)


def without_erased(row: Any, gone: Erasure) -> Any:
    """The row without what is to be erased, None where nothing is left of it.

    The relation goes too where the parent is erased: a model gave it when it was asked about the parent.
    """
    match row:
        case Persona() | Duplicate():
            if row.persona_id in gone.personas:
                return None
            return replace(row, relation="") if row.parent_id in gone.personas and row.relation else row
        case Provenance():
            whence = row.parent_id in gone.personas if row.hop else row.document_id in gone.documents
            return None if whence or row.persona_id in gone.personas else row
        case Attributes():
            if row.persona_id in gone.personas:
                return None
            return replace(row, given="") if row.persona_id in gone.given and row.given else row
        case Vector() | Member() | Sample():
            return None if row.persona_id in gone.personas else row
        case DeadLetter():
            return None if concerns(row, gone) else row
    return row


def concerns(letter: DeadLetter, gone: Erasure) -> bool:
    """Whether a dead letter is about what is to be erased, or names an address of it.

    A persona that a filter dropped is in no table: its letter tells the address of the document at its root. A record
    that could not be read is told by what it shows of itself.
    """
    if letter.key in gone.personas or letter.key in gone.documents:
        return True
    if letter.stage == FILTER_PERSONA:
        return letter.detail.removeprefix("of ") in gone.addresses
    if letter.stage in (READ_CORPUS, READ_PERSONAS):
        return not gone.addresses.isdisjoint(files_around(letter.key)) or gone.mentions.anywhere(letter.excerpt)
    return False


def rewrite(output: str, entry: FileEntry, record: type, gone: Erasure) -> Rewritten | None:
    """Writes a file's successor beside it, None where nothing is to be erased in it. The file itself stays."""
    return rewrite_rows(output, entry, record, lambda row: without_erased(row, gone))


def rewrite_rows(output: str, entry: FileEntry, record: type, rest_of: Callable[[Any], Any]) -> Rewritten | None:
    """The same with what `rest_of` leaves of each row, None where nothing is left, the row itself where all is.

    The successor has the name of the file but for the hash of its content, so the work done again changes nothing.
    """
    path = path_of(output, entry.path)
    rows: Callable[[], Iterator[Any]] = partial(read_file, path, record)
    if all(rest_of(row) is row for row in rows()):
        return None
    dropped: list[Any] = []

    def left() -> Iterator[Any]:
        for row in rows():
            rest = rest_of(row)
            if rest is None:
                dropped.append(row)
            else:
                yield rest

    name = entry.path.rpartition("/")[2]
    stem, _, suffix = name.rpartition("-")[0], *name.rpartition(".")[1:]
    made = write_shard(output, entry.folder, stem, record, suffix, batches(left()))
    return Rewritten(made if made.records else None, tuple(dropped))
