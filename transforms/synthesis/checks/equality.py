"""Whether two answers are equal."""

from __future__ import annotations

from fractions import Fraction

from persona_hub.transforms.sandbox.puzzles import same_text


def same_answer(stated: str, other: str, language: str, other_language: str | None = None) -> bool | None:
    """Whether two answers are equal, None where that is not sure. Until `transforms.answers` comes: numbers."""
    try:
        return Fraction(stated.strip()) == Fraction(other.strip())
    except (ValueError, ZeroDivisionError):
        return same_text(stated, other) or None
