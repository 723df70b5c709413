"""Some documents of a corpus as a job would read them, and how many there are in all; no Beam, on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from persona_hub.pipelines.cli.corpus_options import CorpusOptions
from persona_hub.transforms.corpus.corpus_records import MIB, CorpusFile, Limits, Piece
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.pieces import pieces_of
from persona_hub.transforms.read_corpus.read_corpus import DocumentFilter, document_of
from persona_hub.transforms.records import Document, content_id

PIECE = MIB  # of a splittable file: small ones, chosen by their hash, are a fair sample
LEAST_DOCUMENTS = 2_000  # that are read before the rest is reckoned by bytes
TIMES = 10  # the documents wanted, if that is more
PIECE_RECORDS = 50_000  # of one piece: a huge compressed file is not read to its end
EXPANDED = 4  # times the size of a compressed file


@dataclass(frozen=True)
class CorpusSample:
    """Documents, the first by id of those read, and how many the corpus has."""

    documents: Sequence[Document]
    total: float  # documents that a job would ask about
    exact: bool  # whether the whole corpus was read


def sample_corpus(files: Sequence[CorpusFile], options: CorpusOptions, n: int) -> CorpusSample:
    """At most `n` documents. Of equal documents one counts, where both were read."""
    wanted = DocumentFilter(frozenset(options.language), options.min_characters, options.max_characters)
    limits = Limits(part_characters=options.max_characters, zstd_window_mb=options.zstd_window_mb)
    pieces = sorted((piece for file in files for piece in pieces_of(file, PIECE)), key=place_of)
    enough = max(LEAST_DOCUMENTS, TIMES * n)
    found: dict[str, Document] = {}
    size, seen, whole = 0.0, 0, True
    for piece in pieces:
        if seen >= enough:
            whole = False
            break
        records, read = 0, 0
        for document in documents_of(piece, options.text_field, limits, wanted):
            records += 1
            if document is not None:
                seen += 1
                read += len(document.text.encode("utf-8", "replace"))
                found.setdefault(document.document_id, document)
        cut = records >= PIECE_RECORDS
        whole = whole and not cut
        size += min(read / EXPANDED if piece.file.compressed else read, weight_of(piece)) if cut else weight_of(piece)
    total = float(len(found))
    if not whole:
        total = seen * sum(map(weight_of, pieces)) / max(size, 1)
    most = options.max_documents or total
    return CorpusSample([found[name] for name in sorted(found)[:n]], min(total, most), whole)


def documents_of(piece: Piece, text_field: str, limits: Limits, wanted: DocumentFilter) -> Iterator[Document | None]:
    """A document for each record of a piece, None for one that gives none."""
    for found in islice(read_piece(piece, text_field, limits), PIECE_RECORDS):
        document = document_of(found, piece.file.path, wanted)
        yield document if isinstance(document, Document) else None


def place_of(piece: Piece) -> str:
    """What pieces are ordered by: a hash."""
    return content_id(f"{piece.file.path}\0{piece.start}")


def weight_of(piece: Piece) -> int:
    """Bytes of a piece on disk."""
    return max(piece.stop - piece.start, 1)
