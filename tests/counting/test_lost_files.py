"""Which files are lost whole: by what their pieces say, read alone or in parts."""

from __future__ import annotations

from collections import Counter

import pytest

from persona_hub.transforms.counting.counts import nested
from persona_hub.transforms.counting.lost_files import FilesOfPiece, lost_files
from persona_hub.transforms.counting.stages import LOST_FILES
from persona_hub.transforms.records import DeadLetter, DocumentOutcome

TEXT, EMPTY, BARE, NUMBER, BROKEN = "text", "empty", "field-missing", "field-not-text", "broken-json"


def lost(*pieces: str, whole: bool, file: str = "a.jsonl") -> dict[str, int]:
    """The lost files of pieces that hold records of these kinds."""
    counts: list[tuple[tuple[str, str], int]] = []
    for piece in pieces:
        files = FilesOfPiece(whole)
        for kind in piece.split():
            if kind in (TEXT, EMPTY):
                files.add(DocumentOutcome("", "", file, "line 1", kind, "en", 9))
            else:
                files.add(DeadLetter("read_corpus", kind, file, ""))
        counts += files.counts()
    return lost_files(nested(counts).get(LOST_FILES, {}))


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("piece", "number"),
    [
        (f"{BARE} {BARE}", 2),
        (f"{BARE} {NUMBER} {BROKEN}", 2),
        (f"{BARE} {TEXT} {BARE}", 0),
        (f"{BARE} {EMPTY}", 0),
        (f"{BROKEN} {BROKEN}", 0),
        ("", 0),
    ],
)
def test_a_file_is_lost_if_no_record_has_the_field(piece: str, number: int, whole: bool) -> None:
    assert lost(piece, whole=whole) == ({"a.jsonl": number} if number else {})


def test_one_piece_with_a_text_saves_the_file() -> None:
    assert lost(BARE, f"{BARE} {BARE}", whole=False) == {"a.jsonl": 3}
    assert lost(BARE, TEXT, whole=False) == {}


def test_a_file_that_is_read_alone_tells_nothing_where_nothing_is_lost() -> None:
    files = FilesOfPiece(whole=True)
    files.add(DocumentOutcome("", "", "a", "line 1", TEXT, "en", 9))
    assert not [*files.counts()]


def test_rows_are_told_by_their_numbers_and_reasons() -> None:
    found: Counter[str] = Counter()
    for file, read, faults in (("a", 0, [BARE, NUMBER]), ("b", 1, [BARE]), ("c", 0, [BROKEN]), ("a", 0, [BARE])):
        files = FilesOfPiece(whole=False)
        files.add_rows(file, read, faults)
        found.update({name: n for (_, name), n in files.counts()})
    assert lost_files(found) == {"a": 3}
