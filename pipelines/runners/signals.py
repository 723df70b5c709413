"""Ctrl-C and SIGTERM: the calls under way are awaited and stored, and the same command goes on from there.

A paid job that is stopped and started again. The stop flag is a row of its response store, which every process that
asks by this store looks at before each call:

    stop flag
                the job begins and clears the flag, in case it is still set
                Ctrl-C: the handler wakes the thread "stopping", and from now on a signal acts as usual
    set         the thread sets the flag: the job's processes, on any machine, start no more calls
    set         the calls under way end and are stored; the job fails with "stopped: ..."
                the block ends: the thread removes the flag
                the same command asks only what is not stored yet

A second Ctrl-C raises KeyboardInterrupt at once. The flag is removed all the same, unless the job runs on a cluster,
which goes on without this process and must still see it. SIGKILL leaves it: the next command clears it.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from queue import SimpleQueue
from types import FrameType

from persona_hub.pipelines.cli.log_lines import say
from persona_hub.transforms.store.protocol import StoreError
from persona_hub.transforms.store.registry import NO_STORE, open_store

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING = "stopping: waiting for the calls under way; again to stop at once"


class Event(Enum):
    """What the thread that sets and removes the stop flag waits for."""

    SIGNAL = "a signal has come"
    REMOVE = "the job has ended"
    LEAVE = "this process ends, and the job goes on elsewhere"


def clear_stop_flag(address: str) -> bool:
    """Clears the stop flag that a killed job left, so that this one can ask; whether this machine can see the store.

    Nothing is done without a store. One that only a cluster's workers see keeps the flag: only they could remove it.
    """
    if address in ("", NO_STORE):
        return False
    try:
        set_stop_flag(address, False)
    except StoreError:  # one that this machine should see was tried before, and its fault was reported
        return False
    return True


@contextmanager
def stop_on_signals(address: str, on_cluster: bool = False) -> Iterator[None]:
    """While the block runs, the first signal sets the stop flag of the store at `address`; a second acts as usual.

    What is ignored (as SIGINT is under nohup) stays ignored. Without a store that this machine can see, and outside of
    the main thread, where Python takes no signals, they act as usual.
    """
    if not clear_stop_flag(address) or threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = {number: signal.getsignal(number) for number in SIGNALS}
    heard = {number: handler for number, handler in usual.items() if handler not in (signal.SIG_IGN, None)}
    # A handler may interrupt anything. SimpleQueue.put() is safe there; a lock, and so Thread.start(), is not.
    events: SimpleQueue[Event] = SimpleQueue()
    thread = threading.Thread(target=serve_stop_flag, args=(address, events), name="stopping", daemon=True)
    thread.start()

    def restore() -> None:
        for number, handler in heard.items():
            signal.signal(number, handler)

    def on_signal(number: int, frame: FrameType | None) -> None:
        restore()
        events.put(Event.SIGNAL)

    for number in heard:
        signal.signal(number, on_signal)
    last = Event.REMOVE
    try:
        yield
    except KeyboardInterrupt:
        last = Event.LEAVE if on_cluster else Event.REMOVE
        raise
    finally:
        restore()
        events.put(last)
        thread.join()


def serve_stop_flag(address: str, events: SimpleQueue[Event]) -> None:
    """Sets the stop flag at the first signal, and removes it when the job has ended."""
    if events.get() is not Event.SIGNAL:
        return
    say(STOPPING, file=sys.stderr, flush=True)
    set_stop_flag(address, True)
    last = events.get()
    while last is Event.SIGNAL:  # both signals at once: the second handler ran before the first could restore
        last = events.get()
    if last is Event.REMOVE:  # a preview by this store may follow, and a job on another machine
        set_stop_flag(address, False)


def set_stop_flag(address: str, stop: bool) -> None:
    """Sets the stop flag, or removes it."""
    with closing(open_store(address)) as store:
        store.set_stop_flag(stop)
