"""Plain text: one document a file; of a long file, several, cut at paragraphs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from persona_hub.transforms.corpus.charsets.decoding import HEAD_BYTES, codec_of
from persona_hub.transforms.corpus.charsets.fitting import decoded_stream
from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Limits, Piece, TextRecord
from persona_hub.transforms.corpus.streams import content_chunks
from persona_hub.transforms.corpus.text import cut_at_sentence

PARAGRAPH = re.compile(r"\n[ \t\r]*\n\s*")
ESCAPING = frozenset(b"\0\x1b")  # in ASCII: another encoding


def read_plain_text(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """The text of a file, or its parts of at most `part_characters`."""
    for line, part in text_parts(decoded_text(content_chunks(piece.file, limits)), limits.part_characters):
        yield TextRecord(f"line {line}", "", part)


def text_parts(chunks: Iterator[str], characters: int) -> Iterator[tuple[int, str]]:
    """(number of its first line, text) of each part: as many whole paragraphs as fit, else sentences.

    No more than a part and a chunk is in memory.
    """
    line, pending = 1, ""
    for chunk in chunks:
        pending += chunk
        while len(pending) > characters:
            part = _first_part(pending, characters)
            if part.strip():
                yield line + _leading_lines(part), part
            line += part.count("\n")
            pending = pending[len(part) :]
    if pending.strip():
        yield line + _leading_lines(pending), pending


def _first_part(text: str, characters: int) -> str:
    ends = [match.end() for match in PARAGRAPH.finditer(text, characters // 4, characters)]
    return text[: ends[-1]] if ends else cut_at_sentence(text, characters) or text[:characters]


def _leading_lines(text: str) -> int:
    return text[: len(text) - len(text.lstrip())].count("\n")


def decoded_text(chunks: Iterator[bytes]) -> Iterator[str]:
    """The text of a file in chunks; bytes that do not fit its encoding are U+FFFD.

    What is before the first byte beyond ASCII tells nothing, so it is what begins there that tells the encoding.
    """
    for head, complete in heads(chunks):
        if not complete and head.isascii() and not ESCAPING.intersection(head):
            yield head.decode("ascii")
            continue
        yield from decoded_stream(itertools.chain([head], chunks), codec_of(head, complete=complete))


def heads(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """(bytes, whether they are the last) by as many bytes as tell an encoding; what is taken from `chunks` between."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD_BYTES:
            yield head, False
            head = b""
    if head:
        yield head, True
