"""Files to pieces that workers read on their own, and pieces to loads of about the same work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from persona_hub.transforms.corpus.corpus_records import KIB, MIB, CorpusFile, Piece

PIECE_BYTES = 16 * MIB  # a second or two of work, and 128 pieces of a file of 2 GB
LOAD_BYTES = 256 * KIB  # small files travel together: a reshuffled element costs as much as reading 2 KB
# A record of these belongs to the piece in which its first byte lies (for Parquet: the first byte of its row group).
# Plain text needs its file from the start, WARC has no marks to find the next record by that no page could hold.
# CSV may have line feeds in quotes.
SPLITTABLE = frozenset({"jsonl", "parquet", "avro", "mediawiki"})


def pieces_of(file: CorpusFile, piece_bytes: int = PIECE_BYTES) -> Iterator[Piece]:
    """The pieces of a file, in its order, each of `piece_bytes` but the last; one if it cannot be split."""
    step = piece_bytes if is_splittable(file) else max(file.size, 1)
    for start in range(0, max(file.size, 1), step):
        yield Piece(file, start, min(start + step, max(file.size, 1)))


def is_splittable(file: CorpusFile) -> bool:
    """Whether a file can be read from within; of compressed ones, a dump in bzip2, which mostly has many streams."""
    if file.compressed:
        return file.format == "mediawiki" and file.path.lower().endswith(".bz2")
    return file.format in SPLITTABLE


def loads_of(
    files: Iterable[CorpusFile], piece_bytes: int = PIECE_BYTES, load_bytes: int = LOAD_BYTES
) -> Iterator[list[Piece]]:
    """All pieces of `files`, small ones together in loads of about `load_bytes`."""
    load: list[Piece] = []
    size = 0
    for piece in (piece for file in files for piece in pieces_of(file, piece_bytes)):
        if load and size + piece.stop - piece.start > load_bytes:
            yield load
            load, size = [], 0
        load.append(piece)
        size += piece.stop - piece.start
    if load:
        yield load
