"""Clocks that were wrong, and numbers that do not fit, in every kind of store."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from persona_hub.transforms.store.protocol import (
    MOST_COST,
    MOST_TOKENS,
    Amount,
    Book,
    Lease,
    Limit,
    Renew,
    ResponseStore,
    Spend,
    StoreError,
    next_begin,
)
from persona_hub.transforms.store.registry import open_store
from tests.helpers.stores import KEY, OTHER, lease, movable_clock, put

Opener = Callable[[], ResponseStore]
DAY = 86_400.0


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


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_a_pace_that_was_kept_by_a_wrong_clock_holds_nobody_back(
    opener: Opener, clock: Callable[[float], None], off: float
) -> None:
    clock(off)
    opener().commit([Renew("wrong"), *[Book("requests", 0.25)] * 20])
    clock(-off)
    right = opener()
    right.commit([Renew("right")])
    now = time.time()
    begins = [right.commit([Book("requests", 2.0)])[0] - now for _ in range(3)]
    assert begins == pytest.approx([0, 2, 4], abs=1.9)


def test_a_lease_of_a_clock_that_was_a_day_ahead_blocks_no_budget(
    opener: Opener, clock: Callable[[float], None]
) -> None:
    clock(DAY)
    assert opener().commit([Renew("ahead"), lease("ahead", 100)])[1] == Amount(calls=100)
    clock(-DAY)
    assert opener().commit([lease("right", 100)]) == [Amount(calls=100)]


def test_a_line_is_as_long_as_those_who_live_can_have_made_it() -> None:
    assert next_begin(None, 1.0, 100.0, lambda: 1) == 100.0
    assert next_begin(90.0, 1.0, 100.0, lambda: 1) == 100.0
    assert next_begin(150.0, 1.0, 100.0, lambda: 0) == 150.0
    assert next_begin(400.0, 1.0, 100.0, lambda: 1000) == 400.0, "a thousand processes wait their turn"
    assert next_begin(400.0, 1.0, 100.0, lambda: 2) == 100.0
    assert next_begin(400.0, 600.0, 100.0, lambda: 1) == 400.0, "one call of many tokens takes more than a window"


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        (Spend(1, -4_000_000, -7, -50), Spend(1, 0, 0, 0)),
        (Spend(1, 1e300, 2**70, float("inf")), Spend(1, MOST_TOKENS, MOST_TOKENS, MOST_COST)),  # type: ignore[arg-type]
        (Spend(1, float("nan"), "7", None), Spend(1, 0, 0, 0)),  # type: ignore[arg-type]
        (Spend(1, 2.9, True, 0), Spend(1, 2, 1, 0)),  # type: ignore[arg-type]
    ],
)
def test_numbers_that_no_call_has_are_counted_as_the_nearest_that_one_may(
    opener: Opener, said: Spend, counted: Spend
) -> None:
    store = opener()
    assert store.commit([put(KEY, b"x", said, owner="a"), put(OTHER, b"y", Spend(1, 1, 1, 1))]) == [b"x", b"y"]
    assert opener().spend() == {"extract": counted.plus(Spend(1, 1, 1, 1))}


def test_usage_below_nothing_frees_no_budget(opener: Opener) -> None:
    store, limits = opener(), (Limit((), Amount(tokens=1000)),)
    for i in range(5):
        store.commit([put(bytes([i]) * 16, b"x", Spend(1, -10_000, -10_000, -1))])
    assert store.commit([Lease("a", "extract", Amount(tokens=1001), Amount(tokens=1001), limits)]) == [Amount()]
    assert store.commit([Lease("a", "extract", Amount(tokens=1000), Amount(tokens=1000), limits)])[0].tokens == 1000


def test_a_fault_of_one_commit_is_the_stores_error_and_the_next_is_done(opener: Opener) -> None:
    store = opener()
    huge = Amount(1, 10**40, 1)
    with suppress(StoreError):
        store.commit([Lease("a", "extract", huge, huge, (Limit((), Amount(calls=5)),))])
    assert store.commit([put(KEY, b"x")]) == [b"x"]
