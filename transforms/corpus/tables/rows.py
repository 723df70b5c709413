"""Rows of CSV (RFC 4180) and TSV, whatever is in their quotes; after damage the next row is looked for."""

from __future__ import annotations

import csv
import io
import sys
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from persona_hub.transforms.corpus.corpus_records import BrokenError, Damage, Limits
from persona_hub.transforms.records import excerpt

SEPARATORS = (",", ";", "\t", "|")
EXCERPT_CHARACTERS = 1024
MOST_LINES = 100_000  # of a row: a line takes memory, too
MOST_TRIES = 50  # rows one after the other that are too large or not closed

# The library's bound holds for the whole process and is too low for a book; that of a row is `Limits.record_bytes`.
csv.field_size_limit(sys.maxsize)


class DelimitedRow(NamedTuple):
    """A row of a table: its number, counted from 0 (the names of the columns), the line it begins in, its fields."""

    number: int
    line: int
    fields: list[str]

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"row {self.number}"


class _RowTooLargeError(Exception):
    """A row goes on for more characters than one may have."""


class _Line(NamedTuple):
    text: str  # with its end; of one that is too long, the beginning
    too_long: bool


# Stands after the last line: the row that it is in, but for one that is nothing else, has not been closed.
END = _Line("\0end of the table\0", False)


def delimited_rows(chunks: Iterator[str], separator: str, limits: Limits) -> Iterator[DelimitedRow | Damage]:
    """The rows of a text that comes in chunks, blank lines left out.

    A row that is too large, or whose quotes are never closed, is damage, and reading goes on after its first line.
    Raises BrokenError where that has been tried in vain too often.
    """
    feed = _Feed(_lines(chunks, limits.record_bytes), limits)
    reader = csv.reader(feed, delimiter=separator)
    number = 0
    while True:
        start = feed.begin_row()
        try:
            fields = next(reader, None)
        except _RowTooLargeError:
            most = f"{limits.record_bytes:,} characters or {MOST_LINES:,} lines"
            detail = f"it begins in line {start} and has more than {most}, or its quotes are never closed."
            yield Damage(f"row {number}", "record-too-large", f"{detail} Mend the row or leave it out.", feed.seen())
        else:
            if fields is None or (feed.at_end and fields == [END.text]):
                return
            if not fields:
                continue
            if not feed.at_end:
                yield DelimitedRow(number, start, fields)
                number += 1
                continue
            detail = f"the quotes that open in line {start} are never closed. Mend the row or leave it out."
            yield Damage(f"row {number}", "unclosed-quote", detail, feed.seen())
        number += 1
        feed.read_again()
        reader = csv.reader(feed, delimiter=separator)


def separator_of(line: str) -> str:
    """What sets the names of columns apart in the first line of a CSV file: mostly a comma."""
    counts = {mark: len(next(csv.reader([line], delimiter=mark), [])) for mark in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: counts[mark])


class _Feed:
    """The lines of a table for the library's reader, which asks for as many as a row has."""

    def __init__(self, lines: Iterator[_Line], limits: Limits):
        self._lines = lines
        self._limits = limits
        self._again: deque[_Line] = deque()  # lines that come before the next one
        self._row: list[_Line] = []
        self._size = 0  # characters of the row
        self._line = 0  # the last line of the row
        self._spent = 0  # characters that were read once more
        self._tries = 0  # since the last row that was whole

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            raise StopIteration
        self._row.append(line)
        self._line += 1
        self._size += len(line.text)
        if line.too_long or self._size > self._limits.record_bytes or len(self._row) > MOST_LINES:
            raise _RowTooLargeError
        return line.text

    @property
    def at_end(self) -> bool:
        """Whether the row has taken what stands after the last line."""
        return bool(self._row) and self._row[-1] is END

    def begin_row(self) -> int:
        """The number of the line in which the next row begins."""
        if self._row:
            self._tries = 0
        self._row, self._size = [], 0
        return self._line + 1

    def seen(self) -> str:
        """How the row begins."""
        return excerpt(self._row[0].text[:EXCERPT_CHARACTERS])

    def read_again(self) -> None:
        """Puts back the row but for its first line. Raises BrokenError if too much has been put back."""
        first, *rest = self._row
        self._spent += self._size - len(first.text)
        self._tries += 1
        if self._spent > self._limits.free_bytes or self._tries > MOST_TRIES:
            detail = (
                "too many quotes are never closed: the rest is left. Write the table again, with RFC 4180's quotes."
            )
            raise BrokenError("not-a-table", detail)
        self._again.extendleft(reversed(rest))
        self._line -= len(rest)
        self._row = []


def _lines(chunks: Iterator[str], characters: int) -> Iterator[_Line]:
    """The lines of a text, each with one line feed, then END; CR and CR LF end lines, too."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    kept: list[str] = []
    length = 0
    for chunk in chunks:
        *ended, rest = newlines.decode(chunk).split("\n")
        for part in ended:
            kept.append(part)
            length += len(part)
            yield _Line("".join(kept) + "\n", length > characters)
            kept, length = [], 0
        length += len(rest)
        kept = [*kept, rest] if length <= characters else ["".join(kept)[:EXCERPT_CHARACTERS]]
    if length:
        yield _Line("".join(kept) + "\n", length > characters)
    yield END
