r"""Backslashes that a model did not double: `"\frac{1}{2}"` is valid JSON, of a form feed and "rac{1}{2}".

`mark_escapes` (marks.py) puts a mark in place of every such escape before the JSON is decoded; `settle` then says for
each mark in a decoded string what was meant, by what stands around it:

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
from collections.abc import Callable, Sequence
from functools import cached_property
from operator import itemgetter

from persona_hub.transforms.llm.reading.marks import LETTER_OF, MARKED, MARKS, SINGLE
from persona_hub.transforms.llm.reading.words import COMMANDS, DOUBTFUL, FOLDERS, VALUES, WORDS_TOO

BENT = (
    "a backslash is not doubled: write each backslash of LaTeX, of a path or of a regular expression as \\\\,"
    " and no control characters"
)
SOFT = re.compile(rf"([\x07\b\f\n\r\t\v{MARKED}])([A-Za-z]*)")
UNSETTLED = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{MARKED}{SINGLE}]")
# Whether a string needs more than its marks of line ends and tabs replaced: 20 times as fast as all that follows.
DOUBT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdd2\ufdd4\ufdd6-\ufdd9]"
    r"|[\n\t\ufdd3\ufdd5](?=[a-z\]]|Right|Left)|[\"'`\[^](?=[\ufdd3\ufdd5])|:[\ufdd3\ufdd5]\d"
)
WINDOWS_1252 = {
    code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}

WORD_LETTERS = 3  # or more: shorter ones are names of variables, as in a formula
AROUND_CHARACTERS = 40  # characters on either side, up to white space, in which a pattern or a path shows
PATTERN = rf"{SINGLE}[sdwSDW](?![A-Za-z])[+*?]?"
PATTERN_CLASS = re.compile(PATTERN)
PATTERN_ENDS = re.compile(rf"{PATTERN}$")
DRIVES = "CDEFGHZcde"  # whose name before a colon is no variable and no label
HALF_CODE = {"u": re.compile("$|[0-9a-fA-F]"), "x": re.compile("[0-9a-fA-F]{2}")}
# Of a path that is not doubled. What stands before a colon is a drive, and begins another path.
PATH_SEPARATOR = rf"[{SINGLE}\x07\b\f\r\t\v{MARKED}](?![A-Za-z]:)"
WINDOWS_PATH = re.compile(
    rf"(?:(?<![^\W_])[A-Za-z]:|(?<=[a-z0-9])[C-HZ]:|\\\\[\w.$-]{{1,60}}|%\w{{1,30}}%|(?:(?<![^\s(=,;])|(?<=[\s(=][\"'`]))\.{{1,2}})"
    rf"(?:{PATH_SEPARATOR}[\w.$()&+~#@%-]{{1,80}}+(?: [\w.$()&+~#@%-]{{1,80}}+){{0,3}}(?={PATH_SEPARATOR}))*+"
    rf"(?:{PATH_SEPARATOR}[\w.$()&+~#@%-]{{1,80}}+)?"  # or nothing, which holds no mark: so no part is matched twice
)
PATH_STEP = re.compile(rf"[{SINGLE}\ufdd0-\ufdd2\ufdd4\ufdd6-\ufdd8]|([\ufdd3\ufdd5][a-z_]++)")
# `\\server\share` in which none is doubled reads as one backslash before "server".
BENT_SHARE = re.compile(
    rf"(?<![\w:~\\])(?<!{SINGLE})\\[\w.$-]{{1,60}}+"
    rf"(?:[{SINGLE}\ufdd0-\ufdd2\ufdd4\ufdd6-\ufdd8]|([\ufdd3\ufdd5][a-z_]++))"
)
CLASS = re.compile(rf"\[\^[^\[\]\s]{{0,30}}\]|\[(?:[{MARKED}\x07\b\f\r\t\v]|[\\{SINGLE}][a-zA-Z]|[,;:.-]){{2,30}}\]")
ONLY_ENDS = re.compile(r"\[[\n\t\ufdd3\ufdd5]{1,30}\]")  # a class of characters, or an empty list on two lines
ASSIGNED = re.compile(r" ?[-+*/]?=(?!=)")
SCRIPTS = "^_{"  # what follows a value, and no word
VARIABLE = re.compile(r"%\w{1,30}%$")
OPERAND = re.compile(r"(?:^|[\s(\[{$,=])[A-Za-z0-9]$|[)}\]|'0-9]$")
EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")  # of a file, at the end of its path
QUOTED = re.compile(rf"(?<![^\s(\[{{,=:+])([\"'`])[{MARKED}\x07\b\f\n\r\t\v]{{1,3}}\1(?![\w`])")
FORMULA = re.compile(r"(?<![$\\\ufdd9])\$(?![$\s])[^$\n]{0,299}[^$\s]\$(?![$\d])|[\\\ufdd9]\([^\n]{1,300}?[\\\ufdd9]\)")
PLAIN_WORD = re.compile(rf"(?<![A-Za-z\\{SINGLE}{{])([{MARKED}]?[A-Za-z]{{2,}})")
COMMAND = re.compile(rf"[\\{SINGLE}]([A-Za-z]+)|([{MARKED}][A-Za-z]+)(?=[_^{{\\{SINGLE}])")
# Rows of a matrix whose \\begin is not doubled: there, two backslashes are two.
ROWS = re.compile(rf"{MARKS['b']}egin\{{.{{0,500}}?{SINGLE}end\{{", re.DOTALL)
ROW_END = re.compile(rf"(?<!\\)\\(?=[\s\d\[&{MARKED}{SINGLE}-])")


class Commands:
    """The commands that an answer surely has: doubled, or one of LaTeX's before what only follows a command."""

    def __init__(self, texts: Sequence[str]):
        self.texts = texts

    @cached_property
    def names(self) -> frozenset[str]:
        """Their names; sought only where there is a doubt."""
        return frozenset(
            name
            for text in self.texts
            for found in COMMAND.finditer(text)
            if (name := found[1] or LETTER_OF[found[2][0]] + found[2][1:])
            and (found[1] or (name in COMMANDS and (name not in DOUBTFUL or (name in VALUES and not a_variable(name)))))
        )


def settle(raw: str, known: Commands | None = None) -> str:
    """A decoded string with each mark as what it was meant to be, as far as that is sure; `known` are in the answer."""
    if not DOUBT.search(raw):
        return raw if raw.isascii() else raw.replace(MARKS["n"], "\n").replace(MARKS["t"], "\t")
    if any(is_folder(found[1] or "") for found in BENT_SHARE.finditer(raw)):
        return raw
    commands = (known or Commands([raw])).names
    raw = ROWS.sub(lambda found: ROW_END.sub(r"\\\\", found[0]), raw.translate(WINDOWS_1252))
    text = raw.replace(SINGLE, "\\")  # as long: a place in one is the same in the other
    classes, quoted, ends = (Spans(pattern, text) for pattern in (CLASS, QUOTED, ONLY_ENDS))
    paths, formulas = Spans(WINDOWS_PATH, raw), Spans(FORMULA, raw, without=is_prose)

    def meant(found: re.Match[str]) -> str:
        begin, letter = found.start(), LETTER_OF[found[1]]
        path, formula = paths.around(begin), formulas.around(begin)
        if path and formula and formula[0] > path[0]:  # "C:\\notes.txt $2\\nu$"
            path = None
        reading = of_path(raw, found, path[0]) if path else None
        if ends.around(begin):
            reading = ""
        elif classes.around(begin) or quoted.around(begin):
            reading = "literal"
        elif reading is None:
            reading = of_prose(raw, found, letter, formula is not None, commands)
        if reading == "literal":
            return f"\\{letter}{found[2]}"
        if reading == "real":
            real = "" if letter == "r" and text[found.end() : found.end() + 1] in ("\n", MARKS["n"]) else "\n"
            return ("\t" if letter == "t" else real) + found[2]
        return found[0]

    return SOFT.sub(meant, raw).replace(SINGLE, "\\")


class Spans:
    """Where a pattern matches in a text."""

    def __init__(self, pattern: re.Pattern[str], text: str, without: Callable[[str], bool] | None = None):
        self.spans = [found.span() for found in pattern.finditer(text) if without is None or not without(found[0])]

    def around(self, place: int) -> tuple[int, int] | None:
        """The span that holds a place."""
        number = bisect_right(self.spans, place, key=itemgetter(0)) - 1
        return self.spans[number] if number >= 0 and place < self.spans[number][1] else None


def is_folder(marked: str) -> bool:
    """Whether a mark and letters are the name of a folder; "" stands for a backslash that is no line end."""
    return not marked or LETTER_OF[marked[0]] + marked[1:] in FOLDERS


def is_prose(text: str) -> bool:
    r"""Whether there are words between two `$`, as in `$5\nnot counting the 7 $`: prices, and no formula."""
    for found in PLAIN_WORD.finditer(text):
        name = (LETTER_OF[found[1][0]] + found[1][1:]) if found[1][0] in LETTER_OF else ""
        if len(found[1]) >= WORD_LETTERS and name not in COMMANDS and text[0] == "$":
            return True
    return False


def of_path(text: str, found: re.Match[str], path: int) -> str | None:
    """How a mark within a path is to be read: "literal", "real" or "" for doubt; None where it is no path ("it's:")."""
    letter, rest, after = LETTER_OF[found[1]], found[2], text[found.end() : found.end() + 1]
    label = text[path + 1 : found.start()] in (":", ".", "")  # as in "Option C:\\nten"
    if letter in "nt" and not rest[:1].islower():  # "Option C:\\nThe path": a line end
        goes_on = not (label or rest) and after and after in "._0123456789"  # "C:\\temp\\t1.csv"
        return (
            ""
            if goes_on and any(map(is_folder, PATH_STEP.findall(text, max(path, found.start() - 80), found.start())))
            else "real"
        )
    if letter not in "nt":
        return "literal"
    ended = EXTENSION.search(text, max(path, found.start() - 6), found.start())  # "C:\\notes.txt\\nend."
    if letter + rest in FOLDERS:
        return "" if ended and letter + rest in WORDS_TOO else "literal"
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
        doubtful = letter != "r" and (name in DOUBTFUL or (name == "text" and after != "{"))  # "file\\text": a table
        return of_doubtful(text, found, name, formula, name in commands) if doubtful else "literal"
    if rest and (letter == "a" or (formula and (letter not in "nt" or after == "{"))):
        return "literal"
    beginning = before == ":" or (before == "%" and VARIABLE.search(text, max(0, found.start() - 40), found.start()))
    if beginning and name in FOLDERS and name not in WORDS_TOO:  # of a path that stands directly after a word
        return ""
    if formula and letter == "t" and rest:  # of a macro of the author's own?
        return ""
    if name in FOLDERS and before.isalnum() and mark not in "\n\t":
        return "" if name in WORDS_TOO else "literal"
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
    if PATTERN_CLASS.search(run):
        if before and before in "^([|":
            return "literal"
        if after and after in "$+*?)|]{":
            ends = text[end + 1 : end + 2]
            sure = LETTER_OF[found[1]] == "t" and (not ends or ends in ".,;)\"'`$/" or (after == "$" and ends == " "))
            return "literal" if sure else ""
        if PATTERN_ENDS.search(left) or (before and before in ",;") or (before.isalnum() and after == SINGLE):
            return ""
    if len(rest) > 1 and rest[0].islower() and before.isalnum() and after:
        name = SOFT.match(text, end)
        if after == SINGLE or (name and (LETTER_OF[name[1]] not in "nt" or LETTER_OF[name[1]] + name[2] in FOLDERS)):
            return ""
    return None


def a_variable(name: str) -> bool:
    r"""Whether a line that begins with a variable may have been meant: `v = 1\nu = 2`."""
    return name in ("ne", "ni", "nu")


def of_doubtful(text: str, found: re.Match[str], name: str, formula: bool, known: bool) -> str:
    r"""How `\nu`, `\to` and their like are to be read, which may be a line end or a tab before a word."""
    begin, after = found.start(), text[found.end() : found.end() + 1]
    before, earlier = text[max(0, begin - 1) : begin], text[max(0, begin - 2) : max(0, begin - 1)]
    if found[1] in "\n\t":  # as a server sends it: a line end that is no escape is one
        return "real"
    if (before == "$" == earlier) or (before == "[" and earlier == "\\"):  # "$$\nu": a formula on lines of its own
        return ""
    if (
        name[0] == "n" and name != "not" and name not in VALUES and ASSIGNED.match(text, found.end())
    ):  # "i = 0" at the beginning of a line
        return "" if before == " " else "real"
    if before and (before in ".:;!?…。！？：；\"'”»\n" or before == MARKS["n"]):
        return "literal" if formula else "real"
    if formula or (before and before in "$({[=+*/^_|<>&~"):
        return "literal"
    continued = after == SINGLE or (name in VALUES and after != "" and after in SCRIPTS)  # `\to\infty`, `\tau_1`
    if before == " " and not earlier.isspace() and earlier not in LETTER_OF:
        operand = OPERAND.search(text[max(0, begin - 3) : begin - 1]) is not None
        return "literal" if name in VALUES or operand or known or continued else ""
    return "literal" if not a_variable(name) and (known or continued) else ""


def is_bent(text: str) -> bool:
    """Whether a settled string holds what nobody may have meant."""
    return UNSETTLED.search(text) is not None
