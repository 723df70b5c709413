"""The language of `--where`: `language=de and (hop<2 or text contains 'night shift')`.

    condition   = term { "or" term }
    term        = factor { "and" factor }
    factor      = "not" factor | "(" condition ")" | comparison
    comparison  = column ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
                | column "contains" value
                | column [ "not" ] "in" "(" value { "," value } ")"
    value       = a word, or a text in ' or ", in which that mark is doubled

Written by hand: 0 dependencies on workers, and errors with a caret and the columns that there are. DuckDB's expressions
are SQL, with functions that read files, in a wheel of 20 MB; lark would parse, but the words of its errors, the bounds
and the tree would be ours all the same.
"""

from __future__ import annotations

import re

from persona_hub.transforms.choice.columns import CODES, GIVEN, UNSPECIFIED, ChoiceError, Column, column_of
from persona_hub.transforms.choice.conditions import (
    KEYWORDS,
    ORDERINGS,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Not,
    OneOf,
)
from persona_hub.transforms.choice.tokens import Token, condition_tokens, refuse

DEEPEST_NESTING = 20  # parentheses and `not` in one another
SIGNS = ("=", "!=", *ORDERINGS)


def parse_where(text: str) -> Condition:
    """The condition in a text. Raises ChoiceError, which names the place and what is wanted there."""
    reader = ConditionReader(text)
    if reader.next.kind == "end":
        raise ChoiceError("is empty; a condition is wanted, as in: language=de and hop<2")
    condition = reader.condition()
    if reader.next.kind != "end":
        reader.refuse(f"{reader.next.shown} where `and`, `or` or the end is wanted")
    return condition


def parse_columns(text: str) -> tuple[Column, ...]:
    """Columns set apart by commas. Raises ChoiceError, which names the place and what is wanted there."""
    reader = ConditionReader(text)
    found = [reader.column()]
    while reader.took(","):
        found.append(reader.column())
    if reader.next.kind != "end":
        reader.refuse(f"{reader.next.shown} where `,` or the end is wanted")
    return tuple(found)


class ConditionReader:
    """Reads tokens from left to right, each once."""

    def __init__(self, text: str):
        self.text = text
        self.tokens = condition_tokens(text)
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        """The token that is to be read."""
        return self.tokens[self.place]

    def take(self) -> Token:
        """Reads a token."""
        token = self.next
        self.place += token.kind != "end"
        return token

    def took(self, word: str) -> bool:
        """Reads a token if it is this word or sign."""
        there = self.next.kind in ("word", "sign") and self.next.text.lower() == word
        self.place += there
        return there

    def refuse(self, why: str, token: Token | None = None) -> None:
        """Raises ChoiceError at a token, by default at the next one."""
        refuse(self.text, (token or self.next).at, why)

    def condition(self) -> Condition:
        """Terms joined by `or`."""
        parts = [self.term()]
        while self.took("or"):
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def term(self) -> Condition:
        """Factors joined by `and`."""
        parts = [self.factor()]
        while self.took("and"):
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def factor(self) -> Condition:
        """`not`, a condition in parentheses, or a comparison."""
        opened = self.next
        if not (opened.kind in ("word", "sign") and opened.text.lower() in ("not", "(")):
            return self.comparison()
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            self.refuse(f"more than {DEEPEST_NESTING} parentheses and `not` in one another")
        self.take()
        if opened.text == "(":
            inner = self.condition()
            if not self.took(")"):
                self.refuse(f"{self.next.shown} where `)` is wanted")
        else:
            inner = Not(self.factor())
        self.depth -= 1
        return inner

    def comparison(self) -> Condition:
        """A column compared with a value or several."""
        column = self.column()
        negated = self.took("not")
        if self.took("in"):
            found = OneOf(column, self.values(column))
            return Not(found) if negated else found
        sign = self.next
        if negated or not (sign.text.lower() in (*SIGNS, "contains") and sign.kind != "quoted"):
            wanted = "`in` is" if negated else f"one of {' '.join(SIGNS)} in contains is"
            self.refuse(f"{sign.shown} where {wanted} wanted")
        if sign.text.lower() == "contains" and column.is_number:
            self.refuse(f"{column} is a number, and contains nothing", sign)
        self.take()
        return Comparison(column, sign.text.lower(), self.value(column, is_equal=sign.text in ("=", "!=")))

    def column(self) -> Column:
        """The name of a column."""
        token = self.next
        quoted_given = token.kind == "quoted" and token.prefix.lower() == GIVEN
        if token.kind != "word" and not quoted_given:
            self.refuse(f"{token.shown} where a column is wanted")
        name = f"{GIVEN}{token.text}" if quoted_given else token.text
        if token.kind == "word" and not name.lower().startswith(GIVEN):
            name = name.lower()
        if name in KEYWORDS:
            self.refuse(f"{token.shown} where a column is wanted")
        try:
            column = column_of(name)
        except ChoiceError as error:
            self.refuse(str(error))
        self.take()
        return column

    def values(self, column: Column) -> tuple[str, ...]:
        """Values in parentheses."""
        if not self.took("("):
            self.refuse(f"{self.next.shown} where `(` is wanted")
        found = [self.value(column, is_equal=True)]
        while self.took(","):
            found.append(self.value(column, is_equal=True))
        if not self.took(")"):
            self.refuse(f"{self.next.shown} where `,` or `)` is wanted")
        return tuple(found)

    def value(self, column: Column, is_equal: bool = False) -> str:
        """A value that the column may be compared with. Words of the language are values here: `language=or`.

        `is_equal`: whether it is to be equal to the column's, and so a code where that has codes.
        """
        token = self.next
        if token.kind not in ("word", "quoted") or token.prefix:
            self.refuse(f"{token.shown} where a value is wanted")
        if column.is_number and not re.fullmatch(r"[0-9]{1,9}", token.text):
            self.refuse(f"{token.shown} where a whole number is wanted, which {column} is")
        form, what = CODES.get(column.name, ("", ""))
        typed = token.text.lower()
        if form and is_equal and typed not in ("", UNSPECIFIED) and not re.fullmatch(form, typed):
            self.refuse(f"{token.shown} where {what} is wanted, which {column} is")
        return self.take().text
