"""How many calls in flight, how many a minute, and what the budget has room for: the parts, without a server."""

from __future__ import annotations

import heapq
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.calls.governor import Governor, limits_of, total_of
from transforms.calls.limiter import Limiter, Pace
from transforms.calls.protocol import Budget
from transforms.llm.protocol import Completion, Request, Sampling
from transforms.store.protocol import Amount, Limit

REQUEST = Request("task", "system", "prompt " * 100, "hash", Sampling(max_tokens=300))


def simulate(limiter: Limiter, refused: object, calls: int, places: int = 10**9) -> tuple[int, float]:
    """Calls sent, and seconds, until `calls` succeeded: each takes a second, a refusal a hundredth of that."""
    now, sent, done = 0.0, 0, 0
    flying: list[tuple[float, float, bool]] = []  # (end, start, refused)
    busy = 0
    draws = random.Random(1)
    while done < calls:
        while len(flying) < int(limiter.limit) and done + busy < calls:
            no = busy >= places or draws.random() < float(str(refused))
            busy += not no
            heapq.heappush(flying, (now + (0.3 if no else draws.uniform(0.5, 1.5)), now, no))
            sent += 1
        end, start, no = heapq.heappop(flying)
        now = max(now, end)
        busy -= not no
        done += not no
        limiter.record(no, start, now)
    return sent, now


def test_random_faults_do_not_lower_the_limit() -> None:
    limiter = Limiter(64)
    simulate(limiter, 0.10, 3000)
    assert limiter.limit > 48


def test_a_server_of_50_places_is_used_and_not_overrun() -> None:
    sent, seconds = simulate(Limiter(256), 0.0, 5000, places=50)
    assert sent <= 1.4 * 5000
    assert 5000 / seconds >= 0.8 * 50


def test_the_limit_stays_between_one_and_the_ceiling() -> None:
    limiter = Limiter(8)
    for i in range(500):
        limiter.record(True, i, i)
    assert limiter.limit == 1
    for i in range(500, 5000):
        limiter.record(False, i, i)
    assert limiter.limit == 8
    assert not limiter.lowered


def test_a_pace_gives_what_was_booked() -> None:
    pace = Pace("requests", 60)
    assert not pace.take(1)
    assert pace.wanted(1) == 1.0
    pace.booked(1.0)
    assert pace.take(1)
    assert not pace.take(1)
    assert Pace("tokens", 0).take(10**9)  # no limit


def test_without_a_budget_everything_may_go() -> None:
    governor = Governor(Budget(), 1.0, 2.0, "me")
    assert governor.reserve("extract", governor.worst(REQUEST))


@given(st.text(alphabet=st.characters(codec="utf-8", max_codepoint=0x2FFF), max_size=300), st.integers(1, 1000))
def test_the_worst_case_grows_with_the_prompt_and_the_answer(prompt: str, longest: int) -> None:
    governor = Governor(Budget(calls=1), 1.0, 2.0, "me")
    worst = governor.worst(Request("t", "", prompt, "h", Sampling(max_tokens=longest)))
    assert worst.calls == 1
    assert worst.tokens >= len(prompt) // 2 + longest
    assert worst.cost == 1000 * (worst.tokens - longest) + 2000 * longest


def test_what_a_call_did_not_use_is_there_for_the_next() -> None:
    governor = Governor(Budget(tokens=100_000), 0, 0, "me")
    worst = governor.worst(REQUEST)
    assert not governor.reserve("extract", worst)
    ask = governor.ask("extract", worst)
    assert ask.least == worst
    governor.leased(ask, ask.least, 0)
    assert governor.reserve("extract", worst)
    assert not governor.reserve("extract", worst)
    governor.settle("extract", worst, governor.spent(Completion("", 100, 20)).amount)
    assert governor.ask("extract", worst).least == Amount(calls=1, tokens=120)


def test_nothing_left_is_believed_for_some_seconds() -> None:
    governor = Governor(Budget(calls=1), 0, 0, "me")
    worst = governor.worst(REQUEST)
    ask = governor.ask("extract", worst)
    governor.leased(ask, Amount(), now=100.0)
    assert governor.exhausted("extract", worst, now=101.0)
    assert not governor.exhausted("expand", worst, now=101.0)
    assert not governor.exhausted("extract", worst, now=110.0)


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
