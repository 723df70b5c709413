"""Sends calls, and sees each through: to its next attempt, its error, or its durable answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from persona_hub.transforms.calls.admission import AdmissionControl
from persona_hub.transforms.calls.call import Call, Judge, retry_delay, should_retry
from persona_hub.transforms.calls.clients.said import without_prompt
from persona_hub.transforms.calls.protocol import Answer, CallKind, Client, ModelConfig, ModelError, Verdict
from persona_hub.transforms.calls.request_queue import RequestQueue
from persona_hub.transforms.counting.board import add_to_board
from persona_hub.transforms.store.protocol import Put, Spend
from persona_hub.transforms.store.writer import GroupWriter


class Sender:
    """Owns the client. Lives on the engine's loop thread; without a `writer` answers are not stored."""

    client: Client  # once `open` is done

    def __init__(
        self,
        config: ModelConfig,
        kind: CallKind,
        queue: RequestQueue,
        admission: AdmissionControl,
        writer: GroupWriter | None,
        judge: Judge,
        on_fault: Callable[[BaseException], None],
    ):
        self.config, self.kind, self.queue, self.admission, self.writer = config, kind, queue, admission, writer
        self.judge, self.on_fault = judge, on_fault
        self.loop, self.owner = queue.loop, admission.budget.owner
        self.tasks: set[asyncio.Task[None]] = set()  # the loop itself holds them weakly

    async def open(self) -> None:
        """Opens the client, which binds itself to the running loop."""
        self.client = self.kind.open_client(self.config)

    async def close(self) -> None:
        """Waits for all calls in flight, and closes the client."""
        while self.queue.in_flight and not (self.queue.faulty and not self.tasks):
            await asyncio.sleep(0.01)
        await self.client.close()

    def start(self, call: Call) -> None:
        """Sends a call that has its slot."""
        task = self.loop.create_task(self._attempt(call))
        self.tasks.add(task)
        task.add_done_callback(self._on_done)

    def on_stored(self, call: Call, value: bytes | Exception) -> None:
        """One entry of a call's answer is durable, with the value that stands; the writer keeps their order."""
        if isinstance(value, Exception):
            if call.entries:  # else an earlier entry of this call has failed already
                call.entries = 0
                self._finish(call, value)
            return
        call.stored.append(value)
        if len(call.stored) == call.entries:
            self._finish(call, self.kind.from_entries(call.stored, call.answer))

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault:
            self.on_fault(fault)

    async def _attempt(self, call: Call) -> None:
        call.last_sent = self.loop.time()
        call.first_sent = call.first_sent or call.last_sent
        try:
            async with asyncio.timeout(self.config.timeout):
                answer = await self.client.complete(call.request)
        except TimeoutError:
            self._on_failure(
                call, ModelError("timeout", f"no answer in {self.config.timeout:g} s", verdict=Verdict.WAIT)
            )
        except ModelError as error:
            self._on_failure(call, error)
        except Exception as error:  # a fault in a client must not lose the others; its message may hold the prompt
            self._on_failure(call, ModelError("client-error", fault_place(error), if_first=Verdict.REQUEST))
        else:
            self._on_answer(call, answer)

    def _on_answer(self, call: Call, answer: Answer) -> None:
        call.seconds = self.loop.time() - call.last_sent
        self.queue.limiter.on_answer()
        self.judge.on_answer()
        answer = self.kind.clean(answer)
        call.spend = self.admission.on_answer(call, answer)
        if not self.writer:
            self._finish(call, answer)
            self.queue.pump()
            return
        entries = self.kind.to_entries(call.key, call.request, answer)
        call.answer, call.entries = answer, len(entries)
        for i, (key, value, subject) in enumerate(entries):
            spend = Spend() if i else call.spend
            self.writer.submit(Put(key, value, call.stage, spend, self.owner, subject), call)

    def _on_failure(self, call: Call, error: ModelError) -> None:
        now = self.loop.time()
        call.seconds = now - call.last_sent
        self.admission.on_failure(call, error)
        if error.refused:
            add_to_board(call.stage, "refusals")
        self.queue.free_slot()
        error = self.judge.judged(error, call.stage)
        detail = without_prompt(error.detail, call.request.texts) if error.detail else ""
        if detail != error.detail:
            error = error.with_words(error.reason, detail, error.verdict)
        again = should_retry(error, call, self.config.attempts, now)
        delay = retry_delay(error, call.attempts) if again else 0.0
        if error.refused:
            self.queue.on_refusal(delay)
        if error.verdict in (Verdict.ACCOUNT, Verdict.REQUEST):
            self.queue.end(error)
        ended = self.queue.ended
        if again and not ended:
            add_to_board(call.stage, "sent-again")
            self.queue.retry_later(call, delay)
        else:
            self.queue.deliver(call, ended if ended and error.retry else error)
        self.queue.pump()

    def _finish(self, call: Call, answer: Answer | Exception) -> None:
        """The slot is free only now: no more answers are unsaved than calls may be in flight."""
        self.queue.free_slot()
        self.admission.settle(call, call.spend)
        if not isinstance(answer, Exception):
            self.queue.remember(call, answer)
        self.queue.deliver(call, answer, call.spend.cost)


def fault_place(error: BaseException) -> str:
    """What kind of fault it was, and where: its message may hold anything."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    place = f" at {Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else ""
    return f"{type(error).__name__}{place}"
