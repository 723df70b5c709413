"""How many calls in flight, how many a minute, and what the budget has room for: the parts, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.calls.budget import BudgetTracker, limits_of, total_of
from persona_hub.transforms.calls.concurrency import REFUSED_SHARE, ConcurrencyLimiter
from persona_hub.transforms.calls.protocol import Budget
from persona_hub.transforms.calls.rate_limiter import RateLimiter
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.store.protocol import Amount, Limit
from tests.helpers.simulated_time import SimulatedServer, best_schedule, run

REQUEST = Request("task", "system", "prompt " * 100, "hash", Sampling(max_tokens=300))


@pytest.mark.parametrize(("places", "window"), [(50, 256), (50, 64), (200, 256), (5, 256), (1, 8)])
@pytest.mark.parametrize("retry_after", [None, 1.0])
def test_a_server_of_few_places_is_used_in_full_and_not_overrun(
    places: int, window: int, retry_after: float | None
) -> None:
    server, n = SimulatedServer(places=places, retry_after=retry_after), 30 * places + 1000
    ran = run(server, n, max_in_flight=window)
    assert ran.answered == n
    assert ran.calls_an_input * n <= n / (1 - REFUSED_SHARE) + 1.3 * window  # which is what it takes to come down
    assert best_schedule(server.latencies, places) >= 0.9 * ran.seconds


@pytest.mark.parametrize("window", [64, 256])
def test_a_slot_is_never_idle_while_a_question_waits(window: int) -> None:
    server = SimulatedServer()
    ran = run(server, 5000, max_in_flight=window)
    assert ran.calls_an_input == 1
    assert best_schedule(server.latencies, window) >= 0.999 * ran.seconds


def test_fifty_places_and_a_window_of_256() -> None:
    server = SimulatedServer(places=50, retry_after=1.0)
    ran = run(server, 5000, max_in_flight=256)
    assert ran.calls_an_input <= 1.3
    assert best_schedule(server.latencies, 50) >= 0.95 * ran.seconds
    assert 0.7 * ran.seconds < ran.held_back < 0.9 * ran.seconds  # 200 of 256 hands


def test_refusals_at_random_do_not_lower_the_limit() -> None:
    undisturbed = run(SimulatedServer(), 3000, max_in_flight=64)
    ran = run(SimulatedServer(faults={"429": 0.10}, retry_after=1.0), 3000, max_in_flight=64)
    assert ran.answered == 3000
    assert ran.calls_an_input < 1.15
    assert ran.seconds < 1.3 * undisturbed.seconds
    assert undisturbed.held_back == 0


@pytest.mark.parametrize("retry_after", [None, 20.0])
def test_a_quota_of_a_minute_is_waited_for(retry_after: float | None) -> None:
    server = SimulatedServer(a_minute=600, retry_after=retry_after)
    ran = run(server, 3000, max_in_flight=64)
    assert ran.answered == 3000, "no question is given up"
    assert ran.calls_an_input <= 1.2
    assert ran.seconds <= 300


def test_a_server_that_is_free_again_is_used_again() -> None:
    limiter = ConcurrencyLimiter(64)
    for _ in range(200):
        limiter.on_refusal(delay=1.0, now=10.0)
    assert int(limiter.limit) == 1
    assert not limiter.has_room(0, now=10.5)  # it takes nothing: all wait
    assert limiter.has_room(0, now=11.0)
    for _ in range(500):
        limiter.on_answer()
    assert limiter.limit == 64
    assert limiter.throttled_share == 0


def test_a_bad_day() -> None:
    bad = {"429": 0.05, "http-500": 0.03, "connection": 0.01, "hang": 0.01, "unreadable-response": 0.04}
    undisturbed = run(SimulatedServer(), 5000, max_in_flight=32, timeout=3)
    ran = run(SimulatedServer(faults=bad, retry_after=1.0), 5000, max_in_flight=32, timeout=3)
    assert ran.answered == 5000
    assert ran.calls_an_input <= 1.2
    assert ran.seconds <= 1.3 * undisturbed.seconds


def test_a_rate_limiter_gives_what_was_booked() -> None:
    limiter = RateLimiter("requests", 60)
    assert not limiter.take(1)
    assert limiter.seconds_to_book(1) == 1.0
    limiter.on_booked(1.0)
    assert limiter.take(1)
    assert not limiter.take(1)
    assert RateLimiter("tokens", 0).take(10**9)  # no limit


def test_without_a_budget_everything_may_go() -> None:
    tracker = BudgetTracker(Budget(), 1.0, 2.0, "me")
    assert tracker.reserve("extract", tracker.worst_case(REQUEST))


@given(st.text(alphabet=st.characters(codec="utf-8", max_codepoint=0x2FFF), max_size=300), st.integers(1, 1000))
def test_the_worst_case_grows_with_the_prompt_and_the_answer(prompt: str, longest: int) -> None:
    tracker = BudgetTracker(Budget(calls=1), 1.0, 2.0, "me")
    worst = tracker.worst_case(Request("t", "", prompt, "h", Sampling(max_tokens=longest)))
    assert worst.calls == 1
    assert worst.tokens >= len(prompt) // 2 + longest
    assert worst.cost == 1000 * (worst.tokens - longest) + 2000 * longest


def test_what_a_call_did_not_use_is_there_for_the_next() -> None:
    tracker = BudgetTracker(Budget(tokens=100_000), 0, 0, "me")
    worst = tracker.worst_case(REQUEST)
    assert not tracker.reserve("extract", worst)
    lease = tracker.lease_for("extract", worst)
    assert lease.least == worst
    tracker.on_lease(lease, lease.least, 0)
    assert tracker.reserve("extract", worst)
    assert not tracker.reserve("extract", worst)
    tracker.settle("extract", worst, tracker.cost_of_answer(Completion("", 100, 20)).amount)
    assert tracker.lease_for("extract", worst).least == Amount(calls=1, tokens=120)


def test_nothing_left_is_believed_for_some_seconds() -> None:
    tracker = BudgetTracker(Budget(calls=1), 0, 0, "me")
    worst = tracker.worst_case(REQUEST)
    lease = tracker.lease_for("extract", worst)
    tracker.on_lease(lease, Amount(), now=100.0)
    assert tracker.exhausted("extract", worst, now=101.0)
    assert not tracker.exhausted("expand", worst, now=101.0)
    assert not tracker.exhausted("extract", worst, now=110.0)


def test_a_share_is_what_a_stage_and_those_before_it_may_spend() -> None:
    budget = Budget(cost_usd=2.0, shares=(("extract", 0.25), ("expand", 0.5)))
    assert total_of(budget) == Amount(0, 0, 2_000_000_000)
    assert limits_of(budget) == (
        Limit((), Amount(0, 0, 2_000_000_000)),
        Limit(("extract",), Amount(0, 0, 500_000_000)),
        Limit(("extract", "expand"), Amount(0, 0, 1_500_000_000)),
    )
    assert limits_of(Budget()) == ()


@pytest.mark.parametrize("shares", [(("a", 0.7), ("b", 0.5)), (("a", -0.1),)])
def test_shares_beyond_the_whole_are_refused(shares: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(ValueError, match="shares"):
        Budget(calls=1, shares=shares)
