"""How many calls may be in flight, and how many a minute."""

from __future__ import annotations

from dataclasses import dataclass

REFUSED_TOO_MANY, REFUSED_FEW = 0.20, 0.10  # shares of a window's calls
CUT, RAISE = 0.75, 1.05
LEAST_WINDOW = 10  # calls that a share is taken of
SLICE_SECONDS = 0.25  # of the job's time line that a process books at once: at most four small commits a second


@dataclass
class Limiter:
    """Calls in flight: starts at the ceiling and adapts to the share of calls that the server refuses.

    Halving at each refusal sank to 8 of 64 in flight under 14% random faults (68.7 s against 9.6), a fixed ceiling
    sent 4 calls for each input at a server of 50 places.
    """

    ceiling: int

    def __post_init__(self) -> None:
        self.limit = float(self.ceiling)
        self.changed = 0.0
        self.seen = self.refused = 0

    @property
    def lowered(self) -> bool:
        """Whether the server holds us below the ceiling."""
        return int(self.limit) < self.ceiling

    def record(self, refused: bool, started: float, now: float) -> None:
        """Counts a call that ended; those begun before the last cut say nothing about it."""
        if started < self.changed:
            return
        self.seen += 1
        self.refused += refused
        if self.seen < max(LEAST_WINDOW, self.limit):
            return
        share = self.refused / self.seen
        if share > REFUSED_TOO_MANY:
            self.limit, self.changed = max(1.0, self.limit * CUT), now
        elif share < REFUSED_FEW:
            self.limit = min(float(self.ceiling), max(self.limit * RAISE, self.limit + 1))
        self.seen = self.refused = 0


@dataclass
class Pace:
    """A rate that all processes of a job keep together, in slices of a time line that is booked elsewhere.

    `take` uses up what is there; where that is not enough, `wanted` is what to book, and `booked` brings it.
    """

    name: str
    per_minute: int
    credit: float = 0.0
    booking: bool = False

    def take(self, n: float) -> bool:
        """Uses `n` of the credit, if it is there. Without a limit it always is."""
        if self.per_minute and self.credit < n:
            return False
        self.credit -= n if self.per_minute else 0
        return True

    def wanted(self, n: float) -> float:
        """Seconds of the time line to book so that `n` can be taken."""
        return max(n - self.credit, self.per_minute / 60 * SLICE_SECONDS) * 60 / self.per_minute

    def booked(self, seconds: float) -> None:
        """What was booked has begun."""
        self.credit += seconds * self.per_minute / 60
        self.booking = False
