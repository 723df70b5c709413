"""How many calls may be in flight, and how many a minute."""

from __future__ import annotations

import math
from dataclasses import dataclass

from persona_hub.transforms.calls.rate_limiter import RateLimiter

REFUSED_SHARE = 0.15  # of the calls sent to a full server; fewer refusals than this do not lower the limit
SLICE_SECONDS = 0.25  # of the job's time line that a process books at once: at most four small commits a second


@dataclass
class Limiter:
    """Calls in flight: starts at the ceiling, and every answer raises the limit as every refusal lowers it.

    The steps balance where the server refuses REFUSED_SHARE of the calls: there a limit stays just above the places
    that a server has (1.2 calls for each input at all of its capacity, with 50 places and a ceiling of 256), and with
    fewer refusals at random (5% in a bad hour) it stays at the ceiling. Both are tried in tests. The
    share of refusals in a window as a measure sank to a single call in flight under 14% random refusals, and so did
    halving; a fixed ceiling sent 4 calls for each input to that server.
    """

    ceiling: int

    def __post_init__(self) -> None:
        self.limit = float(self.ceiling)
        self.paused = 0.0  # nothing is sent before this time

    @property
    def lowered(self) -> float:
        """The part of the ceiling that the server holds back, from 0 to 1."""
        return 1 - int(self.limit) / self.ceiling

    def room(self, in_flight: int, now: float) -> bool:
        """Whether another call may be sent."""
        return in_flight < int(self.limit) and now >= self.paused

    def answered(self) -> None:
        """The server took a call."""
        self.limit = min(float(self.ceiling), self.limit + REFUSED_SHARE)

    def refused(self, wait: float, now: float) -> bool:
        """The server refused a call, which will come again in `wait` seconds; whether all others wait as long.

        They do where the server takes nothing at all, as one whose quota of a minute is used up: trying them in turn
        took 3 calls for each input, with 600 a minute and 64 in flight, and 1.1 so.
        """
        self.limit = max(1.0, self.limit - (1 - REFUSED_SHARE))
        if self.limit > 1:
            return False
        self.paused = now + wait
        return True


@dataclass
class HeldBack:
    """Seconds in which limits of the server or of a minute held calls back; where they held back a part of those that
    could be in flight, that part of the seconds.
    """

    seconds: float = 0.0
    part: float = 0.0
    since: float = 0.0

    def note(self, part: float, now: float) -> None:
        """From `now` on, `part` of the calls is held back."""
        self.seconds += self.part * (now - self.since)
        self.part, self.since = part, now

    def take(self) -> float:
        """Seconds since the last time asked."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds


@dataclass
class Pace:
    """A rate that all processes of a job keep together, in slices of a time line that is booked elsewhere.

    `take` uses up what is there; where that is not enough, `wanted` is what to book, and `booked` brings it. `service`:
    who knows the rate is asked for what lacks in place of booking time.
    """

    name: str
    per_minute: int
    service: RateLimiter | None = None
    credit: float = 0.0
    booking: bool = False

    def has(self, n: float) -> bool:
        """Whether `n` of the credit are there. Without a limit they always are."""
        return self.credit >= n or not (self.per_minute or self.service)

    def take(self, n: float) -> bool:
        """Uses `n` of the credit, if it is there."""
        if not self.has(n):
            return False
        self.credit -= n if self.per_minute or self.service else 0
        return True

    def lacking(self, n: float) -> int:
        """What to ask the service for, so that `n` can be taken."""
        return math.ceil(n - self.credit)

    def granted(self, n: float) -> None:
        """What was asked for is there."""
        self.credit += n
        self.booking = False

    def wanted(self, n: float) -> float:
        """Seconds of the time line to book so that `n` can be taken."""
        return max(n - self.credit, self.per_minute / 60 * SLICE_SECONDS) * 60 / self.per_minute

    def booked(self, seconds: float) -> None:
        """What was booked has begun."""
        self.granted(seconds * self.per_minute / 60)
