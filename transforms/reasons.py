"""What the reason of a dead letter says of its question: whether it is open, or the input is why."""

from __future__ import annotations

import re

# Reasons of dead letters that another run may undo: nobody was asked, or nobody answered however often it was tried.
UNANSWERED = re.compile(
    r"budget-exhausted|account-.+|exported|timeout|connection|rate-limit|unreadable-response|error-in-answer"
    r"|answer-(too-large|broke-off)|http-(408|409|424|425|429|499|5\d\d)"
)
# Reasons that say something of the input: the same question would be refused again. A bare status may mean the request.
SURELY_OF_INPUT = re.compile(r"moderation|content-filter|refused|too-long|http-413")
OF_INPUT = re.compile(rf"{SURELY_OF_INPUT.pattern}|http-4\d\d")


def unanswered(reason: str) -> bool:
    """Whether a dead letter's reason says that the question is still open, and the same command may ask it again."""
    return UNANSWERED.fullmatch(reason) is not None


def of_input(reason: str) -> bool:
    """Whether a dead letter's reason says that the server refused this question, and would again."""
    return OF_INPUT.fullmatch(reason) is not None and not unanswered(reason)


def surely_of_input(reason: str) -> bool:
    """Whether it also says that the input is why: a filter, or its length."""
    return SURELY_OF_INPUT.fullmatch(reason) is not None
