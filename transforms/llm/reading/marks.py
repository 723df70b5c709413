"""Marks in place of escapes of JSON that may not be meant, put there before the JSON is decoded."""

from __future__ import annotations

import re

LETTERS = "abfnrtuvx"
# A mark stands for a backslash and its letter. They are of Unicode's noncharacters, which no text may hold.
MARKS = {letter: chr(0xFDD0 + number) for number, letter in enumerate(LETTERS)}
MARKED = "\ufdd0-\ufdd8"
SINGLE = "\ufdd9"  # a backslash that was not doubled, and that no escape of JSON begins with: `\d`, `\sqrt`
NONCHARACTER = re.compile("[\ufdd0-\ufdef]")
LETTER_OF = {mark: letter for letter, mark in MARKS.items()} | dict(zip("\x07\b\f\n\r\t\v", "abfnrtv", strict=True))
CONTROL = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
MARK_OF_CODE = {code: MARKS[letter] for letter, code in CONTROL.items()}
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
OTHER_ESCAPE = re.compile(r'\\[^"/]', re.DOTALL)


def mark_escapes(text: str) -> str:
    """`text` in which marks stand for the escapes of JSON that may not be meant, and other backslashes are doubled."""
    if not text.isascii():
        text = NONCHARACTER.sub("\ufffd", text)
    if "\\" not in text:
        return text
    if "\\\\" not in text:  # every backslash begins an escape
        text = text.replace("\\n", MARKS["n"]).replace("\\t", MARKS["t"])
        if not OTHER_ESCAPE.search(text):
            return text
    return ESCAPE.sub(mark_escape, text)


def mark_escape(found: re.Match[str]) -> str:
    """What stands for an escape."""
    if digits := found[1]:
        code = int(digits, 16)
        return MARK_OF_CODE.get(code) or ("\ufffd" if 0xFDD0 <= code <= 0xFDEF else found[0])
    letter = found[2]
    if letter in '"\\/':
        return found[0]
    if letter in "bfnrtux":
        return MARKS[letter]
    return letter if letter == "'" else SINGLE + letter
