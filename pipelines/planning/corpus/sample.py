"""Some documents of a corpus, or some given personas, as a job would read them, and how many there are in all.

No Beam, on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.corpus_options import CorpusOptions
from persona_hub.transforms.corpus.corpus_records import MIB, CorpusFile, Limits, Piece
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.personas.readers import read_personas
from persona_hub.transforms.corpus.pieces import pieces_of
from persona_hub.transforms.read_corpus.read_corpus import DocumentFilter, document_of
from persona_hub.transforms.read_personas.given import given_document, given_filter
from persona_hub.transforms.records import DeadLetter, Document, DocumentOutcome, content_id

PIECE = MIB  # of a splittable file: small ones, chosen by their hash, are a fair sample
LEAST_DOCUMENTS = 2_000  # that are read before the rest is reckoned by bytes
TIMES = 10  # the documents wanted, if that is more
PIECE_RECORDS = 50_000  # of one piece: a huge compressed file is not read to its end
EXPANDED = 4  # times the size of a compressed file

ReadPiece = Callable[[Piece], Iterator[Document | DocumentOutcome | DeadLetter]]


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

    def read(piece: Piece) -> Iterator[Document | DocumentOutcome | DeadLetter]:
        found = read_piece(piece, options.text_field, limits)
        return (document_of(record, piece.file.path, wanted) for record in found)

    return sample_of(files, read, n, options.max_documents)


def sample_given(files: Sequence[CorpusFile], options: BuildOptions, n: int) -> CorpusSample:
    """The same of the rows of files of personas."""
    wanted, limits = given_filter(frozenset(options.language)), Limits(zstd_window_mb=options.zstd_window_mb)

    def read(piece: Piece) -> Iterator[Document | DocumentOutcome | DeadLetter]:
        found = read_personas(piece, options.persona_field, limits)
        return (given_document(record, piece.file.path, wanted) for record in found)

    return sample_of(files, read, n, options.max_personas)


def sample_of(files: Sequence[CorpusFile], reads: ReadPiece, n: int, most: int) -> CorpusSample:
    """At most `n` of the documents that `reads` finds in pieces, of which a job takes at most `most` (0: all)."""
    pieces = sorted((piece for file in files for piece in pieces_of(file, PIECE)), key=place_of)
    enough = max(LEAST_DOCUMENTS, TIMES * n)
    found: dict[str, Document] = {}
    size, seen, whole = 0.0, 0, True
    for piece in pieces:
        if seen >= enough:
            whole = False
            break
        records, read = 0, 0
        for document in islice(reads(piece), PIECE_RECORDS):
            records += 1
            if isinstance(document, Document):
                seen += 1
                read += len(document.text.encode("utf-8", "replace"))
                found.setdefault(document.document_id, document)
        cut = records >= PIECE_RECORDS
        whole = whole and not cut
        size += min(read / EXPANDED if piece.file.compressed else read, weight_of(piece)) if cut else weight_of(piece)
    total = float(len(found))
    if not whole:
        total = seen * sum(map(weight_of, pieces)) / max(size, 1)
    return CorpusSample([found[name] for name in sorted(found)[:n]], min(total, most or total), whole)


def place_of(piece: Piece) -> str:
    """What pieces are ordered by: a hash."""
    return content_id(f"{piece.file.path}\0{piece.start}")


def weight_of(piece: Piece) -> int:
    """Bytes of a piece on disk."""
    return max(piece.stop - piece.start, 1)
