"""Answers of several values: sets, tuples, lists, intervals, relations and equations."""

from __future__ import annotations

import re
from collections.abc import Callable

from persona_hub.transforms.answers.formulas.tokens import Unreadable
from persona_hub.transforms.answers.formulas.trees import Node, formula_of
from persona_hub.transforms.answers.values import Assigned, Equation, Group, Interval, Quantity, Value

Read = Callable[[str], tuple[Value, ...]]

MOST_ITEMS = 50
PAIRS = {"(": ")", "[": "]", "{": "}"}
AND = re.compile(r"\s*,?\s+(?:and|or|und|oder|y|o|et|ou)\s+|\s*(?:和|或|以及|と)\s*", re.IGNORECASE)
OR = re.compile(r"\s(?:or|oder|o|ou)\s|或", re.IGNORECASE)
NAME_OF_VARIABLE = r"[A-Za-zα-ωθ](?:_\{?\w{1,3}\}?)?"
RELATION = re.compile(r"<=|>=|!=|<|>|==|=|≈")
ONE_NAME = re.compile(NAME_OF_VARIABLE)
UNION = re.compile(r"\s*(?:\\cup(?![A-Za-z])|∪)\s*")
WITHIN = re.compile(rf"({NAME_OF_VARIABLE})\s*(?:\\in(?![A-Za-z])|∈)\s*(.+)")
INFINITY = re.compile(r"([+-]?)\s*(?:∞|\\infty|inf|infinity|oo)", re.IGNORECASE)
RELATION_IN_LATEX = re.compile(r"\\(?:(l)|g)(eqslant|eq|e|t)(?![A-Za-z])")
FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def groups_of(text: str, read: Read) -> tuple[Value, ...]:
    """The values that a text of brackets, separators or relations may be; `read` reads a part."""
    plain = _plain_brackets(text)
    united = UNION.split(plain)
    if len(united) > 1:
        intervals = tuple(read(part) for part in united)
        sets = all(all(isinstance(value, Interval | Group) for value in values) and values for values in intervals)
        return (Group("union", intervals),) if sets and len(intervals) <= MOST_ITEMS else ()
    if within := WITHIN.fullmatch(plain):
        values = groups_of(within[2], read)
        return (Assigned(within[1], values),) if values else ()
    signs = RELATION.findall(plain)
    if "!=" in signs or "≈" in signs:
        return ()
    parts = split_at_top(plain)
    if signs:
        return _relation(plain, signs, read) if parts is None or len(parts) < 2 else _assigned_list(parts, read)
    if plain[:1] in (*PAIRS, "]") and plain[-1:] in (")", "]", "}", "["):
        bracketed = _bracketed(plain, read)
        if bracketed is not None:
            return bracketed
    if parts is not None and 2 <= len(parts) <= MOST_ITEMS:
        items = tuple(read(part) for part in parts)
        return (Group("alternatives" if OR.search(plain) else "plain", items),) if all(items) else ()
    return ()


def _plain_brackets(text: str) -> str:
    r"""The text with \{ and \left( as the brackets that they are, and relations as signs."""
    text = re.sub(r"\\left(?![a-z])|\\right(?![a-z])", "", text)
    text = RELATION_IN_LATEX.sub(lambda found: ("<" if found[1] else ">") + ("" if found[2] == "t" else "="), text)
    return text.replace("\\{", "{").replace("\\}", "}").replace("\\lbrace", "{").replace("\\rbrace", "}").strip()


def split_at_top(text: str) -> list[str] | None:
    """The parts between separators outside brackets; None where brackets do not match."""
    depth, parts, begin = 0, [], 0
    separator = ";" if ";" in text else ","
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return None
        if character == separator and not depth:
            parts.append(text[begin:at])
            begin = at + 1
    if depth:
        return None
    parts.append(text[begin:])
    parts = [*parts[:-1], *AND.split(parts[-1].strip())] if "(" not in parts[-1] else parts
    return [part.strip() for part in parts if part.strip()]


def _bracketed(text: str, read: Read) -> tuple[Value, ...] | None:
    """A set, a tuple, a list or an interval; "(1, 2)" and "[1, 2]" are two of them."""
    opening, closing, inside = text[0], text[-1], text[1:-1].strip()
    if _closes_early(text):
        return None
    parts = split_at_top(inside)
    if parts is None:
        return ()
    if opening == "{" and closing == "}":
        items = tuple(read(part) for part in parts)
        return (Group("set", items),) if all(items) and len(items) <= MOST_ITEMS else ()
    found: tuple[Value, ...] = ()
    if len(parts) == 2:
        found += _interval(parts, (opening == "[", closing == "]"), read)
    if (opening, closing) in (("(", ")"), ("[", "]")) and (len(parts) >= 2 or (opening == "[" and parts)):
        items = tuple(read(part) for part in parts)
        if all(items) and len(items) <= MOST_ITEMS:
            found += (Group("tuple" if opening == "(" else "list", items),)
    return found if found or len(parts) > 1 else None


def _closes_early(text: str) -> bool:
    """Whether the first bracket is closed before the end: (1+2)(3+4)."""
    depth = 0
    for at, character in enumerate(text[:-1]):
        depth += (character in "([{") - (character in ")]}")
        if depth <= 0 and at and text[0] in PAIRS:
            return True
    return False


def _interval(parts: list[str], closed: tuple[bool, bool], read: Read) -> tuple[Value, ...]:
    ends = [_end(part, read) for part in parts]
    if any(end is None for end in ends):
        return ()
    low, high = ends
    if low == "+" or high == "-" or (low == "-" and closed[0]) or (high == "+" and closed[1]):
        return ()
    return (Interval(low if isinstance(low, Quantity) else None, high if isinstance(high, Quantity) else None, closed),)


def _end(text: str, read: Read) -> Quantity | str | None:
    """An end of an interval; "+" or "-" for infinity."""
    if match := INFINITY.fullmatch(text):
        return match[1] or "+"
    values = read(text)
    return values[0] if len(values) == 1 and isinstance(values[0], Quantity) else None


def _relation(text: str, signs: list[str], read: Read) -> tuple[Value, ...]:
    """X = 5, x > 3, 1 < x <= 2, x ∈ (1, 2), y = 2x + 1, x^2 + y^2 = 1."""
    sides = [side.strip() for side in RELATION.split(text)]
    if not all(sides):
        return ()
    if len(signs) == 1 and signs[0] in ("=", "=="):
        return _equation(sides[0], sides[1], read)
    if len(signs) == 1 and signs[0] in FLIPPED:
        left, right, sign = sides[0], sides[1], signs[0]
        if ONE_NAME.fullmatch(right) and not ONE_NAME.fullmatch(left):
            left, right, sign = right, left, FLIPPED[sign]
        end = _end(right, read) if ONE_NAME.fullmatch(left) else None
        if not isinstance(end, Quantity):
            return ()
        above = sign in (">", ">=")
        closed = sign in ("<=", ">=")
        low, high = (end, None) if above else (None, end)
        return (Interval(low, high, (closed and above, closed and not above), left),)
    if len(signs) == 2 and ONE_NAME.fullmatch(sides[1]):
        left, right = sides[0], sides[2]
        if {sign[0] for sign in signs} == {">"}:
            left, right, signs = right, left, [FLIPPED[sign] for sign in reversed(signs)]
        ends = _end(left, read), _end(right, read)
        if {sign[0] for sign in signs} == {"<"} and isinstance(ends[0], Quantity) and isinstance(ends[1], Quantity):
            return (Interval(ends[0], ends[1], (signs[0] == "<=", signs[1] == "<="), sides[1]),)
    return ()  # also of x = 2 + 3 = 5: which of them is the answer


def _equation(left: str, right: str, read: Read) -> tuple[Value, ...]:
    if ONE_NAME.fullmatch(right) and not ONE_NAME.fullmatch(left):
        left, right = right, left
    if ONE_NAME.fullmatch(left):
        values = read(right)
        return (Assigned(left.replace("{", "").replace("}", ""), values),) if values else ()
    try:
        sides = formula_of(left), formula_of(right)
    except Unreadable:
        return ()
    return (Equation(Node("add", (sides[0], Node("neg", (sides[1],))))),)


def _assigned_list(parts: list[str], read: Read) -> tuple[Value, ...]:
    """X = 1 or x = 2: the values of one variable are a set; of several, in the order of their names."""
    found = [read(part) for part in parts]
    if not all(len(values) == 1 and isinstance(values[0], Assigned) for values in found) or len(found) > MOST_ITEMS:
        return ()
    assigned = [values[0] for values in found if isinstance(values[0], Assigned)]
    names = [one.name for one in assigned]
    if len(set(names)) == 1:
        return (Assigned(names[0], (Group("set", tuple(one.value for one in assigned)),)),)
    if len(set(names)) < len(names):
        return ()
    ordered = sorted(assigned, key=lambda one: one.name)
    return (Group("assigned", tuple((one,) for one in ordered)),)
