r"""Escapes in a string of JSON that holds a program: there, `\n` ends a line and is no beginning of `\nu`.

| in the JSON | what it becomes | why |
|---|---|---|
| `x = 1\nu = 2`, `if x:\n\ttotal = 0` | line ends and tabs | a program has lines |
| `print("a\nb")`, `'\t'.join(row)` | the same, with its backslash | a quoted string of Python ends on its line |
| `re.findall("\d+")`, `"\bword\b"` | the same, with its backslash | nobody means a backspace |
"""

from __future__ import annotations

import re

from persona_hub.transforms.llm.reading.marks import LETTER_OF, MARKED, MARKS, SINGLE

LINE_END = rf"\n{MARKS['n']}"
# Comments, long strings, quoted strings: in this order, since a comment may hold a quote.
PYTHON_QUOTED = re.compile(
    rf"#[^{LINE_END}]*|(?P<long>'''.*?'''|\"\"\".*?\"\"\")"
    rf"|\"(?P<double>(?:\\.|[^\"\\])*+)\"|'(?P<single>(?:\\.|[^'\\])*+)'",
    re.DOTALL,
)
ANY_MARK = re.compile(rf"[{MARKED}]")
PLAIN_MEANING = {MARKS["n"]: "\n", MARKS["t"]: "\t", MARKS["r"]: ""}


def settle_program(raw: str) -> str:
    """A decoded string with each mark as a program means it."""
    if ANY_MARK.search(raw):
        raw = PYTHON_QUOTED.sub(lambda found: found[0] if is_long(found) else literal(found[0]), raw)
        raw = ANY_MARK.sub(lambda found: PLAIN_MEANING.get(found[0], f"\\{LETTER_OF[found[0]]}"), raw)
    return raw.replace(SINGLE, "\\")


def is_long(found: re.Match[str]) -> bool:
    """Whether a match may go over several lines: a comment, which ends before the line does, or a long string."""
    return found["double"] is None and found["single"] is None


def literal(text: str) -> str:
    """`text` with the marks as a backslash and a letter."""
    return ANY_MARK.sub(lambda found: f"\\{LETTER_OF[found[0]]}", text)
