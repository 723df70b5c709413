"""Pace and budget over all processes of a job, in simulated time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from persona_hub.transforms.calls.admission import Admission, AdmissionControl
from persona_hub.transforms.calls.protocol import Budget, ModelConfig, ModelError
from persona_hub.transforms.llm.protocol import Completion
from persona_hub.transforms.store.protocol import LEASE_SECONDS, Spend
from persona_hub.transforms.store.registry import open_store
from persona_hub.transforms.store.sqlite import SqliteStore
from tests.calls.simulated import Clock, Process, call_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of admission control and stores alike."""
    clock = Clock(1_000_000.0)
    monkeypatch.setattr("time.time", clock.time)
    return clock


@pytest.fixture
def processes(clock: Clock, tmp_path: Path) -> Callable[..., list[Process]]:
    """`processes(n, calls, config)`: so many processes with so many calls each, and one store."""

    def make(n: int, calls: int, end: Any, stages: tuple[str, ...] = ("extract",), **config: Any) -> list[Process]:
        made = []
        for i in range(n):
            queue = deque(call_of(i * calls + j, stages[j * len(stages) // calls]) for j in range(calls))
            store = open_store(f"sqlite:{tmp_path}/s.sqlite")
            made.append(Process(clock, store, ModelConfig(**config), f"process {i}", queue, end))
        for process in made:
            process.pump()
        return made

    return make


def answer(_: object) -> Completion:
    return Completion("", 20, 30)


def busiest_minute(times: list[float]) -> int:
    times = sorted(times)
    first, most = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - 60:
            first += 1
        most = max(most, last - first + 1)
    return most


# ---- pace


@pytest.mark.parametrize("n", [1, 3])
def test_requests_a_minute_are_those_of_the_whole_job(n: int, clock: Clock, processes: Any) -> None:
    made = processes(n, 2000, answer, requests_per_minute=600)
    clock.run(180)
    sent = [time for process in made for time in process.sent]
    assert 0.95 * 1800 <= len(sent) <= 1800 + 3 * n  # a quarter of a second's worth is booked at once
    assert busiest_minute(sent) <= 600 + 6 * n


def test_tokens_a_minute_are_those_that_are_used_not_those_that_were_feared(clock: Clock, processes: Any) -> None:
    made = processes(2, 3000, answer, tokens_per_minute=60_000)
    clock.run(180)
    used = sum(n for process in made for _, n in process.tokens)
    assert 0.9 * 180_000 <= used <= 1.05 * 180_000  # each call uses 50 of at most 216
    for process in made:
        assert process.admission.rate_limited


def test_a_call_larger_than_a_slice_waits_for_all_it_needs(clock: Clock, processes: Any) -> None:
    worst = call_of(0).worst_case.tokens  # 216, where a quarter of a second's worth is a quarter of a token
    [one] = processes(1, 3, lambda call: Completion("", worst - 100, 100), tokens_per_minute=60)
    clock.run(1000)
    assert [round(b - a) for a, b in zip(one.sent, one.sent[1:], strict=False)] == [worst, worst]


def test_without_a_store_a_process_keeps_its_pace_alone(clock: Clock) -> None:
    config = ModelConfig(requests_per_minute=60)
    one = Process(clock, None, config, "me", deque(map(call_of, range(100))), answer)
    one.pump()
    clock.run(30)
    assert 28 <= len(one.sent) <= 30
    assert min(b - a for a, b in zip(one.sent, one.sent[1:], strict=False)) > 0.9


def test_without_limits_nothing_is_asked_of_the_store(clock: Clock) -> None:
    jobs: list[Any] = []
    put = lambda job, token: jobs.append(job)  # noqa: E731
    admission = AdmissionControl(ModelConfig(), "me", clock, put, lambda: None, lambda _: None)  # type: ignore[arg-type]
    assert [admission.admit(call_of(i)) for i in range(5)] == [Admission.ADMITTED] * 5
    assert (jobs, admission.rate_limited) == ([], False)


# ---- budget


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [1, 4])
def test_a_budget_is_used_but_for_what_is_too_little_for_a_call_and_never_passed(
    seed: int, n: int, clock: Clock, processes: Any
) -> None:
    random = Random(seed)

    def end(call: Any) -> Completion:
        return Completion("", random.randint(1, call.max_input_tokens), random.randint(0, 100))

    made = processes(n, 400, end, budget=Budget(tokens=20_000), max_in_flight=16)
    clock.run(600)
    spent = SqliteStore(made[0].store.path).spend()["extract"]
    worst = call_of(0).worst_case.tokens
    assert 20_000 - n * worst < spent.input_tokens + spent.output_tokens <= 20_000
    assert sum(process.done.total() + process.over.total() for process in made) == 400 * n
    assert all(not process.in_flight for process in made)


def test_calls_that_fail_cost_nothing_unless_the_server_answered(clock: Clock, processes: Any) -> None:
    errors = iter([ModelError("http-500"), ModelError("unreadable-response", paid=True), ModelError("http-429")])
    made = processes(1, 10, lambda call: next(errors, None) or answer(call), budget=Budget(calls=5))
    clock.run(100)
    assert (made[0].done.total(), made[0].over.total()) == (4, 3), "three failed, of which one was paid"
    spent = SqliteStore(made[0].store.path).spend()["extract"]
    assert spent.calls == 5
    assert spent.input_tokens == 4 * 20 + call_of(0).max_input_tokens, "how many is unknown: the prompt at its longest"


@pytest.mark.parametrize("calls", [2, 10, 100])
def test_an_early_stage_leaves_later_ones_their_part(calls: int, clock: Clock, processes: Any) -> None:
    budget = Budget(calls=calls, shares=(("extract", 0.4), ("expand", 0.6)))
    [one] = processes(1, 400, answer, ("extract", "expand"), budget=budget)
    clock.run(100)
    assert one.done["extract"] == max(1, 0.4 * calls)
    assert one.done["expand"] == calls - one.done["extract"]
    assert one.over.total() == 400 - calls


def test_what_a_dead_process_had_leased_is_free_again_when_its_lease_ends(clock: Clock, processes: Any) -> None:
    dead, alive = processes(2, 100, answer, budget=Budget(calls=4), max_in_flight=2)
    clock.run(0.1)
    dead.calls.clear()
    dead.admission.budget.settle = lambda *_: None  # it is killed with two calls in flight: leased, and never settled
    dead.end = lambda call: ModelError("killed")
    clock.run(10)
    assert (dead.done.total(), alive.done.total(), alive.over.total()) == (0, 2, 98)
    clock.run(LEASE_SECONDS)
    alive.calls.extend(call_of(1000 + i) for i in range(4))
    alive.pump()
    clock.run(10)
    assert (alive.done.total(), alive.over.total()) == (4, 100)


def test_no_room_is_asked_about_again_after_some_seconds(clock: Clock, processes: Any) -> None:
    [one] = processes(1, 3, answer, budget=Budget(calls=2))
    clock.run(2)
    assert (one.done.total(), one.over.total()) == (2, 1)
    other = SqliteStore(one.store.path)
    assert other.spend()["extract"] == Spend(2, 40, 60, 0)
    before = other.commit([])
    one.calls.extend(call_of(10 + i) for i in range(500))
    one.pump()
    assert one.over.total() == 501, "at once, without a question for each"
    assert before == []
