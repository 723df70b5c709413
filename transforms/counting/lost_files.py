"""Files of which no record has a text in the field that was looked for: mostly a fault of the command.

A JSON Lines file without the field loses every line, a table loses itself in one dead letter. Among other files that
is a small share of what is read, so it is told by file. A file that one worker reads alone is judged there; of one in
pieces, each piece says what it found, and the sums decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from persona_hub.transforms.counting.stages import LOST_FILES
from persona_hub.transforms.records import DeadLetter, Document, DocumentOutcome

NO_TEXT_FIELD = ("field-missing", "field-not-text")
MOST_NAMED_FILES = 1000  # in a manifest
# These begin the names of counts, and a file ends them.
BARE, READABLE = "bare ", "readable "


def lacks_field(reason: str) -> bool:
    """Whether a dead letter's reason is that a record has no text in the field that was looked for."""
    return reason in NO_TEXT_FIELD


class FilesOfPiece:
    """What a piece holds, by file: an archive is one piece with many."""

    def __init__(self, whole: bool, loses: Callable[[str], bool] = lacks_field):
        self.whole = whole  # whether the piece is all of its file
        self.loses = loses  # whether a reason says that no record of a file may have a text
        self.bare: Counter[str] = Counter()  # records without the field
        self.readable: set[str] = set()

    def add(self, record: Document | DocumentOutcome | DeadLetter) -> None:
        """Notes one record. What is damaged says nothing about the field."""
        if not isinstance(record, DeadLetter):
            self.readable.add(record.file)
        elif self.loses(record.reason):
            self.bare[record.key] += 1

    def add_rows(self, file: str, read: int, faults: Iterable[str]) -> None:
        """Notes rows: how many have a text, and the reasons why the others have none."""
        if read:
            self.readable.add(file)
        if bare := sum(map(self.loses, faults)):
            self.bare[file] += bare

    def counts(self) -> Iterator[tuple[tuple[str, str], int]]:
        """What is to be added up."""
        for file, n in sorted(self.bare.items()):
            if not (self.whole and file in self.readable):
                yield (LOST_FILES, f"{BARE}{file}"), n
        if not self.whole:
            yield from (((LOST_FILES, f"{READABLE}{file}"), 1) for file in sorted(self.readable))


def lost_files(found: Mapping[str, int]) -> dict[str, int]:
    """{file: its records} of those that no record could be read of, out of the sums of `FilesOfPiece.counts`."""
    lost = {
        file: n
        for name, n in sorted(found.items())
        if name.startswith(BARE) and f"{READABLE}{(file := name.removeprefix(BARE))}" not in found
    }
    return dict(list(lost.items())[:MOST_NAMED_FILES])
