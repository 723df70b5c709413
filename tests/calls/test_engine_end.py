"""Bundles that give up, jobs that end, and the engines of a process."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from persona_hub.transforms.calls import engines
from persona_hub.transforms.calls.call import Stopped
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import Budget, ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.protocol import Completion
from persona_hub.transforms.llm.registry import COMPLETIONS
from persona_hub.transforms.store.protocol import Renew, StoreError
from persona_hub.transforms.store.registry import open_store
from persona_hub.transforms.store.writer import Result
from tests.calls.backend import PROMPTS, Make, key_of, outcomes, submit, until


def test_of_a_bundle_that_failed_only_what_is_in_flight_is_paid_and_that_is_kept(make: Make, address: str) -> None:
    engine, backend = make(hold=True, max_in_flight=1)
    failed = submit(engine, PROMPTS)
    other = submit(engine, ["prompt 5"])
    until(lambda: backend.now == 1)
    engine.cancel(failed)
    backend.released.set()
    assert outcomes(other, 1)["prompt 5"].answer == Completion("prompt 5")
    assert backend.seen == ["prompt 0", "prompt 5"]
    assert key_of("prompt 0") in open_store(address).get_many([key_of("prompt 0")])


def test_a_cancelled_bundle_does_not_come_back_from_its_rest(make: Make) -> None:
    def refused(prompt: str) -> Completion:
        raise ModelError("http-429", verdict=Verdict.WAIT, retry_after=0.3)

    engine, backend = make(refused)
    inbox = submit(engine, ["a"])
    until(lambda: bool(engine.queue.between_attempts))
    engine.cancel(inbox)
    until(lambda: not engine.queue.calls)
    assert backend.seen == ["a"]
    assert inbox.arrived.empty()


def test_the_stop_flag_lets_what_is_in_flight_end_and_starts_nothing_more(make: Make, address: str) -> None:
    engine, backend = make(hold=True, max_in_flight=2)
    inbox = submit(engine, PROMPTS)
    until(lambda: backend.now == 2)
    open_store(address).set_stop_flag()
    stopped = [inbox.arrived.get(timeout=20) for _ in range(8)]
    assert all(isinstance(outcome.answer, Stopped) for outcome in stopped)
    backend.released.set()
    assert {outcome.answer for outcome in outcomes(inbox, 2).values()} == {
        Completion("prompt 0"),
        Completion("prompt 1"),
    }


def test_closing_awaits_and_stores_what_is_in_flight(make: Make, address: str) -> None:
    engine, backend = make(hold=True, max_in_flight=1)
    inbox = submit(engine, ["a", "b"])
    until(lambda: backend.now == 1)
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(engine.close)
        assert isinstance(inbox.arrived.get(timeout=20).answer, Stopped)
        assert not closing.done()
        backend.released.set()
        closing.result(20)
    assert backend.closed
    assert outcomes(inbox, 1)["a"].answer == Completion("a")
    assert open_store(address).get_many([key_of("a"), key_of("b")]).keys() == {key_of("a")}


def test_a_budget_that_is_spent_is_an_outcome_like_others(make: Make) -> None:
    engine, backend = make(budget=Budget(calls=4))
    found = outcomes(submit(engine, PROMPTS), 10)
    reasons = [str(outcome.answer).split(":")[0] for outcome in found.values() if not outcome.paid]
    assert reasons == ["budget-exhausted"] * 6
    assert len(backend.seen) == 4


def test_time_in_which_the_server_held_us_back_is_counted_and_none_else(make: Make) -> None:
    engine, _ = make(lambda prompt: Completion(prompt), max_in_flight=2)
    outcomes(submit(engine, PROMPTS), 10)
    assert engine.throttle.take_seconds() == 0.0
    refusals = iter(range(12))

    def refused(prompt: str) -> Completion:
        if next(refusals, None) is None:
            return Completion(prompt)
        raise ModelError("http-429", verdict=Verdict.WAIT, refused=True)

    engine, _ = make(refused, max_in_flight=10, attempts=20, store="")
    outcomes(submit(engine, PROMPTS), 10)
    outcomes(submit(engine, [f"later {i}" for i in range(30)]), 30)
    assert engine.throttle.take_seconds() > 0
    assert engine.throttle.take_seconds() == 0.0


# ---- one for a process


def test_engines_are_shared_by_configuration_and_closed_by_the_last(address: str) -> None:
    config = ModelConfig(name="offline", store=address)
    one, same = engines.acquire_engine(config, COMPLETIONS), engines.acquire_engine(config, COMPLETIONS)
    other = engines.acquire_engine(ModelConfig(name="offline", store=address, timeout=9), COMPLETIONS)
    assert one is same is not other
    engines.release_engine(one)
    assert one.thread.is_alive()
    engines.release_engine(one)
    assert not one.thread.is_alive()
    engines.release_engine(one)  # of nobody any more
    engines.release_engine(other)


def test_an_engine_that_has_ended_is_replaced(address: str) -> None:
    config = ModelConfig(name="offline", store=address)
    ended = engines.acquire_engine(config, COMPLETIONS)
    ended.queue.ended = StoreError("gone")
    new = engines.acquire_engine(config, COMPLETIONS)
    assert new is not ended
    engines.release_engine(ended)
    assert new.thread.is_alive()
    engines.release_engine(new)


@contextmanager
def between_commits(engine: Engine) -> Iterator[None]:
    """Keeps the store's writer from its next transaction while the block runs."""
    writer, held, go_on = engine.writer, threading.Event(), threading.Event()
    assert writer
    on_commit = writer.on_commit

    def hold(results: Sequence[Result]) -> None:
        held.set()
        assert go_on.wait(20)
        on_commit(results)

    writer.on_commit = hold  # which the writer's own thread calls, after each commit
    writer.submit(Renew(engine.owner))
    assert held.wait(20)
    try:
        yield
    finally:
        writer.on_commit = on_commit
        go_on.set()


def forked(config: ModelConfig, parents: int, told: Any) -> None:
    engine = engines.acquire_engine(config, COMPLETIONS)
    told.put((id(engine) != parents, engine.thread.is_alive()))
    engines.release_engine(engine)


def test_a_forked_process_opens_its_own(address: str) -> None:
    config = ModelConfig(name="offline", store=address)
    engine = engines.acquire_engine(config, COMPLETIONS)
    context = multiprocessing.get_context("fork")
    told = context.SimpleQueue()
    child = context.Process(target=forked, args=(config, id(engine), told))
    with between_commits(engine):  # amid a transaction, SQLite in a fork finds its file locked for ever
        child.start()
    child.join(30)
    assert told.get() == (True, True)
    engines.release_engine(engine)
