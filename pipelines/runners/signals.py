"""Ctrl-C and SIGTERM: the calls under way are awaited and stored, and the same command goes on from there."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from queue import SimpleQueue
from types import FrameType

from persona_hub.transforms.store.protocol import StoreError
from persona_hub.transforms.store.registry import NO_STORE, open_store

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING = "stopping: waiting for the calls under way; again to stop at once"


@contextmanager
def stop_on_signals(store_address: str, elsewhere: bool = False) -> Iterator[None]:
    """While the block runs, the first signal leaves the stop word in the store, a second one acts as usual.

    The word reaches every process that asks by this store, and is taken back before the block begins and when it has
    ended. A job that runs `elsewhere` outlives this process: after a second signal the word stays for it.
    Nothing is changed for a model without a store, for a store that only the workers see, and outside of the main
    thread.
    """
    if store_address in ("", NO_STORE) or threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        say(store_address, False)
    except StoreError:  # one that this machine should see was opened before, and its fault has been told
        yield
        return
    told: SimpleQueue[bool | None] = (
        SimpleQueue()
    )  # its put() may interrupt anything; a lock, or Thread.start(), may not
    usual = {number: signal.getsignal(number) for number in SIGNALS}
    heard = {number: handler for number, handler in usual.items() if handler not in (signal.SIG_IGN, None)}

    def restore() -> None:
        for number, handler in heard.items():
            signal.signal(number, handler)

    def on_signal(number: int, frame: FrameType | None) -> None:
        restore()
        told.put(True)

    thread = threading.Thread(target=leave_word, args=(store_address, told), name="stopping", daemon=True)
    thread.start()
    for number in heard:
        signal.signal(number, on_signal)
    stays = False
    try:
        yield
    except KeyboardInterrupt:
        stays = elsewhere
        raise
    finally:
        restore()
        told.put(None if stays else False)
        thread.join()


def leave_word(address: str, told: SimpleQueue[bool | None]) -> None:
    """Waits for a signal (True), leaves the stop word, and takes it back when the job has ended (False; None: not)."""
    if not told.get():
        return
    wiped = "\r\x1b[K" if sys.stderr.isatty() else ""  # of the progress line
    print(f"{wiped}{STOPPING}", file=sys.stderr, flush=True)
    say(address, True)
    while last := told.get():
        pass
    if last is None:
        return
    say(address, False)  # a preview by this store may follow, and a job on another machine


def say(address: str, stop: bool) -> None:
    """Leaves the stop word, or takes it back."""
    with closing(open_store(address)) as store:
        store.say_stop(stop)
