"""How both shared stores ask a server that is away for a moment, such as one that restarts, again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_before_delay, wait_exponential

from persona_hub.transforms.store.protocol import StoreError

RETRY_SECONDS = 60.0  # for which a server may be away: a Redis that restarts reads its file first, seconds a gigabyte
FIRST_PAUSE_SECONDS = 0.05  # before the second attempt; doubled at each

Reply = TypeVar("Reply")


@dataclass
class ServerRetry:
    """Calls a server as often as its errors pass with time. Any thread may use it, in the process that made it.

    With a patience of 60 s and a longest pause of 1 s, attempts start after 0, 0.05, 0.15, 0.35, 0.75, 1.55, 2.55 s and
    so on, and none that would start after 60 s.
    """

    address: str  # of the store, for errors
    passes: Callable[[BaseException], bool]  # whether an error may pass with time
    longest_pause: float  # seconds
    patience: float  # seconds; of the time when the store is opened, RETRY_SECONDS after `opened`
    pid: int = field(default_factory=os.getpid)

    def opened(self) -> None:
        """The server has answered once: from now on it is given time to restart."""
        self.patience = RETRY_SECONDS

    def __call__(self, ask: Callable[[], Reply]) -> Reply:
        """What `ask` returns. Raises its last error, and StoreError in a process that was forked from the opener."""
        if self.pid != os.getpid():
            raise StoreError(f"{self.address}: was opened in another process; a connection must not cross a fork")
        return Retrying(
            retry=retry_if_exception(self.passes),
            wait=wait_exponential(multiplier=FIRST_PAUSE_SECONDS, max=self.longest_pause),
            stop=stop_before_delay(self.patience),
            reraise=True,
        )(ask)
