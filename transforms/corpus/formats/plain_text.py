"""Plain text: one document a file; of a long file, several, cut at paragraphs."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from persona_hub.transforms.corpus.corpus_records import BrokenError, CorpusRecord, Damage, Limits, Piece, TextRecord
from persona_hub.transforms.corpus.formats.encoding import SNIFF_BYTES, sniff
from persona_hub.transforms.corpus.streams import content_chunks
from persona_hub.transforms.corpus.text import cut_at_sentence

PARAGRAPH = re.compile(r"\n[ \t\r]*\n\s*")
UNDECODABLE = re.compile("[\udc80-\udcff]")  # what "surrogateescape" makes of bytes that do not fit


def read_plain_text(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """The text of a file, or its parts of at most `part_characters`; a part that cannot be decoded is damage."""
    for line, part in text_parts(decoded_text(content_chunks(piece.file, limits)), limits.part_characters):
        place = f"line {line}"
        wrong = UNDECODABLE.search(part)
        if wrong:
            seen = part.encode("utf-8", "replace").decode("utf-8")
            line += part.count("\n", 0, wrong.start())
            detail = f"a byte at line {line} does not fit the file's encoding. Convert it, as with iconv."
            yield Damage(place, "invalid-encoding", detail, seen)
        else:
            yield TextRecord(place, "", part)


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
    """The text of a file in chunks; bytes that do not fit its encoding are lone surrogates (`UNDECODABLE`)."""
    first = next(chunks, b"")
    encoding = sniff(first, complete=len(first) < SNIFF_BYTES)
    if encoding is None:
        raise BrokenError("not-text", "binary data, or text of no known encoding. Leave it out or force its --format.")
    errors = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    yield decoder.decode(first)
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", True)
