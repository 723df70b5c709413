"""Bytes read by one codec: what does not fit becomes U+FFFD, and is counted."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple

REPLACEMENT = "\ufffd"
REPLACED = "persona-hub-replaced"  # name of the error handler
# Where a codec knows less than the browsers' table, another is asked: rows 13 and 89 to 92 of the Japanese set.
SECOND_TABLES = {"euc_jp": "euc_jis_2004"}
LONE_BYTES = {"gb18030": {0x80: "\u20ac"}, "gbk": {0x80: "\u20ac"}}
# What Python's codec has for bytes that are none of the charset.
PRIVATE = {"cp932": dict.fromkeys(range(0xF8F0, 0xF8F4), REPLACEMENT) | {0x80: REPLACEMENT}}


class Decoded(NamedTuple):
    """A text, the characters of it that stand for bytes that did not fit, and the codec that read it."""

    text: str
    replaced: int
    codec: str


def decoded_as(data: bytes, codec: str) -> Decoded:
    """`data` read by `codec`; a byte that does not fit is U+FFFD, and what comes after it is read on."""
    text = data.decode(codec, REPLACED).translate(PRIVATE.get(codec, {}))
    return Decoded(text, text.count(REPLACEMENT) - _meant(data, codec), codec)


def decoded_stream(chunks: Iterable[bytes], codec: str) -> Iterator[str]:
    """`decoded_as` for a text in chunks, whose borders may fall within a character."""
    decoder = codecs.getincrementaldecoder(codec)(REPLACED)
    private = PRIVATE.get(codec, {})
    for chunk in chunks:
        yield decoder.decode(chunk).translate(private)
    yield decoder.decode(b"", True).translate(private)


def unfit(decoded: Decoded) -> float:
    """The share of characters outside of ASCII that stand for bytes that did not fit; 0 if there are none."""
    beyond = sum(not c.isascii() for c in decoded.text)
    return decoded.replaced / beyond if beyond else 0.0


def _meant(data: bytes, codec: str) -> int:
    """Characters U+FFFD that the author, or a program before this one, wrote."""
    return data.count(REPLACEMENT.encode("utf-8")) if codec.startswith("utf-8") else 0


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    rest, codec = error.object[error.start : error.start + 3], error.encoding.lower()
    if known := LONE_BYTES.get(codec, {}).get(rest[0]):
        return known, error.start + 1
    if second := SECOND_TABLES.get(codec):
        for length in (2, 3):
            try:
                return rest[:length].decode(second), error.start + length
            except UnicodeDecodeError:
                continue
    return REPLACEMENT, error.end


codecs.register_error(REPLACED, _replaced)
