r"""A second opinion on formulas that agree in their values: math-verify and sympy, in a process of their own.

They may take for ever, fill the memory, or call 1/2004! and 1/2006! equal; so they are asked last, are ended after some
seconds, and see only LaTeX that was written here out of a formula that was read: sympy evaluates what it parses.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from persona_hub.transforms.answers.formulas.tokens import GREEK
from persona_hub.transforms.answers.formulas.trees import Node
from persona_hub.transforms.apart import Apart, ApartError

PROOF_SECONDS = 5.0
PROVED, UNPROVED = "proved", "unproved"
LATEX_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}
MOST_LATEX = 4000  # characters


@lru_cache(maxsize=4096)
def proved(one: Node, other: Node) -> bool:
    """Whether two formulas are shown to be equal. A proof that takes too long, or crashes, is none."""
    a, b = latex(one), latex(other)
    if max(len(a), len(b)) > MOST_LATEX:
        return False
    try:
        return prover(a, b, PROOF_SECONDS) == PROVED
    except ApartError:
        return False


def latex(node: Node) -> str:
    """A formula as LaTeX in which nothing is left out."""
    if node.kind == "num":
        value = node.parts[0]
        if value < 0:
            return rf"\left({value.numerator}\right)" if value.denominator == 1 else rf"\left({_ratio(value)}\right)"
        return str(value) if value.denominator == 1 else _ratio(value)
    if node.kind == "sym":
        name, _, index = node.parts[0].partition("_")
        name = f"\\{name}" if name in GREEK else name
        return f"{name}_{{{index}}}" if index else name
    if node.kind == "const":
        return "\\pi" if node.parts[0] == "pi" else str(node.parts[0])
    if node.kind == "mul":
        over = r" \cdot ".join(_closed(part) for divides, part in node.parts if not divides)
        under = r" \cdot ".join(_closed(part) for divides, part in node.parts if divides)
        return rf"\frac{{{over}}}{{{under}}}" if under else over
    if node.kind == "call":
        return _latex_of_call(*node.parts)
    parts = [_closed(part) for part in node.parts]
    if node.kind == "pow":
        return f"{parts[0]}^{{{latex(node.parts[1])}}}"
    if node.kind == "degree":
        return rf"\frac{{{parts[0]} \cdot \pi}}{{180}}"
    return {"add": " + ".join(parts), "neg": f"-{parts[0]}", "factorial": f"{parts[0]}!"}[node.kind]


def _ratio(value: Any) -> str:
    return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def _closed(node: Node) -> str:
    """The LaTeX of a part, in brackets unless it is one number or name."""
    plain = node.kind in ("sym", "const") or (
        node.kind == "num" and node.parts[0].denominator == 1 and node.parts[0] >= 0
    )
    return latex(node) if plain else rf"\left({latex(node)}\right)"


def _latex_of_call(name: str, node: Node, base: Node | None = None) -> str:
    inside = latex(node)
    if name == "sqrt":
        return rf"\sqrt{{{inside}}}"
    if name == "cbrt":
        return rf"\sqrt[3]{{{inside}}}"
    if name == "abs":
        return rf"\left|{inside}\right|"
    if name == "exp":
        return f"e^{{{inside}}}"
    if base is not None or name in ("log2", "log10"):
        return rf"\frac{{\ln\left({inside}\right)}}{{\ln\left({latex(base) if base else name[3:]}\right)}}"
    return rf"\{LATEX_NAMES.get(name, name)}\left({inside}\right)"


def prove(one: str, other: str) -> str:
    """What math-verify or sympy says of two formulas in LaTeX; runs in the other process, without a bound of time."""
    for name in ("math_verify", "latex2sympy2_extended"):  # they log what they cannot parse
        logging.getLogger(name).setLevel(logging.CRITICAL)
    import sympy
    from math_verify import LatexExtractionConfig, parse, verify

    def parsed(latex: str) -> Any:
        found = parse(f"${latex}$", [LatexExtractionConfig()], fallback_mode="no_fallback", parsing_timeout=None)
        return found[0] if found and isinstance(found[0], sympy.Basic) else None

    if not other:
        one, other = r"\sqrt{2} \cdot x", r"x \cdot \sqrt{2}"  # the first call loads what is loaded late
    a, b = parsed(one), parsed(other)
    if a is None or b is None:
        return UNPROVED
    if verify(a, b, float_rounding=100, numeric_precision=120, timeout_seconds=None):
        return PROVED
    return PROVED if sympy.simplify(a - b) == 0 else UNPROVED


prover = Apart(f"{__name__}:{prove.__name__}")
