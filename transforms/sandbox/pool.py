"""The one pool of worker processes that a process runs untrusted programs in."""

from __future__ import annotations

import atexit
import ctypes
import os
import threading

import pydantic_monty as monty

GRACE_SECONDS = (
    0.25  # past its time before a worker is killed that does not look at its clock: a product of huge integers
)
CHECKOUTS_OF_A_WORKER = (
    1000  # after which it is replaced: what one program leaves behind comes off the next one's memory
)


class _Pool:
    """The pool of this process. A fork has a copy of it that belongs to the parent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: monty.Monty | None = None
        self._forked = False  # from a process that had opened the pool

    def opened(self) -> monty.Monty:
        """The pool, opened at the first use.

        Raises FileNotFoundError where the sandbox's program is not installed, and RuntimeError in a fork of a process
        that had opened the pool: the library's own threads are not there, and it would wait for them for ever.
        """
        if self._forked:
            raise RuntimeError(
                "this process was forked from one that had run programs in the sandbox: fork before the first program,"
                " or start processes anew (multiprocessing's `spawn`)"
            )
        with self._lock:
            if self._pool is None:
                pool = monty.Monty(
                    max_checkouts_per_worker=CHECKOUTS_OF_A_WORKER,
                    feed_duration_limit_grace=GRACE_SECONDS,
                    turn_duration_limit_grace=GRACE_SECONDS,
                )
                self._pool = pool.__enter__()
            return self._pool

    def close(self) -> None:
        """Ends the workers; the next use opens the pool again."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.__exit__(None, None, None)

    def forget(self) -> None:
        """In a fork: leaves the parent's workers alone. Its pool must not even be collected, since that ends them."""
        self._forked = self._forked or self._pool is not None
        if self._pool is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._pool))
        self._lock, self._pool = threading.Lock(), None  # the parent's lock may be held


POOL = _Pool()
atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.forget)
