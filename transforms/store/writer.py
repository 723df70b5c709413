"""One thread that writes to a store: what has queued up while it committed goes into the next transaction."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.store.protocol import Put, ResponseStore, StoreError, StoreJob

GROUP_JOBS = 1000  # in one transaction: bounds its memory; one commit for each answer would have a p99 of 69 ms

Result = tuple[Any, Any]  # (the token that came with a job, its result or the exception that came instead)


class GroupWriter:
    """Takes jobs from any thread; tells `on_commit` of each commit, on its own thread, all that it held."""

    def __init__(self, store: ResponseStore, on_commit: Callable[[Sequence[Result]], None]):
        self.store, self.on_commit = store, on_commit
        self.queue: queue.SimpleQueue[tuple[StoreJob, Any] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self.thread.start()

    def submit(self, job: StoreJob, token: Any = None) -> None:
        """Queues a job; its result comes with `token`."""
        self.queue.put((job, token))

    def close(self) -> None:
        """Waits until everything queued is durable."""
        self.queue.put(None)
        self.thread.join()

    def _run(self) -> None:
        while work := self._group():
            try:
                stored = self.store.commit([job for job, _ in work])
                results = [(token, result) for (_, token), result in zip(work, stored, strict=True)]
            except Exception as error:  # whoever waits must hear of it, whatever it is
                told = with_losses(error, [job for job, _ in work])
                results = [(token, told) for _, token in work]
            self.on_commit(results)

    def _group(self) -> list[tuple[StoreJob, Any]]:
        """Waits for one job and takes all that are there with it; nothing when the end has come."""
        work: list[tuple[StoreJob, Any]] = []
        item = self.queue.get()
        while item is not None:
            work.append(item)
            if len(work) >= GROUP_JOBS:
                return work
            try:
                item = self.queue.get_nowait()
            except queue.Empty:
                return work
        if work:
            self.queue.put(None)  # the end comes after these
        return work


def with_losses(error: Exception, jobs: Sequence[StoreJob]) -> Exception:
    """The error of a commit; a StoreError says how many answers go with it that were paid."""
    paid = sum(job.spend.calls for job in jobs if isinstance(job, Put))
    if not (paid and isinstance(error, StoreError)):
        return error
    calls = f"{quantity(paid, 'call')} that {'was' if paid == 1 else 'were'}"
    told = type(error)(f"{error}; {calls} paid just now could not be kept")
    told.__cause__ = error
    return told
