"""The engine: one event loop, one client and one store connection in a process, through which all model calls go.

The way of one request with key k, of a bundle that has not found k in the store:

1. `Engine.submit`, on the bundle's thread, hands it to the loop thread, where `Claims` claims k in the store: what
   another process asks is not asked here (claims.py).
2. `RequestQueue.add`: if k was answered a moment ago, the bundle has that answer at once; if a call for k is under way,
   the bundle waits for it, too; else a new `Call` waits in the queue.
3. `RequestQueue.pump`: when fewer calls are in flight than `ConcurrencyLimiter` allows, and `AdmissionControl` has
   taken the call's share of rates and budget, the call holds a slot.
4. `Sender` sends it. The server answers 429: the slot is free, and a timer brings the call back to 3 before all others.
   The server answers: the answer goes to the writer's thread, and the call keeps its slot.
5. The writer commits it together with what else came meanwhile. `Engine._on_commit` hands the results to the loop
   thread, where `Sender.on_stored` settles the cost, frees the slot, and puts an `Outcome` into the inbox of each
   bundle that waits for k.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from persona_hub.transforms.calls.admission import AdmissionControl
from persona_hub.transforms.calls.budget import total_of
from persona_hub.transforms.calls.call import Call, Inbox, Judge, Stopped
from persona_hub.transforms.calls.claims import Claiming, Claims
from persona_hub.transforms.calls.concurrency import ThrottleMeter
from persona_hub.transforms.calls.protocol import CallKind, ModelConfig, ModelError, Verdict
from persona_hub.transforms.calls.request_queue import KeyedRequests, RequestQueue
from persona_hub.transforms.calls.sender import Sender, fault_place
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.store.protocol import Release, Renew, Spend, StoreError
from persona_hub.transforms.store.registry import NO_STORE, open_store
from persona_hub.transforms.store.writer import GroupWriter, Result

STOPPED = "stopped: what was in flight is stored; the same command goes on from there"
HEARTBEAT = "heartbeat"  # the token of a job which says that this process lives, and asks for the stop flag
HEARTBEAT_SECONDS = 0.5
CLOSE_SECONDS = 30.0  # beyond a call's own time-out, for what is in flight when the process ends


class EngineFault(RuntimeError):
    """A fault of this program on the engine's own threads; the message says where."""


class Engine:
    """submit() and cancel() from any thread; outcomes come through the submitter's inbox.

    `loop`: one that does not run yet, such as one with a clock of its own. Raises ValueError for a budget without a
    store, StoreError, and whatever the client raises when it is opened.
    """

    def __init__(self, config: ModelConfig, kind: CallKind, loop: asyncio.AbstractEventLoop | None = None):
        self.config = config
        stored = config.store not in ("", NO_STORE)
        if any(total_of(config.budget)) and not stored:
            raise InvalidInputError("a budget needs a --response_store: what was spent is counted there")
        self.store = open_store(config.store, config.durable) if stored else None
        self.owner = f"{os.getpid()}-{uuid4().hex[:8]}"  # of leases; never in any output
        stop_requested = self.store is not None and self.store.commit([Renew(self.owner)])[0]
        self.writer = GroupWriter(self.store, self._on_commit) if self.store else None
        self.loop = loop or asyncio.new_event_loop()
        # The three call each other; whoever is made first finds the others by the time anything runs.
        self.admission = AdmissionControl(
            config,
            self.owner,
            self.loop,
            submit=self.writer.submit if self.writer else None,
            on_room=lambda: self.queue.pump(),
            on_fault=lambda error: self.queue.end(error),
        )
        self.queue = RequestQueue(
            self.loop,
            self.admission,
            config.max_in_flight,
            kind.recent_answers,
            start=lambda call: self.sender.start(call),
        )
        self.claims = Claims(self.owner, kind, self.loop, self.queue, self.writer.submit) if self.writer else None
        self.before = self.store.spend() if self.store else {}
        self.judge = Judge(self._answered_elsewhere, self._others_wait)
        self.sender = Sender(config, kind, self.queue, self.admission, self.writer, self.judge, self._on_fault)
        self.loop.set_exception_handler(self._on_loop_fault)
        if stop_requested:
            self.queue.end(Stopped(STOPPED))
        self.thread = self._started(f"{kind.name}-loop")

    # ---- for other threads

    @property
    def ended(self) -> Exception | None:
        """Why no call is started any more; None while calls are."""
        return self.queue.ended

    @property
    def replaceable(self) -> bool:
        """Whether it has ended by what another engine may not meet. The account's state is the same for all."""
        error = self.queue.ended
        return error is not None and not (isinstance(error, ModelError) and error.verdict is Verdict.ACCOUNT)

    def found(self) -> None:
        """The store has answers to requests of a bundle: the server takes such requests, or did."""
        self.judge.known = True

    @property
    def throttle(self) -> ThrottleMeter:
        """The time in which the server or a rate limit held calls back."""
        return self.queue.throttle

    def submit(self, stage: str, requests: KeyedRequests, inbox: Inbox) -> None:
        """Asks for the answer to each (key, request, ticket); one outcome comes to `inbox` for each."""
        self.loop.call_soon_threadsafe((self.claims or self.queue).add, stage, requests, inbox)

    def cancel(self, inbox: Inbox) -> None:
        """Drops what an abandoned bundle has queued. What is in flight is paid, and is awaited and stored."""
        inbox.cancelled = True
        self.loop.call_soon_threadsafe(self.queue.drop_unwanted)

    def end(self, error: Exception) -> None:
        """Nothing more is sent; what is in flight is awaited and stored, and all who wait for the rest get `error`."""
        self.loop.call_soon_threadsafe(self._end_by, error)

    def close(self) -> None:
        """Awaits and stores what is in flight, gives back the leases, ends the threads."""
        if self.thread.is_alive():
            ending = asyncio.run_coroutine_threadsafe(self._end(), self.loop)
            ending.result(self.config.timeout + CLOSE_SECONDS)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
        self._close_store()

    def _started(self, name: str) -> threading.Thread:
        """The loop thread, once its client is open. Raises what opening the client raises."""
        opened: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        thread = threading.Thread(target=self._run, args=(opened,), name=name, daemon=True)
        thread.start()
        error = opened.get()
        if error is not None:
            thread.join()
            self._close_store()
            raise error
        return thread

    def _close_store(self) -> None:
        if self.writer and self.store:
            self.writer.submit(Release(self.owner))
            self.writer.close()
            self.store.close()

    def _on_commit(self, results: Sequence[Result]) -> None:
        """On the writer's thread: what a commit has made durable."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: only the release of leases comes after it
            self.loop.call_soon_threadsafe(self._committed, results)

    # ---- on the loop thread

    def _run(self, opened: queue.SimpleQueue[BaseException | None]) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self.sender.open())
        except BaseException as error:
            opened.put(error)
            return
        opened.put(None)
        if self.writer:
            self.loop.call_soon(self._beat)
        self.loop.run_forever()
        self.loop.close()

    def _end_by(self, error: Exception) -> None:
        self.queue.end(error)
        self.queue.pump()

    def _on_fault(self, fault: BaseException) -> None:
        """A fault of this program, in whatever was under way: nobody may wait for what never comes."""
        error = EngineFault(f"a fault in the engine of model calls: {fault_place(fault)}; what was stored stands")
        error.__cause__ = fault
        self.queue.fail(error)
        if self.claims:
            self.claims.sweep()

    def _on_loop_fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception in a callback of the loop. Libraries' own words of what was not closed hold none."""
        fault = context.get("exception")
        if fault is None or "never retrieved" in context.get("message", ""):
            return
        self._on_fault(fault)

    def _others_wait(self) -> bool:
        return len(self.queue.calls) > 1 or bool(self.claims and self.claims.waiting)

    def _answered_elsewhere(self, stage: str) -> bool:
        try:
            now = self.store.spend() if self.store else {}
        except StoreError:
            return False
        return now.get(stage, Spend()).calls > self.before.get(stage, Spend()).calls

    def _beat(self) -> None:
        if self.writer and not self.loop.is_closed():
            self.writer.submit(Renew(self.owner), HEARTBEAT)
            if self.claims:
                self.claims.sweep()
            self.loop.call_later(HEARTBEAT_SECONDS, self._beat)

    def _committed(self, results: Sequence[Result]) -> None:
        for token, result in results:
            if isinstance(result, Exception):
                result = result if isinstance(result, StoreError) else stored_not(result)
                self.queue.end(result)
            if isinstance(token, Call):
                self.sender.on_stored(token, result)
            elif token == HEARTBEAT:
                if result is True:
                    self.queue.end(Stopped(STOPPED))
            elif isinstance(token, Claiming):
                assert self.claims
                self.claims.on_result(token.requests, result)
            elif token is not None:
                self.admission.on_store_result(token, result)
        self.queue.pump()

    async def _end(self) -> None:
        self.queue.end(Stopped("the process ends"))
        if self.claims:
            self.claims.sweep()
        self.queue.pump()
        await self.sender.close()
        self.admission.close()


def stored_not(fault: Exception) -> EngineFault:
    """What a store's unexpected fault is to all who wait."""
    error = EngineFault(f"the response store failed: {fault_place(fault)}; the same command goes on from what it holds")
    error.__cause__ = fault
    return error
