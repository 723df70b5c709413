"""Whether two answers are equal."""

from __future__ import annotations

from persona_hub.transforms.answers.compare import Verdict, compare_answers


def same_answer(stated: str, other: str, language: str, other_language: str | None = None) -> bool | None:
    """Whether two answers are equal, None where that is not sure; see docs/equal_answers.md."""
    verdict = compare_answers(stated, other, language, other_language)
    return None if verdict is Verdict.UNDECIDED else verdict is Verdict.EQUAL
