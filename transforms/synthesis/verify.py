"""Verify: how a stated answer is proved, as `--verify` says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from persona_hub.transforms.errors import InvalidInputError

PROGRAM, VOTE, INDEPENDENT, NONE = "program", "vote", "independent", "none"
MOST_VOTES = 64  # each is a call for every sample
VOTES = re.compile(r"vote:(-?\d{1,18})/(-?\d{1,18})")


@dataclass(frozen=True)
class Verify:
    """How a stated answer is proved: by its own program, by `agree` of `of` other answers, or not at all."""

    kind: str = PROGRAM
    agree: int = 1
    of: int = 1

    @property
    def asks(self) -> bool:
        """Whether a model is asked."""
        return self.kind in (VOTE, INDEPENDENT)

    def __str__(self) -> str:
        """As it is typed."""
        return f"{VOTE}:{self.agree}/{self.of}" if self.kind == VOTE else self.kind


BY_PROGRAM = Verify()


def parse_verify(text: str) -> Verify:
    """The way that a text names. Raises InvalidInputError.

    >>> parse_verify("vote:3/5")
    Verify(kind='vote', agree=3, of=5)
    """
    name = text.strip()
    if name in (PROGRAM, INDEPENDENT, NONE):
        return Verify(name)
    if not (found := VOTES.fullmatch(name)):
        raise InvalidInputError(f"{text!r}: there are program, vote:K/N (as vote:3/5), independent and none")
    agree, of = int(found[1]), int(found[2])
    if not 1 <= agree <= of <= MOST_VOTES:
        raise InvalidInputError(f"{text!r}: K of N must agree, with 1 <= K <= N <= {MOST_VOTES}")
    return Verify(VOTE, agree, of)
