"""Names of files and members as they can be printed and stored."""

from __future__ import annotations

import re

UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")


def printable_name(name: str) -> str:
    r"""`name` with bytes that are no UTF-8 and control characters as "\xe9": one name, one address, on every machine.

    Python has such bytes of a name as lone surrogates ("surrogateescape"), which no table or terminal takes.
    """
    return UNPRINTABLE.sub(_escaped, name)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
