"""A word that nobody else uses, planted in a source's text, and the search for it in all that a hub has written."""

from __future__ import annotations

import gzip
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import fastavro
import pyarrow.parquet as pq

from persona_hub.transforms.store.protocol import CHECK_BYTES
from tests.material.sources import TEXTS, A, B, C

WORD = "zyxquorth"
PLANTED = {
    A: f"The {WORD} keepers of Skagen paint its {WORD} lantern room each spring, log every {WORD} ship that passes, "
    f"and teach {WORD} navigation.",
    B: TEXTS[B],
    C: TEXTS[C],
}


def found_in(folder: Path, word: str = WORD) -> list[str]:
    """The files of a folder that hold `word`, as they are or within what they pack."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return [str(file.relative_to(folder)) for file in files if any(holds(piece, word) for piece in pieces_of(file))]


def holds(piece: Any, word: str) -> bool:
    """Whether bytes or a row hold a word, however it is spelled."""
    return word.encode() in (piece if isinstance(piece, bytes) else repr(piece).encode()).lower()


def pieces_of(file: Path) -> Iterator[Any]:
    """All bytes of a file, and its records unpacked."""
    data = file.read_bytes()
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    if file.suffix == ".avro" and data.startswith(b"Obj\x01"):
        with file.open("rb") as handle:
            yield from fastavro.reader(handle)
    if file.suffix == ".parquet":
        yield from pq.read_table(file).to_pylist()
    if data.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(file)) as db:
            yield from (unpacked(value) for (value,) in db.execute("SELECT value FROM answer"))


def unpacked(packed: bytes) -> bytes:
    """An answer as it was before it was packed."""
    return zlib.decompress(packed[CHECK_BYTES:])
