"""A rate that an Envoy rate limit service keeps for all who ask it, of this job and of others. Beam's client asks."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from persona_hub.transforms.calls.protocol import ModelError

ADDRESS = re.compile(r"envoy://(\[[0-9a-fA-F:.]+\]|[^\s/?#:\[\]@]+):(\d{1,5})/([^\s/?#]+)")
DESCRIPTOR = re.compile(r"([^\s=]+)=(\S+)")
UNIT = "unit"  # last entry of each descriptor: "requests" or "tokens"


class RateService(NamedTuple):
    """Where the service is, and which of its limits are ours."""

    host: str  # HOST:PORT
    domain: str
    descriptor: tuple[tuple[str, str], ...]


def rate_service(address: str, descriptor: Sequence[str]) -> RateService:
    """The service at envoy://HOST:PORT/DOMAIN, its descriptor given as KEY=VALUE. Raises ValueError for other forms."""
    found = ADDRESS.fullmatch(address)
    if not found:
        raise ValueError(f"--rate_limiter {address.split('@')[-1]}: must be envoy://HOST:PORT/DOMAIN")
    entries = []
    for text in descriptor:
        entry = DESCRIPTOR.fullmatch(text)
        if not entry or entry[1] == UNIT:
            raise ValueError(f"--rate_limit_descriptor {text}: must be KEY=VALUE, and KEY other than {UNIT}")
        entries.append((entry[1], entry[2]))
    return RateService(f"{found[1]}:{found[2]}", found[3], tuple(entries))


Then = Callable[[ModelError | None], None]


class RateLimiter:
    """Asks the service for requests or tokens, one question at a time, on a thread of its own: Beam's client waits
    there until the service allows it.
    """

    def __init__(self, service: RateService, unit: str):
        from apache_beam.io.components.rate_limiter import EnvoyRateLimiter

        self.service = service
        entries = dict([*service.descriptor, (UNIT, unit)])
        self.limiter = EnvoyRateLimiter(service.host, service.domain, [entries], namespace="rate_limiter")
        self.questions: queue.SimpleQueue[tuple[int, Then] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=f"rate-limiter-{unit}", daemon=True).start()

    def ask(self, hits: int, then: Then) -> None:
        """Calls `then` on that thread as soon as `hits` are allowed, or with what went wrong."""
        self.questions.put((hits, then))

    def close(self) -> None:
        """Ends the thread, when it waits no more."""
        self.questions.put(None)

    def _run(self) -> None:
        while question := self.questions.get():
            hits, then = question
            try:
                why = "" if self.limiter.allow(hits) else "its answer is neither yes nor no"
            except Exception as error:  # whoever waits must hear of it, whatever it is
                why = str(error.code()) if hasattr(error, "code") else type(error).__name__
            then(ModelError("rate-limiter", f"{self.service.host}: {why}; is it up?", fatal=True) if why else None)
