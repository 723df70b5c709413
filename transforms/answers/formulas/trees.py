"""Formulas to trees. What can be read in two ways is not read."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from persona_hub.transforms.answers.formulas.tokens import (
    CONSTANTS,
    FUNCTIONS,
    Token,
    Unreadable,
    formula_tokens,
    number_of,
)

MOST_DEPTH = 40  # of brackets, fractions and powers
APPLIED = re.compile("[fghA-Z]")  # f(3) and P(A) are no products


class Node(NamedTuple):
    """A part of a formula: `parts` are numbers, names or nodes.

    num value; sym name; const name; add nodes; mul (divides, node) pairs; pow base exponent; neg, factorial, degree
    node; call name nodes.
    """

    kind: str
    parts: tuple = ()


def formula_of(text: str) -> Node:
    """The tree of `text`, whose numerals are Python's. Raises Unreadable."""
    return _Parser(text).whole()


class _Parser:
    """Recursive descent; a division that is followed by a product without a sign ("1/2x") has two readings."""

    def __init__(self, text: str) -> None:
        self.latex = "\\" in text
        self.tokens = formula_tokens(text)
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self.sum()
        if self.at < len(self.tokens):
            raise Unreadable(self.tokens[self.at].text)
        return node

    def peek(self, ahead: int = 0) -> Token:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else Token("end", "")

    def take(self, text: str) -> bool:
        if self.peek().kind == "sign" and self.peek().text == text:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise Unreadable(f"{text} is missing")

    def sum(self) -> Node:
        parts = [self.signed()]
        while self.peek().text in ("+", "-") and self.peek().kind == "sign":
            parts.append(self.signed())
        return parts[0] if len(parts) == 1 else Node("add", tuple(parts))

    def signed(self) -> Node:
        minus = False
        while self.peek().kind == "sign" and self.peek().text in "+-":
            minus ^= self.peek().text == "-"
            self.at += 1
        node = self.product()
        return Node("neg", (node,)) if minus else node

    def product(self) -> Node:
        parts = [(False, self.power())]
        divided = False
        while True:
            if self.take("*"):
                parts.append((False, self.signed_power()))
            elif self.take("/"):
                parts.append((True, self.signed_power()))
                divided = True
            elif self.begins_factor():
                if divided:
                    raise Unreadable("a product without a sign after a division")
                parts.append((False, self.power()))
            else:
                return parts[0][1] if len(parts) == 1 else Node("mul", tuple(parts))

    def begins_factor(self) -> bool:
        token = self.peek()
        if token.kind == "num":
            if self.tokens[self.at - 1].kind == "num" or self.tokens[self.at - 1].text not in (")", "}", "]"):
                raise Unreadable("numbers side by side")
            raise Unreadable("a number after a bracket")
        return token.kind in ("name", "command") or (token.kind == "sign" and token.text in ("(", "{", "√"))

    def signed_power(self) -> Node:
        if self.take("-"):
            return Node("neg", (self.power(),))
        self.take("+")
        return self.power()

    def power(self) -> Node:
        base = self.postfix()
        if not self.take("^"):
            return base
        if self.take("°"):
            return Node("degree", (base,))
        if [self.peek(n).text for n in range(3)] == ["{", "°", "}"]:
            self.at += 3
            return Node("degree", (base,))
        if self.latex and self.peek().kind == "num" and len(self.peek().text) > 1:
            raise Unreadable("which digits are the power")
        exponent = self.deeper(self.signed_power)
        return Node("pow", (base, exponent))

    def postfix(self) -> Node:
        node = self.atom()
        if self.take("!"):
            node = Node("factorial", (node,))
            if self.peek().text == "!":
                raise Unreadable("a double factorial")
        if self.take("°"):
            node = Node("degree", (node,))
        return node

    def deeper(self, read: Callable[[], Node]) -> Node:
        """What `read` reads, within what is being read."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise Unreadable("too deep")
        node = read()
        self.depth -= 1
        return node

    def atom(self) -> Node:
        return self.deeper(self.part)

    def part(self) -> Node:
        token = self.peek()
        self.at += 1
        if token.kind == "num":
            return self.mixed(token)
        if token.kind == "name":
            return self.function(token.text) if token.text in FUNCTIONS else self.name(token.text)
        if token.kind == "command":
            return self.fraction() if token.text == "frac" else self.root()
        for opening, closing in (("(", ")"), ("{", "}"), ("|", "|")):
            if token.kind == "sign" and token.text == opening:
                node = self.sum()
                self.need(closing)
                return Node("call", ("abs", node)) if opening == "|" else node
        if token.kind == "sign" and token.text == "√":
            return Node("call", ("sqrt", self.atom()))
        raise Unreadable(token.text or "it ends")

    def mixed(self, token: Token) -> Node:
        """A number; "1 1/2" and "1\\frac{1}{2}" are one and a half."""
        value = number_of(token.text)
        begins = self.at == 1 or self.tokens[self.at - 2].text in ("+", "-", "(", "{", ",")
        if token.text.isdigit() and begins and self.peek().kind == "num" and self.peek().after_blank:
            over, sign, under = self.peek(), self.peek(1), self.peek(2)
            whole = over.text.isdigit() and under.text.isdigit()
            if whole and sign.text == "/" and self.peek(3).text not in ("^", "!", "/"):
                self.at += 3
                return _mixed(value, over.text, under.text)
        if token.text.isdigit() and begins and self.peek().text == "frac":
            following = [self.peek(n).text for n in range(7)]
            if following[1::3] == ["{", "{"] and following[3::3] == ["}", "}"]:
                over_text, under_text = following[2], following[5]
                if over_text.isdigit() and under_text.isdigit():
                    self.at += 7
                    return _mixed(value, over_text, under_text)
        return Node("num", (value,))

    def name(self, name: str) -> Node:
        if name in CONSTANTS:
            return Node("const", (CONSTANTS[name],))
        if self.take("_"):
            if self.take("{"):
                index = self.peek().text
                self.at += 1
                self.need("}")
            else:
                index = self.peek().text
                self.at += 1
            if not index.isalnum():
                raise Unreadable("an index")
            name = f"{name}_{index}"
        if APPLIED.match(name) and self.peek().text == "(":
            raise Unreadable("a function or a product")
        return Node("sym", (name,))

    def fraction(self) -> Node:
        self.need("{")
        over = self.sum()
        self.need("}")
        self.need("{")
        under = self.sum()
        self.need("}")
        return Node("mul", ((False, over), (True, under)))

    def root(self) -> Node:
        if self.take("["):
            index = self.sum()
            self.need("]")
            return Node("pow", (self.braced(), Node("mul", ((False, Node("num", (Fraction(1),))), (True, index)))))
        return Node("call", ("sqrt", self.braced()))

    def braced(self) -> Node:
        if not self.take("{"):
            token = self.peek()
            if token.kind == "sign" and token.text == "(":
                return self.atom()
            if token.kind == "num" and len(token.text) > 1:
                raise Unreadable("what is under the root")
            return self.atom()
        node = self.sum()
        self.need("}")
        return node

    def function(self, name: str) -> Node:
        """A call; sin^2 x is (sin x)^2, "log_2 8" has its base, "log(8, 2)" is Python's."""
        name = FUNCTIONS[name]
        base = exponent = None
        if name == "log" and self.take("_"):
            base = self.braced() if self.peek().text == "{" else self.atom()
        if self.take("^"):
            exponent = self.braced() if self.peek().text == "{" else self.atom()
            if exponent.kind != "num" or exponent.parts[0] <= 0:
                raise Unreadable("the power of a function")
        if self.peek().text in ("(", "{"):
            closing = ")" if self.peek().text == "(" else "}"
            self.at += 1
            node = self.sum()
            if name == "log" and base is None and self.take(","):
                base = self.sum()
            self.need(closing)
        else:
            parts = [(False, self.power())]
            while self.peek().kind == "name" and self.peek().text not in FUNCTIONS:
                parts.append((False, self.power()))
            node = parts[0][1] if len(parts) == 1 else Node("mul", tuple(parts))
        call = Node("call", (name, node) if base is None else (name, node, base))
        if name == "factorial":
            call = Node("factorial", (node,))
        return call if exponent is None else Node("pow", (call, exponent))


def _mixed(whole: Fraction, over: str, under: str) -> Node:
    if not 0 < int(over) < int(under):
        raise Unreadable("a mixed number or a product")
    return Node("num", (whole + Fraction(int(over), int(under)),))
