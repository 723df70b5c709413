"""Looks again and again at what a response store has counted, on a thread of its own: a server may be slow or gone."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import closing

from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import NO_STORE, is_embedded_store, open_store

EMBEDDED_SECONDS, SERVER_SECONDS = 0.5, 5.0  # between two looks at a store
LAST_SECONDS = 5.0  # for the last look, when the job has ended


class SpendReader:
    """`stored` is what the store at `address` had counted at the last look.

    None where there is no store, or none that this machine can see: a job on a cluster may have one of its own.
    """

    def __init__(self, address: str):
        self.address = address
        self.stored: Mapping[str, Spend] | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, name="spend-reader", daemon=True)
        if address not in ("", NO_STORE):
            self.thread.start()

    def close(self) -> None:
        """Ends after one more look, in bounded time."""
        self.over.set()
        if self.thread.ident is not None:
            self.thread.join(LAST_SECONDS)

    def _run(self) -> None:
        pause = EMBEDDED_SECONDS if is_embedded_store(self.address) else SERVER_SECONDS
        while not self.over.is_set():
            try:
                with closing(open_store(self.address, make=False)) as store:
                    while True:
                        last = self.over.is_set()
                        self.stored = store.spend()
                        if last:
                            return
                        self.over.wait(pause)
            except Exception:  # whatever a client raises: the job itself reports a store that is gone
                self.over.wait(SERVER_SECONDS)
