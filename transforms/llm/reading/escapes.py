r"""Backslashes that a model did not double: `"\frac{1}{2}"` is valid JSON, of a form feed and "rac{1}{2}".

`mark_escapes` puts a mark in place of every such escape before the JSON is decoded; `settle` then says for each mark in
a decoded string what was meant, by what stands around it:

| in the JSON | what it becomes | why |
|---|---|---|
| `\frac{1}{2}`, `5 \times 6`, `\neq`, `\beta` | the same, with its backslash | a command of LaTeX |
| `\sqrt`, `\{`, `\underline`, `\d+` | the same, with its backslash | no escape of JSON |
| `\bword\b` | the same, with its backslash | nobody means a backspace |
| `C:\temp\new.txt`, `[^\n]`, `"\n"` | the same, with its backslash | a path, a class of characters, code |
| `one.\nunder it` | a line end | `\nunder` is nothing else |
| `the frequency \nu of`, `x \to 0`, `$2\nu$` | the same, with its backslash | amid a line, within a formula |
| `2\nu`, `see C:\ndir for`, `a\fb`, `\u12` | stays marked | two readings: the answer is malformed |

What is marked, or is a control character other than a line end or a tab, is in no answer that is taken (`is_bent`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from operator import itemgetter

from persona_hub.transforms.llm.reading.words import COMMANDS, DOUBTFUL, FOLDERS, VALUES

BENT = (
    "a backslash is not doubled: write each backslash of LaTeX, of a path or of a regular expression as \\\\,"
    " and no control characters"
)
LETTERS = "abfnrtuvx"
# A mark stands for a backslash and its letter. They are of Unicode's noncharacters, which no text may hold.
MARKS = {letter: chr(0xFDD0 + number) for number, letter in enumerate(LETTERS)}
MARKED = "\ufdd0-\ufdd8"
NONCHARACTER = re.compile("[\ufdd0-\ufdef]")
LETTER_OF = {mark: letter for letter, mark in MARKS.items()} | dict(zip("\x07\b\f\n\r\t\v", "abfnrtv", strict=True))
CONTROL = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
MARK_OF_CODE = {code: MARKS[letter] for letter, code in CONTROL.items()}
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
SOFT = re.compile(rf"([\x07\b\f\n\r\t\v{MARKED}])([A-Za-z]*)")
UNSETTLED = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{MARKED}]")
# Whether a string needs more than its marks of line ends and tabs replaced: 20 times as fast as all that follows.
DOUBT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdd2\ufdd4\ufdd6-\ufdd8]"
    r"|[\n\t\ufdd3\ufdd5](?=[a-z\]]|Right|Left)|[\"'`\[^](?=[\ufdd3\ufdd5])|\\[sdwSDW](?![A-Za-z])"
)
OTHER_ESCAPE = re.compile(r'\\[^"/]', re.DOTALL)
WINDOWS_1252 = {
    code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}

AROUND_CHARACTERS = 40  # characters on either side, up to white space, in which a pattern or a path shows
PATTERN_CLASS = re.compile(r"\\[sdwSDW](?![A-Za-z])")
DRIVES = "CDEFGHZcde"  # whose name before a colon is no variable and no label
HALF_CODE = {"u": re.compile("$|[0-9a-fA-F]"), "x": re.compile("[0-9a-fA-F]{2}")}
BACKSLASH = rf"[\\\x07\b\f\r\t\v{MARKED}]"
WINDOWS_PATH = re.compile(
    rf"(?:(?<![^\W_])[A-Za-z]:|\\\\[\w.$-]{{1,60}}|%\w{{1,30}}%|(?<![^\s\"'(=,;`])\.{{1,2}})"
    rf"(?:{BACKSLASH}[\w.$()&+~#@%-]{{1,80}}+(?: [\w.$()&+~#@%-]{{1,80}}+){{0,3}}(?={BACKSLASH}))*+"
    rf"(?:{BACKSLASH}[\w.$()&+~#@%-]{{1,80}}+)?"  # or nothing, which holds no mark: so no part is matched twice
)
CLASS = re.compile(rf"\[\^[^\[\]\s]{{0,30}}\]|\[(?:[{MARKED}\x07\b\f\r\t\v]|\\[a-zA-Z]|[,;:.-]){{2,30}}\]")
OPERAND = re.compile(r"(?:^|[\s(\[{$,=])[A-Za-z0-9]$|[)}\]|'0-9]$")
EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")  # of a file, at the end of its path
QUOTED = re.compile(rf"(?<![\w`])([\"'`])[{MARKED}\x07\b\f\n\r\t\v]{{1,3}}\1(?![\w`])")
FORMULA = re.compile(r"(?<![$\\])\$(?![$\s])[^$\n]{1,300}\$(?!\$)|\\\([^\n]{1,300}?\\\)")
COMMAND = re.compile(rf"\\([A-Za-z]+)|[{MARKED}]([A-Za-z]+)(?=[_^{{\\])")


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
    return letter if letter == "'" else "\\\\" + letter


class Commands:
    """The commands that an answer surely has: doubled, or one of LaTeX's before what only follows a command."""

    def __init__(self, texts: Sequence[str]):
        self.texts = texts

    @cached_property
    def names(self) -> frozenset[str]:
        """Their names; sought only where there is a doubt."""
        return frozenset(
            found[1] or LETTER_OF[found[0][0]] + found[2]
            for text in self.texts
            for found in COMMAND.finditer(text)
            if found[1] or LETTER_OF[found[0][0]] + found[2] in COMMANDS
        )


def settle(text: str, known: Commands | None = None) -> str:
    """A decoded string with each mark as what it was meant to be, as far as that is sure; `known` are in the answer."""
    if not DOUBT.search(text):
        return text if text.isascii() else text.replace(MARKS["n"], "\n").replace(MARKS["t"], "\t")
    commands = (known or Commands([text])).names
    text = text.translate(WINDOWS_1252)
    classes, quoted, paths, formulas = (Spans(pattern, text) for pattern in (CLASS, QUOTED, WINDOWS_PATH, FORMULA))

    def meant(found: re.Match[str]) -> str:
        begin, letter = found.start(), LETTER_OF[found[1]]
        path = paths.around(begin)
        reading = of_path(text, found, path[0]) if path else None
        if classes.around(begin) or quoted.around(begin):
            reading = "literal"
        elif reading is None:
            reading = of_prose(text, found, letter, formulas.around(begin) is not None, commands)
        if reading == "literal":
            return f"\\{letter}{found[2]}"
        if reading == "real":
            real = "" if letter == "r" and text[found.end() : found.end() + 1] in ("\n", MARKS["n"]) else "\n"
            return ("\t" if letter == "t" else real) + found[2]
        return found[0]

    return SOFT.sub(meant, text)


class Spans:
    """Where a pattern matches in a text."""

    def __init__(self, pattern: re.Pattern[str], text: str):
        self.spans = [found.span() for found in pattern.finditer(text)]

    def around(self, place: int) -> tuple[int, int] | None:
        """The span that holds a place."""
        number = bisect_right(self.spans, place, key=itemgetter(0)) - 1
        return self.spans[number] if number >= 0 and place < self.spans[number][1] else None


def of_path(text: str, found: re.Match[str], path: int) -> str | None:
    """How a mark within a path is to be read: "literal", "real" or "" for doubt; None where it is no path ("it's:")."""
    letter, rest, after = LETTER_OF[found[1]], found[2], text[found.end() : found.end() + 1]
    if letter in "nt" and not rest[:1].islower():  # "Option C:\\nThe path": a line end
        return "real"
    if letter not in "nt" or letter + rest in FOLDERS:
        return "literal"
    if EXTENSION.search(
        text, max(path, found.start() - 6), found.start()
    ):  # the path has its end: "C:\\notes.txt\\nend."
        return ""
    if after in LETTER_OF or (after and after in "\\._-0123456789"):  # the path goes on
        return "literal"
    return "" if text[path] in DRIVES or text[path + 1] != ":" else None


def of_prose(text: str, found: re.Match[str], letter: str, formula: bool, commands: frozenset[str]) -> str:
    """How a mark outside of paths is to be read: "literal", "real" or "" for doubt."""
    mark, rest = found[1], found[2]
    name = letter + rest
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    if letter in "ux" and mark == MARKS[letter]:  # no escape of JSON; of another notation, or half of one?
        broken = HALF_CODE[letter].match(text[found.end(1) : found.end(1) + 2]) is not None
        return "" if broken and name not in COMMANDS and name not in FOLDERS else "literal"
    if letter == "b":
        return "literal" if rest or mark == MARKS["b"] else ""
    if name in COMMANDS:
        doubtful = name in DOUBTFUL and letter != "r"
        return of_doubtful(text, found, name, formula or name in commands) if doubtful else "literal"
    if rest and (letter == "a" or (formula and (letter != "n" or after == "{"))):
        return "literal"
    if name in FOLDERS and before.isalnum() and mark not in "\n\t":
        return "literal"
    if letter == "r":
        return "real" if not rest and (not after or after.isspace() or after in LETTER_OF) else ""
    if mark in (MARKS["n"], MARKS["t"]) and (reading := of_run(text, found)) is not None:
        return reading
    if rest and commands and after == "{" and mark not in "\n\t":  # `\norm{x}`, of a macro of the author's own?
        return ""
    return "real" if letter in "nt" else ""


def of_run(text: str, found: re.Match[str]) -> str | None:
    r"""How `\n` or `\t` is to be read in a pattern (`^\s+\t$`) or a path without a drive (`src\tests`); else None."""
    begin, end, rest = found.start(), found.end(), found[2]
    before, after = text[max(0, begin - 1) : begin], text[end : end + 1]
    left, right = text[max(0, begin - AROUND_CHARACTERS) : begin], text[begin : begin + AROUND_CHARACTERS]
    run = ("" if not left or left[-1].isspace() else left.split()[-1]) + right.split()[0]
    opened = before != "" and before in "^([|"
    if PATTERN_CLASS.search(run) and (opened or (after and after in "$+*?)|]{")):
        return "literal" if opened or LETTER_OF[found[1]] == "t" else ""
    if len(rest) > 1 and rest[0].islower() and before.isalnum() and after:
        name = SOFT.match(text, end)
        if after == "\\" or (name and (LETTER_OF[name[1]] not in "nt" or LETTER_OF[name[1]] + name[2] in FOLDERS)):
            return ""
    return None


def of_doubtful(text: str, found: re.Match[str], name: str, known: bool) -> str:
    r"""How `\nu`, `\to` and their like are to be read, which may be a line end or a tab before a word."""
    begin, after = found.start(), text[found.end() : found.end() + 1]
    before, earlier = text[max(0, begin - 1) : begin], text[max(0, begin - 2) : max(0, begin - 1)]
    if found[1] in "\n\t":  # as a server sends it: a line end that is no escape is one
        return "real"
    if (before == "$" == earlier) or (before == "[" and earlier == "\\"):  # "$$\nu": a formula on lines of its own
        return ""
    if known or (after and after in "^_{\\") or (before and before in "$({[=+*/^_|<>&~"):
        return "literal"
    if before and (before in ".:;!?…。！？：；\"'”»\n" or before == MARKS["n"]):
        return "real"
    if before == " " and not earlier.isspace() and earlier not in LETTER_OF:
        operand = OPERAND.search(text[max(0, begin - 3) : begin - 1]) is not None
        return "literal" if name in VALUES or operand else ""
    return ""


def is_bent(text: str) -> bool:
    """Whether a settled string holds what nobody may have meant."""
    return UNSETTLED.search(text) is not None
