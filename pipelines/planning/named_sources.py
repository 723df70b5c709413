"""Which sources a takedown names: those of --source, and a line each of --source_file."""

from __future__ import annotations

import sys
from collections.abc import Collection

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.hub_options import SourceOptions
from persona_hub.transforms.corpus.documents import LONGEST_SOURCE
from persona_hub.transforms.corpus.names import printable_name
from persona_hub.transforms.files.storage import read_bytes
from persona_hub.transforms.records import excerpt

STANDARD_INPUT = "-"
SHOWN_SOURCES = 3  # of many, in a message
MOST_BYTES, MOST_SOURCES = 64 << 20, 1_000_000


def named_sources(options: SourceOptions) -> frozenset[str]:
    """Addresses, files and ids of documents. Raises UsageError for none, and for a file that is no list of such."""
    named = frozenset(map(printable_name, options.source))
    if options.source_file:
        named |= sources_in(options.source_file)
    if not named:
        raise UsageError("--source is required: an address, a file or the id of a document; or --source_file")
    return named


def sources_in(path: str) -> frozenset[str]:
    """The lines of a file, or of standard input for "-", without the empty ones. Raises UsageError."""
    place = "standard input" if path == STANDARD_INPUT else path
    flag = f"--source_file {place}"
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1) if path == STANDARD_INPUT else read_bytes(path, MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{flag}: {error.strerror or error}; name a file with an address on each line") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{flag}: more than {MOST_BYTES:,} bytes; part it, and take down one part after another")
    found = set()
    for n, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        try:
            source = line.decode().strip()
        except UnicodeDecodeError:
            remedy = (
                "save the file as UTF-8; a byte of a file's name that is none is written as `versions --sources` does"
            )
            raise UsageError(f"{flag}, line {n}: no UTF-8; {remedy}, \\xe9") from None
        if len(source) > LONGEST_SOURCE:
            raise UsageError(
                f"{flag}, line {n}: {len(source):,} characters, and no address in a hub has more than "
                f"{LONGEST_SOURCE:,}; put one on each line"
            )
        if source:
            found.add(printable_name(source))
    if not found:
        raise UsageError(f"{flag}: names no source; put one on each line")
    if len(found) > MOST_SOURCES:
        raise UsageError(f"{flag}: more than {MOST_SOURCES:,} sources; part it, and take down one part after another")
    return frozenset(found)


def some_of(sources: Collection[str]) -> str:
    """Some of many sources, in a message."""
    shown = ", ".join(excerpt(source) for source in sorted(sources)[:SHOWN_SOURCES])
    more = len(sources) - SHOWN_SOURCES
    return f"{shown} and {more:,} more" if more > 0 else shown
