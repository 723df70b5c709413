"""The engine: one event loop, one client and one store connection in a process, through which all model calls go.

Requests queue in a deque; one pump starts calls while the limiter, the pace and the budget have room. A call holds its
slot until its answer is durable; one that failed waits for its retry on a timer, without a slot.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from persona_hub.transforms.calls.call import Call, Inbox, Outcome, Stopped, retry_wait, worth_another
from persona_hub.transforms.calls.gate import Gate, Pass
from persona_hub.transforms.calls.governor import total_of
from persona_hub.transforms.calls.limiter import HeldBack, Limiter
from persona_hub.transforms.calls.protocol import Answer, Asked, Client, Kind, ModelConfig, ModelError
from persona_hub.transforms.store.protocol import Put, Release, Renew, Spend
from persona_hub.transforms.store.registry import NO_STORE, open_store
from persona_hub.transforms.store.writer import Done, GroupWriter

STOPPED = "stopped: what was in flight is stored; the same command goes on from there"
EXHAUSTED = "raise the budget and run the same command again"
BEAT_SECONDS = 0.5  # between looks at the stop word
CLOSE_SECONDS = 30.0  # beyond a call's own time-out, for what is in flight when the process ends


class Engine:
    """submit() and cancel() from any thread; outcomes come through the submitter's inbox. `loop`: one that does not run
    yet, such as one with a clock of its own.
    """

    def __init__(self, config: ModelConfig, kind: Kind, loop: asyncio.AbstractEventLoop | None = None):
        self.config, self.kind = config, kind
        if any(total_of(config.budget)) and config.store in ("", NO_STORE):
            raise ValueError("a budget needs a --response_store: what was spent is counted there")
        self.store = open_store(config.store, config.durable) if config.store not in ("", NO_STORE) else None
        self.writer = GroupWriter(self.store, self._on_commit) if self.store else None
        self.owner = f"{os.getpid()}-{uuid4().hex[:8]}"  # of leases; never in any output
        self.limiter = Limiter(config.max_in_flight)
        self.queue: deque[Call] = deque()
        self.calls: dict[bytes, Call] = {}
        self.resting: set[Call] = set()  # until their next attempt, on a timer
        self.recent: OrderedDict[bytes, Answer] = OrderedDict()
        self.tasks: set[asyncio.Task[None]] = set()
        self.in_flight = 0
        self.ended: Exception | None = None  # why no call is started any more
        self.held_back = HeldBack()
        if self.store and self.store.commit([Renew(self.owner)])[0]:
            self.ended = Stopped(STOPPED)
        self.loop = loop or asyncio.new_event_loop()
        self.gate = Gate(
            config, self.owner, self.loop, self.writer.submit if self.writer else None, self._pump, self._end_with
        )
        self.client: Client
        ready: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, args=(ready,), name=f"{kind.name}-loop", daemon=True)
        self.thread.start()
        error = ready.get()
        if error is not None:
            self.thread.join()
            self._close_store()
            raise error

    # ---- for other threads

    def submit(self, stage: str, items: Sequence[tuple[bytes, Asked, Any]], inbox: Inbox) -> None:
        """Asks for the answer to each (key, request, ticket); one outcome comes to `inbox` for each."""
        self.loop.call_soon_threadsafe(self._enqueue, stage, items, inbox)

    def cancel(self, inbox: Inbox) -> None:
        """Drops what an abandoned bundle has queued. What is in flight is paid, and is awaited and stored."""
        inbox.cancelled = True
        self.loop.call_soon_threadsafe(self._drop_unwanted)

    def close(self) -> None:
        """Awaits and stores what is in flight, gives back the leases, ends the threads."""
        if self.thread.is_alive():
            ending = asyncio.run_coroutine_threadsafe(self._end(), self.loop)
            ending.result(self.config.timeout + CLOSE_SECONDS)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
        self._close_store()

    def _close_store(self) -> None:
        if self.writer and self.store:
            self.writer.submit(Release(self.owner))
            self.writer.close()
            self.store.close()

    # ---- on the loop thread

    def _run(self, ready: queue.SimpleQueue[BaseException | None]) -> None:
        asyncio.set_event_loop(self.loop)

        async def open_client() -> None:  # clients bind to the running loop
            self.client = self.kind.open(self.config)

        try:
            self.loop.run_until_complete(open_client())
        except BaseException as error:
            ready.put(error)
            return
        ready.put(None)
        if self.writer:
            self.loop.call_soon(self._beat)
        self.loop.run_forever()
        self.loop.close()

    def _beat(self) -> None:
        if self.writer and not self.loop.is_closed():
            self.writer.submit(Renew(self.owner), "beat")
            self.loop.call_later(BEAT_SECONDS, self._beat)

    def _enqueue(self, stage: str, items: Iterable[tuple[bytes, Asked, Any]], inbox: Inbox) -> None:
        for key, request, ticket in items:
            if key in self.recent:
                inbox.arrived.put(Outcome(ticket, self.recent[key]))
            elif key in self.calls:
                self.calls[key].waiting.append((inbox, ticket))
            else:
                call = Call(key, request, stage, self.gate.governor.worst(request), [(inbox, ticket)])
                self.calls[key] = call
                self.queue.append(call)
        self._pump()

    def _pump(self) -> None:
        """Starts calls while there is room for them."""
        while self.queue and (self.ended or self.limiter.room(self.in_flight, self.loop.time())):
            call = self.queue.popleft()
            if not call.wanted:
                del self.calls[call.key]
            elif self.ended:
                self._deliver(call, self.ended)
            elif (answer := self.gate.admit(call)) is Pass.WAIT:
                self.queue.appendleft(call)
                break
            elif answer is Pass.OVER:
                self._deliver(call, ModelError("budget-exhausted", EXHAUSTED))
            else:
                self.in_flight += 1
                call.attempts += 1
                task = self.loop.create_task(self._attempt(call))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        held = 1.0 if self.gate.pacing else self.limiter.lowered
        self.held_back.note(held if self.queue or self.resting else 0.0, self.loop.time())

    async def _attempt(self, call: Call) -> None:
        call.started = self.loop.time()
        call.first = call.first or call.started
        try:
            async with asyncio.timeout(self.config.timeout):
                answer = await self.client.complete(call.request)
        except TimeoutError:
            self._failed(call, ModelError("timeout", f"no answer in {self.config.timeout:g} s", retry=True))
        except ModelError as error:
            self._failed(call, error)
        except Exception as error:  # a fault in a client must not lose the request; its words may hold the prompt
            self._failed(call, ModelError("client-error", type(error).__name__))
        else:
            self._answered(call, answer)

    def _answered(self, call: Call, answer: Answer) -> None:
        call.seconds = self.loop.time() - call.started
        self.limiter.answered()
        call.spend = self.gate.answered(call, answer)
        if not self.writer:
            self._stored(call, answer)
            return
        entries = self.kind.pack(call.key, call.request, answer)
        call.answer, call.entries = answer, len(entries)
        for i, (key, value, subject) in enumerate(entries):
            spend = Spend() if i else call.spend
            self.writer.submit(Put(key, value, call.stage, spend, self.owner, subject), call)

    def _failed(self, call: Call, error: ModelError) -> None:
        now = self.loop.time()
        call.seconds = now - call.started
        self.gate.failed(call, error)
        self.in_flight -= 1
        again = worth_another(error, call, self.config.attempts, now)
        wait = retry_wait(error, call.attempts) if again else 0.0
        if error.refused and self.limiter.refused(wait, now):
            self.loop.call_at(self.limiter.paused, self._pump)
        if error.fatal:
            self._end_with(error)
        if again and not self.ended:
            call.rest = self.loop.call_later(wait, self._again, call)
            self.resting.add(call)
        else:
            self._deliver(call, self.ended if self.ended and error.retry else error)
        self._pump()

    def _again(self, call: Call) -> None:
        self.resting.discard(call)
        self.queue.appendleft(call)
        self._pump()

    def _wake(self) -> None:
        """Ends the rest of all who wait for another attempt: they have nothing to wait for."""
        for call in self.resting:
            if call.rest:
                call.rest.cancel()
            self.queue.append(call)
        self.resting.clear()

    def _on_commit(self, done: Sequence[Done]) -> None:
        """On the writer's thread: what a commit has made durable."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: only the release of leases comes after it
            self.loop.call_soon_threadsafe(self._committed, done)

    def _committed(self, done: Sequence[Done]) -> None:
        for token, result in done:
            if isinstance(result, Exception):
                self._end_with(result)
            match token:
                case Call() as call:
                    self._kept(call, result)
                case "beat":
                    if result is True:
                        self._end_with(Stopped(STOPPED))
                case None:
                    pass
                case _:
                    self.gate.done(token, result)
        self._pump()

    def _kept(self, call: Call, value: bytes | Exception) -> None:
        """One entry of an answer is durable, with the value that stands; the writer keeps their order."""
        if isinstance(value, Exception):
            if call.entries:  # else it has been told already
                call.entries = 0
                self._stored(call, value)
            return
        call.values.append(value)
        if len(call.values) == call.entries:
            self._stored(call, self.kind.unpack(call.values, call.answer))

    def _stored(self, call: Call, answer: Answer | Exception) -> None:
        """The slot is free only now: no more answers are unsaved than calls may be in flight."""
        self.in_flight -= 1
        self.gate.settle(call, call.spend)
        if not isinstance(answer, Exception):
            self.recent[call.key] = answer
            if len(self.recent) > self.kind.recent:
                self.recent.popitem(last=False)
        self._deliver(call, answer, call.spend.cost)
        if not self.writer:
            self._pump()

    def _deliver(self, call: Call, answer: Answer | Exception, cost: int = 0) -> None:
        del self.calls[call.key]
        call.deliver(answer, cost)

    def _drop_unwanted(self) -> None:
        for call in [call for call in self.resting if not call.wanted]:
            if call.rest:
                call.rest.cancel()
            self.resting.discard(call)
            del self.calls[call.key]
        for call in self.queue:
            if not call.wanted:
                del self.calls[call.key]
        self.queue = deque(call for call in self.queue if call.wanted)
        self._pump()

    def _end_with(self, error: Exception) -> None:
        self.ended = self.ended or error
        self._wake()

    async def _end(self) -> None:
        self._end_with(Stopped("the process ends"))
        self._pump()
        while self.in_flight:
            await asyncio.sleep(0.01)
        self.gate.close()
        await self.client.close()
