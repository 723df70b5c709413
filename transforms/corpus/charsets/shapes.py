"""What the bytes alone show: marks, UTF-8, UTF-16 and 32 without marks, escape sequences, and data that is no text."""

from __future__ import annotations

import codecs
import re

from persona_hub.transforms.corpus.charsets.fitting import REPLACEMENT, decoded_as

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROL_SHARE = 0.1  # of bytes; text has none but white space and some NUL, images and archives have an eighth
CONTROLS = bytes(sorted(set(range(32)) - set(b"\t\n\v\f\r\x1b") | {127}))
ESCAPES = (  # ISO 2022: how a text says that another set begins
    (re.compile(rb"\x1b\$[@B]|\x1b\$\(D|\x1b\([JI]"), "iso2022_jp_ext"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
)
LEAST_PAIRS = 4
FITTING = 4  # characters of UTF-8 for a fault
FITTING_OF_FEW, FEW_FAULTS = 0.3, 0.1  # the same, where no more than this share of the characters are faults
MOST_HIGH = 0.02  # bytes beyond ASCII in a text of seven bits: damage


def marked(head: bytes) -> str:
    """The codec of the byte order mark, "" if there is none."""
    return next((codec for mark, codec in BYTE_ORDER_MARKS if head.startswith(mark)), "")


def escaped(head: bytes) -> str:
    """The codec of text in seven bits with the escape sequences of ISO 2022, "" if there are none."""
    if sum(byte > 127 for byte in head) > MOST_HIGH * len(head):
        return ""
    return next((codec for escape, codec in ESCAPES if escape.search(head)), "")


def is_utf_8(head: bytes, complete: bool = True) -> bool:
    """Whether `head` is UTF-8; its last character may be cut if the text goes on."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, complete)
    except UnicodeDecodeError:
        return False
    return True


def is_mostly_utf_8(sample: bytes) -> bool:
    """Whether text that has bytes beyond ASCII is UTF-8 with faults.

    By chance, a Thai text in one byte a character has five characters of UTF-8 for six faults, but hardly any ASCII;
    one in Latin letters has none.
    """
    text, faults, _ = decoded_as(sample, "utf-8")
    fits = sum(not c.isascii() and c != REPLACEMENT for c in text)
    return fits > FITTING * faults or (fits > FITTING_OF_FEW * faults and faults <= FEW_FAULTS * len(text))


def wide_without_mark(head: bytes) -> str:
    """UTF-16 or UTF-32 by where its zeros stand, as in text with many Latin letters; "" if it is neither."""
    if len(head) // 2 < LEAST_PAIRS:
        return ""
    zeros = [head[i::4].count(0) / max(1, len(head[i::4])) for i in range(4)]
    if zeros[3] > 0.99 and zeros[2] > 0.9 and zeros[0] < 0.5:
        return "utf-32-le"
    if zeros[0] > 0.99 and zeros[1] > 0.9 and zeros[3] < 0.5:
        return "utf-32-be"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else ""


def perhaps_wide(head: bytes) -> str:
    """UTF-16 of other scripts, as far as its bytes tell: the zeros of its spaces all stand on one side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd and not even:
        return "utf-16-le"
    return "utf-16-be" if even and not odd else ""


def is_binary(head: bytes) -> bool:
    """Whether `head` has more control characters than text has."""
    return len(head) - len(head.translate(None, CONTROLS)) > CONTROL_SHARE * len(head)
