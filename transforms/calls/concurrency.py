"""How many calls may be in flight, as the server's answers and refusals show, and the time lost to throttling."""

from __future__ import annotations

from dataclasses import dataclass

REFUSED_SHARE = 0.15  # of the calls sent to a full server; fewer refusals than this do not lower the limit


@dataclass
class ConcurrencyLimiter:
    """A limit of calls in flight: it starts at the ceiling, every answer raises it, every refusal lowers it.

    The steps balance where the server refuses REFUSED_SHARE of the calls: an answer adds 0.15, a refusal takes 0.85.
    So the limit stays just above the places that a server has (1.2 calls for each input at all of its capacity, with
    50 places and a ceiling of 256), and with fewer refusals at random (5% in a bad hour) it stays at the ceiling. Both
    are tried in tests. The share of refusals in a window as a measure sank to a single call in flight under 14% random
    refusals, and so did halving (AIMD); a fixed ceiling sent 4 calls for each input to that server.
    """

    ceiling: int

    def __post_init__(self) -> None:
        self.limit = float(self.ceiling)
        self.paused_until = 0.0  # nothing is sent before this time of the event loop

    @property
    def throttled_share(self) -> float:
        """The share of the ceiling that the server does not let us use, from 0 to 1."""
        return 1 - int(self.limit) / self.ceiling

    def has_room(self, in_flight: int, now: float) -> bool:
        """Whether another call may be sent."""
        return in_flight < int(self.limit) and now >= self.paused_until

    def on_answer(self) -> None:
        """The server took a call."""
        self.limit = min(float(self.ceiling), self.limit + REFUSED_SHARE)

    def on_refusal(self, delay: float, now: float) -> bool:
        """The server refused a call, which is sent again in `delay` seconds; whether all others wait as long.

        They do where the server takes nothing at all, as one whose quota of a minute is used up: trying them in turn
        took 3 calls for each input, with 600 a minute and 64 in flight, and 1.1 so.
        """
        self.limit = max(1.0, self.limit - (1 - REFUSED_SHARE))
        if self.limit > 1:
            return False
        self.paused_until = now + delay
        return True


@dataclass
class ThrottleMeter:
    """Seconds in which a server or a rate limit held calls back, weighted by the share of calls that it held back.

    10 s in which half of the calls that could be in flight had to wait count as 5 s.
    """

    seconds: float = 0.0
    share: float = 0.0
    since: float = 0.0

    def record(self, share: float, now: float) -> None:
        """From `now` on, `share` of the calls is held back."""
        self.seconds += self.share * (now - self.since)
        self.share, self.since = share, now

    def take_seconds(self) -> float:
        """The seconds since the last time this was called."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds
