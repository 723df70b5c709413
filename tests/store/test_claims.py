"""No two processes ask one question: claims, in every kind of store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from persona_hub.transforms.store.protocol import Claim, Put, Release, Renew, ResponseStore, Spend, Unclaim
from persona_hub.transforms.store.registry import open_store
from tests.helpers.stores import KEY, OTHER, movable_clock, put

Opener = Callable[[], ResponseStore]
ONE, TWO, BOTH = (KEY,), (OTHER,), (KEY, OTHER)


@pytest.fixture(params=["sqlite", "redis", "bigtable"])
def store(request: pytest.FixtureRequest) -> str:
    """Each kind of store."""
    return str(request.param)


@pytest.fixture
def opener(store_address: str) -> Opener:
    """Opens the store under test; each time as another process would."""
    return lambda: open_store(store_address)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`clock(40)`: the stores' time is 40 seconds later."""
    return movable_clock(monkeypatch)


def test_a_question_is_the_first_ones_to_ask_until_it_is_answered(opener: Opener) -> None:
    a, b = opener(), opener()
    assert a.commit([Claim("a", (ONE,))]) == [[True]]
    assert a.commit([Claim("a", (ONE,))]) == [[True]], "its own claim is no hindrance"
    assert b.commit([Claim("b", (ONE, TWO))]) == [[False, True]]
    a.commit([put(KEY, b"answer", owner="a")])
    assert b.commit([Claim("b", (ONE,))]) == [[(b"answer",)]]
    assert a.commit([Claim("a", (TWO,))]) == [[False]]


def test_of_questions_with_several_keys_all_are_claimed_or_none(opener: Opener) -> None:
    a, b = opener(), opener()
    assert a.commit([Claim("a", (ONE,))]) == [[True]]
    assert b.commit([Claim("b", (BOTH,))]) == [[False]]
    assert a.commit([Claim("a", (TWO,))]) == [[True]], "who waits holds nothing, so that two never wait for each other"
    a.commit([put(KEY, b"answer", owner="a"), Unclaim("a", (OTHER,))])
    assert b.commit([Claim("b", (BOTH,))]) == [[(b"answer", None)]]
    assert b.commit([Claim("b", (TWO,))]) == [[True]]


def test_what_is_given_back_is_the_next_ones_and_nobody_elses_claim_goes(opener: Opener) -> None:
    a, b = opener(), opener()
    a.commit([Claim("a", (ONE, TWO))])
    b.commit([Unclaim("b", (KEY,))])
    assert b.commit([Claim("b", (ONE,))]) == [[False]]
    a.commit([Unclaim("a", (KEY,))])
    assert b.commit([Claim("b", (ONE, TWO))]) == [[True, False]]
    a.commit([Release("a")])
    assert b.commit([Claim("b", (TWO,))]) == [[True]]


def test_the_claims_of_a_process_that_died_pass_on_and_those_of_one_that_lives_do_not(
    opener: Opener, clock: Callable[[float], None]
) -> None:
    dead, alive, other = opener(), opener(), opener()
    dead.commit([Renew("dead"), Claim("dead", (ONE,))])
    alive.commit([Renew("alive"), Claim("alive", (TWO,))])
    for _ in range(4):
        clock(20)
        alive.commit([Renew("alive")])
        other.commit([Renew("other")])
    assert other.commit([Claim("other", (ONE, TWO))]) == [[True, False]]


def test_a_clock_that_was_a_day_ahead_claims_nothing_for_a_day(opener: Opener, clock: Callable[[float], None]) -> None:
    ahead = opener()
    clock(86_400)
    ahead.commit([Renew("ahead"), Claim("ahead", (ONE,))])
    clock(-86_400)
    assert opener().commit([Claim("b", (ONE,))]) == [[True]]


def test_many_questions_are_claimed_at_once(opener: Opener) -> None:
    keys = [i.to_bytes(16, "big") for i in range(1300)]
    a, b = opener(), opener()
    a.commit([Put(keys[0], b"answer", "extract", Spend())])
    assert a.commit([Claim("a", tuple((key,) for key in keys[:700]))]) == [[(b"answer",), *[True] * 699]]
    assert b.commit([Claim("b", tuple((key,) for key in keys))]) == [[(b"answer",), *[False] * 699, *[True] * 600]]
