"""Requests and tokens a minute, kept by all processes together: by time booked in the store, or by an Envoy service."""

from __future__ import annotations

import math
import queue
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.store.registry import shown_address

BOOKED_AT_ONCE_SECONDS = 0.25  # of the job's time line for one process: at most four small commits a second
ADDRESS = re.compile(r"envoy://(\[[0-9a-fA-F:.]+\]|[^\s/?#:\[\]@]+):(\d{1,5})/([^\s/?#]+)")
DESCRIPTOR = re.compile(r"([^\s=]+)=(\S+)")
UNIT = "unit"  # last entry of each descriptor: "requests" or "tokens"


@dataclass
class RateLimiter:
    """One process's share of a rate that all processes of a job keep together; `credit` is what it may use now.

    An example with 600 requests a minute: the first call finds no credit, so 0.25 s of the time line in the store are
    booked (`seconds_to_book`). When they begin, `on_booked` adds a credit of 2.5 requests, and two calls `take` one
    each. The store gives the next 0.25 s to whichever process books first. Where an Envoy service keeps the rate, it is
    asked for what is `missing` instead.
    """

    name: str  # of the time line in the store
    per_minute: int  # 0: no limit, or that of the service
    service: EnvoyClient | None = None
    credit: float = 0.0
    pending: bool = False  # more has been asked for

    def has(self, n: float) -> bool:
        """Whether `n` requests or tokens may be used. Without a limit they always may."""
        return self.credit >= n or not (self.per_minute or self.service)

    def take(self, n: float) -> bool:
        """Uses `n` of the credit, if it is there."""
        if not self.has(n):
            return False
        self.credit -= n if self.per_minute or self.service else 0
        return True

    def missing(self, n: float) -> int:
        """How many to ask the service for, so that `n` can be taken."""
        return math.ceil(n - self.credit)

    def add(self, n: float) -> None:
        """Adds credit that was asked for."""
        self.credit += n
        self.pending = False

    def seconds_to_book(self, n: float) -> float:
        """Seconds of the time line to book so that `n` can be taken."""
        return max(n - self.credit, self.per_minute / 60 * BOOKED_AT_ONCE_SECONDS) * 60 / self.per_minute

    def on_booked(self, seconds: float) -> None:
        """Time that was booked has begun."""
        self.add(seconds * self.per_minute / 60)


class RateService(NamedTuple):
    """Where an Envoy rate limit service is, and which of its limits applies."""

    host: str  # HOST:PORT
    domain: str
    descriptor: tuple[tuple[str, str], ...]


def rate_service(address: str, descriptor: Sequence[str]) -> RateService:
    """The service at envoy://HOST:PORT/DOMAIN, its descriptor given as KEY=VALUE. Raises ValueError for other forms."""
    found = ADDRESS.fullmatch(address)
    if not found:
        raise InvalidInputError(f"--rate_limiter {shown_address(address)}: must be envoy://HOST:PORT/DOMAIN")
    entries = []
    for text in descriptor:
        entry = DESCRIPTOR.fullmatch(text)
        if not entry or entry[1] == UNIT:
            raise InvalidInputError(f"--rate_limit_descriptor {text}: must be KEY=VALUE, and KEY other than {UNIT}")
        entries.append((entry[1], entry[2]))
    return RateService(f"{found[1]}:{found[2]}", found[3], tuple(entries))


OnReply = Callable[[ModelError | None], None]


class EnvoyClient:
    """Asks an Envoy rate limit service for requests or tokens, one question at a time and on a thread of its own,
    because Beam's client blocks until the service allows them.
    """

    def __init__(self, service: RateService, unit: str):
        from apache_beam.io.components.rate_limiter import EnvoyRateLimiter

        self.service = service
        entries = dict([*service.descriptor, (UNIT, unit)])
        self.limiter = EnvoyRateLimiter(service.host, service.domain, [entries], namespace="rate_limiter")
        self.questions: queue.SimpleQueue[tuple[int, OnReply] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=f"rate-limiter-{unit}", daemon=True).start()

    def ask(self, hits: int, on_reply: OnReply) -> None:
        """Calls `on_reply` on that thread as soon as `hits` are allowed (None), or with what went wrong."""
        self.questions.put((hits, on_reply))

    def close(self) -> None:
        """Ends the thread after its last question."""
        self.questions.put(None)

    def _run(self) -> None:
        while question := self.questions.get():
            hits, on_reply = question
            try:
                fault = "" if self.limiter.allow(hits) else "its answer is neither yes nor no"
            except Exception as error:  # whatever it is, calls wait for a reply
                fault = str(error.code()) if hasattr(error, "code") else type(error).__name__
            detail = f"{self.service.host}: {fault}; is it up?"
            on_reply(ModelError("rate-limiter", detail, verdict=Verdict.REQUEST) if fault else None)


def rate_limiter_of(unit: str, config: ModelConfig, per_minute: int) -> RateLimiter:
    """The limiter of the "requests" or "tokens" of one model."""
    if not config.rate_limiter:
        return RateLimiter(f"{unit} {config.name}", per_minute)
    service = rate_service(config.rate_limiter, config.rate_descriptor)
    return RateLimiter(unit, 0, EnvoyClient(service, unit))
