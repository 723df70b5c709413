"""The engines of this process: one for each configuration, shared by all steps that name it."""

from __future__ import annotations

import atexit
import os
import pickle
import threading
from collections import Counter

from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import CallKind, ModelConfig

_engines: dict[bytes, Engine] = {}
_holders: Counter[Engine] = Counter()
_engines_lock = threading.Lock()


def acquire_engine(config: ModelConfig, kind: CallKind) -> Engine:
    """The engine for calls of one kind by `config`, opened if it must be; give it back with `release_engine`.

    One that has ended (a store that was gone, a key that was wrong) is replaced, so that a retried bundle has a chance;
    one that has ended by the account's state is not: no question would fare better.
    """
    name = pickle.dumps((kind, config))
    with _engines_lock:
        engine = _engines.get(name)
        if engine is None or engine.replaceable:
            engine = _engines[name] = Engine(config, kind)
        _holders[engine] += 1
        return engine


def release_engine(engine: Engine) -> None:
    """The last holder closes the engine, which awaits and stores what is in flight."""
    with _engines_lock:
        if engine not in _holders:  # of a process that this one was forked from
            return
        _holders[engine] -= 1
        if _holders[engine]:
            return
        del _holders[engine]
        for name in [name for name, other in _engines.items() if other is engine]:
            del _engines[name]
    engine.close()


def _close_all() -> None:
    """At the end of the process: nothing that was paid may be lost."""
    for engine in list(_holders):
        engine.close()


def _forget() -> None:
    """In a forked child: loops, connections and locks are the parent's."""
    global _engines_lock
    _engines_lock = threading.Lock()
    _engines.clear()
    _holders.clear()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget)
