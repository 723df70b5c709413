"""The reader of each format: one line here and one file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.corpus.found import BrokenError, Damage, Found, Limits, Piece, Reader
from transforms.corpus.json_lines import read_json_lines

READERS: dict[str, Reader] = {
    "jsonl": read_json_lines,
}


def read_piece(piece: Piece, text_field: str, limits: Limits) -> Iterator[Found]:
    """Everything that is found in `piece`; where it cannot be read on, that place is the last thing found."""
    place = f"byte {piece.start}"
    try:
        for found in READERS[piece.file.format](piece, text_field, limits):
            place = f"after {found.place}"
            yield found
    except BrokenError as broken:
        yield Damage("the start" if place == "byte 0" else place, broken.reason, broken.detail)
