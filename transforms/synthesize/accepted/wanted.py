"""How many questions a round asks: a pure function of what earlier rounds have brought."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from persona_hub.transforms.errors import InvalidInputError

ROUNDS = 5  # in the graph, whose paths each multiplies; with 8 as often enough, where 2% to 90% pass
PILOT = 256  # questions of the first round: enough to see the share that is accepted
PILOT_PART = 16  # of those wanted, where that is more
KNOWN = 32  # questions that the share of all rounds counts for in that of the last: of two none may pass by chance
SURE = 3.0  # standard deviations that the last round asks for beyond what it needs


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is wanted of a use case."""

    accepted: int  # samples
    candidates: int = 0  # the most questions; 0: as many as the personas give

    def __post_init__(self) -> None:
        if 0 < self.candidates < self.accepted:
            raise InvalidInputError(
                f"--candidates {self.candidates}: fewer than --accepted {self.accepted}, of which each is one"
            )


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What all rounds before one have brought, and the questions [begin, end) that this one asks."""

    possible: int  # questions in all
    begin: int = 0
    end: int = 0
    accepted: int = 0
    share: float = 1.0  # of the questions asked that give an accepted sample: the lower of all rounds and the last
    open: int = 0  # questions that found no answer

    @property
    def asks(self) -> int:
        """The questions of this round."""
        return self.end - self.begin

    def short_of(self, wanted: Wanted) -> int:
        """How many samples are lacking."""
        return max(0, wanted.accepted - self.accepted)


def first_round(possible: int, wanted: Wanted) -> Progress:
    """The pilot. `possible`: questions that the personas give."""
    possible = min(possible, wanted.candidates) if wanted.candidates else possible
    pilot = min(wanted.accepted, max(PILOT, wanted.accepted // PILOT_PART))
    return Progress(possible=possible, end=min(possible, pilot))


def next_round(before: Progress, accepted: int, open: int, wanted: Wanted, is_last: bool) -> Progress:
    """The round after `before`, which brought so many `accepted` samples and left so many questions `open`.

    It asks nothing where there is enough, where an earlier question is open (the budget is spent, or the server gone:
    later ones would be open as well), and where not one of a pilot's questions was accepted. Before one is, all rounds
    together ask no more than a pilot.
    """
    if not before.asks:
        return Progress(**{**vars(before), "begin": before.end})
    whole = before.accepted + accepted
    share = whole / before.end
    after = Progress(
        possible=before.possible,
        begin=before.end,
        end=before.end,
        accepted=min(whole, wanted.accepted),
        share=min(share, (accepted + KNOWN * share) / (before.asks + KNOWN)),
        open=before.open + open,
    )
    if not after.short_of(wanted) or after.open or (not whole and before.end >= PILOT):
        return after
    asks = questions_for(after.short_of(wanted), after.share or 1 / (2 * before.end), is_last)
    most = after.possible if whole else min(after.possible, PILOT)
    return Progress(**{**vars(after), "end": min(most, after.begin + asks)})


def questions_for(samples: int, share: float, is_last: bool) -> int:
    """How many questions give so many accepted samples.

    As many as are expected to; in the last round as many more as make it all but sure. (Between, too few are mended by
    the next round, and too many would be paid for in vain.)
    """
    asks = samples / share
    if is_last:
        asks += (SURE * math.sqrt(samples * (1 - share)) + SURE) / share
    return math.ceil(asks)


def all_rounds(possible: int, wanted: Wanted, bring: Callable[[Progress], int]) -> Progress:
    """What is known after the last round, without Beam; `bring`: how many samples a round's questions have given."""
    progress = first_round(possible, wanted)
    for n in range(ROUNDS):
        progress = next_round(progress, bring(progress) if progress.asks else 0, 0, wanted, n == ROUNDS - 2)
    return progress
