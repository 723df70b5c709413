"""Unicode's normal forms, in time linear in the text.

A normaliser sorts the marks between two letters. Nobody writes more than 30 of them, yet 160,000 in a row take half a
minute. So a run is broken up first, as Unicode's Stream-Safe Text Format does: a combining grapheme joiner, which is
invisible, after each 30. Texts of fewer marks stay what they were, and so do their ids.

Source: https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
"""

from __future__ import annotations

import unicodedata

import regex

MOST_MARKS = 30  # in a row
JOINER = "\u034f"  # combining grapheme joiner
# What is sorted: characters of a combining class, and those that are decomposed into such.
NON_STARTER = r"[\P{ccc=0}\u0f73\u0f75\u0f81\uff9e\uff9f]"
LONG_RUN = regex.compile(rf"{NON_STARTER}{{{MOST_MARKS}}}(?={NON_STARTER})")


def nfc(text: str) -> str:
    """`text` in NFC; a run of more than 30 marks is broken up by joiners."""
    return unicodedata.normalize("NFC", stream_safe(text))


def nfkc(text: str) -> str:
    """`text` in NFKC; a run of more than 30 marks is broken up by joiners."""
    return unicodedata.normalize("NFKC", stream_safe(text))


def stream_safe(text: str) -> str:
    """`text` with a joiner after each 30 marks in a row that are followed by another."""
    return text if text.isascii() else LONG_RUN.sub(rf"\g<0>{JOINER}", text)
