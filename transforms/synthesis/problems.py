"""How the text of a sample sets an answer apart from its problem."""

from __future__ import annotations

ANSWER_HEADING = "\n\nAnswer: "  # between a problem and its answer in a sample's text
PROBLEM_TEXT = f"$problem{ANSWER_HEADING}$answer"


def problem_and_answer(text: str) -> tuple[str, str]:
    """The two parts of a sample's text of `math` or `logical_reasoning`."""
    problem, _, answer = text.rpartition(ANSWER_HEADING)
    return problem, answer
