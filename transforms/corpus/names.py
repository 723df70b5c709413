"""Names of files and members as they can be printed and stored, and what a record of the corpus may be named by."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache

from persona_hub.transforms.records import ADDRESS_END, Document, DocumentOutcome, is_named

UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")
MEMBER = "!"  # between an archive and its member
WITHIN = "#"  # between a file and the address or id of a record, which other files may have, too


def printable_name(name: str) -> str:
    r"""`name` with bytes that are no UTF-8 and control characters as "\xe9": one name, one address, on every machine.

    Python has such bytes of a name as lone surrogates ("surrogateescape"), which no table or terminal takes.
    """
    return UNPRINTABLE.sub(_escaped, name)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def normal_path(name: str) -> str:
    """A local path without "./", "//" and "a/../": what it names by its words alone; anything else as it is."""
    return name if "://" in name or "/" not in name else os.path.normpath(name)


@lru_cache(maxsize=1024)
def files_around(file: str) -> tuple[str, ...]:
    """A file, and the archives that it lies in: "a.zip!b.tar!c.txt", "a.zip!b.tar", "a.zip"; with normal forms."""
    ends = [len(file), *(found.start() for found in re.finditer(MEMBER, file) if found.start())]
    names = [file[:end] for end in sorted(ends, reverse=True)]
    return tuple(dict.fromkeys(form for name in names for form in (name, normal_path(name))))


def places_of(source: str, file: str) -> Iterator[str]:
    """Names of a record by where it lies: its file, the archives around that, and FILE#ID for each of its addresses."""
    yield from files_around(file)
    for name in dict.fromkeys((file, normal_path(file))):
        if source.startswith(f"{file}, "):  # it has no address of its own
            yield name + source[len(file) :]
        else:
            yield from (f"{name}{WITHIN}{address}" for address in source.split(ADDRESS_END))


def is_row_named(row: Document | DocumentOutcome, names: AbstractSet[str]) -> bool:
    """Whether `names` holds an address of a record, where it lies (`places_of`), or the id of its document."""
    return (
        is_named(row.source, names)
        or (row.document_id != "" and row.document_id in names)
        or not names.isdisjoint(places_of(row.source, row.file))
    )
