"""Claims: no question is sent by two processes. It is claimed in the store before it is queued.

The way of a request whose key is neither answered nor under way in this process:

1. `add` submits one Claim job to the writer for all such requests of a bundle, ahead of their slots.
2. The store says that they are this process's: they go to the `RequestQueue`. An answer that has come meanwhile is
   handed out. What another process has claimed waits here, and is looked for again every second.
3. The claim ends with the answer, in the same commit. Where a call ends without one, `sweep` gives the claim back.

Nothing that waits here holds a claim or a slot, so no two processes can wait for each other. A process that is killed
says nothing more, and its claims are free for others some seconds later. Where a process has nothing else to do, it
says once what it waits for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from persona_hub.transforms.calls.call import Inbox, Outcome
from persona_hub.transforms.calls.protocol import CallKind
from persona_hub.transforms.calls.request_queue import KeyedRequests, RequestQueue
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.store.protocol import CLAIM_SECONDS, LEASE_SECONDS, Claim, Claimed, Unclaim

LOOK_SECONDS = 1.0  # between two looks at whether another process has answered
CLAIMS_AT_ONCE = 1000  # in one job: bounds a commit


class AskAgain(Exception):
    """Some of a question's answers have come from another process: ask for those that are missing."""


@dataclass(eq=False)
class Waiting:
    """A request that waits for its claim, and all who wait for its answer."""

    key: bytes
    stage: str
    request: Any
    waiters: list[tuple[Inbox, Any]]  # with their tickets

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits."""
        return any(not inbox.cancelled for inbox, _ in self.waiters)


class Claims:
    """Stands before the queue. Lives on the engine's loop thread; `submit` sends a job with its token to the store."""

    def __init__(
        self,
        owner: str,
        kind: CallKind,
        loop: asyncio.AbstractEventLoop,
        queue: RequestQueue,
        submit: Callable[[Claim | Unclaim, Any], None],
    ):
        self.owner, self.kind, self.loop, self.queue, self.submit = owner, kind, loop, queue, submit
        self.waiting: dict[bytes, Waiting] = {}  # by key; those whose claim is asked for, and those of others
        self.held: list[Waiting] = []  # claimed by another process
        self.mine: dict[bytes, tuple[bytes, ...]] = {}  # {key: the keys of its answers}
        self.looking = self.told = False

    def add(self, stage: str, requests: KeyedRequests, inbox: Inbox) -> None:
        """Claims requests and queues them, but for those that are answered or under way."""
        queue, fresh, known = self.queue, list[Waiting](), list[tuple[bytes, Any, Any]]()
        for key, request, ticket in requests:
            if key in queue.calls or key in queue.recent or queue.ended:
                known.append((key, request, ticket))
            elif key in self.waiting:
                self.waiting[key].waiters.append((inbox, ticket))
            else:
                self.waiting[key] = Waiting(key, stage, request, [(inbox, ticket)])
                fresh.append(self.waiting[key])
        self._claim(fresh)
        if known:
            queue.add(stage, known, inbox)

    def on_result(self, asked: Sequence[Waiting], result: list[Claimed] | Exception) -> None:
        """What the store said of a Claim."""
        if isinstance(result, Exception):
            self.sweep()  # the engine has ended by it
            return
        granted: list[Waiting] = []
        for one, said in zip(asked, result, strict=True):
            if said is True:
                self.mine[one.key] = self._keys(one)
            if self.waiting.get(one.key) is not one:
                continue  # nobody waits for it any more; `sweep` gives the claim back
            if said is False:
                self.held.append(one)
                continue
            del self.waiting[one.key]
            if said is True:
                granted.append(one)
            else:
                self._hand_out(one, said)
        self._queue(granted)
        if self.held and not self.looking:
            self.looking = True
            self.loop.call_later(LOOK_SECONDS, self._look)

    def sweep(self) -> None:
        """Gives back claims to calls that have ended, and drops what nobody waits for. Called at each heartbeat."""
        if self.queue.ended:  # all hear of it there
            waiting = list(self.waiting.values())
            self.waiting.clear()
            self.held.clear()
            self._queue(waiting)
        for one in [one for one in self.waiting.values() if not one.wanted]:
            del self.waiting[one.key]
        ended = [key for key in self.mine if key not in self.queue.calls]
        unanswered = {part for key in ended for part in self.mine.pop(key) if key not in self.queue.recent}
        if unanswered:  # of which some may be asked for again by now, alone or among others
            unanswered.difference_update(*self.mine.values(), *map(self._keys, self.waiting.values()))
            self.submit(Unclaim(self.owner, tuple(unanswered)), None)

    def _claim(self, some: Sequence[Waiting]) -> None:
        for start in range(0, len(some), CLAIMS_AT_ONCE):
            part = some[start : start + CLAIMS_AT_ONCE]
            self.submit(Claim(self.owner, tuple(map(self._keys, part))), Claiming(part))

    def _look(self) -> None:
        self.looking = False
        held, self.held = [one for one in self.held if self.waiting.get(one.key) is one], []
        if held and not self.queue.calls and not self.told:
            self.told = True
            logging.getLogger("persona_hub").warning(
                "waiting for %s that another process has claimed; if that one was killed, they are free after at most "
                "%.0f seconds (%.0f in Bigtable)",
                quantity(len(held), "question"),
                CLAIM_SECONDS,
                LEASE_SECONDS,
            )
        self._claim(held)

    def _keys(self, one: Waiting) -> tuple[bytes, ...]:
        return tuple(self.kind.keys(one.key, one.request))

    def _queue(self, some: Sequence[Waiting]) -> None:
        """Hands requests to the queue, those of one bundle together."""
        by_bundle: dict[tuple[str, int], tuple[Inbox, list[tuple[bytes, Any, Any]]]] = {}
        for one in some:
            for inbox, ticket in one.waiters:
                _, requests = by_bundle.setdefault((one.stage, id(inbox)), (inbox, []))
                requests.append((one.key, one.request, ticket))
        for (stage, _), (inbox, requests) in by_bundle.items():
            self.queue.add(stage, requests, inbox)

    def _hand_out(self, one: Waiting, values: tuple[bytes | None, ...]) -> None:
        there = [value for value in values if value is not None]
        answer = self.kind.from_entries(there, None) if len(there) == len(values) else AskAgain()
        for inbox, ticket in one.waiters:
            inbox.arrived.put(Outcome(ticket, answer))


@dataclass(frozen=True, eq=False)
class Claiming:
    """The token of a Claim: the requests that it is for."""

    requests: Sequence[Waiting]
