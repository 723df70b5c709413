"""What the tests of response stores put into them."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from persona_hub.transforms.store.protocol import (
    Amount,
    Lease,
    Limit,
    Put,
    Spend,
)

KEY, OTHER = b"k" * 16, b"o" * 16


COST = Spend(1, 100, 20, 5000)


def put(
    key: bytes, value: bytes, spend: Spend = COST, owner: str = "", stage: str = "extract", subject: bytes = b""
) -> Put:
    return Put(key, value, stage, spend, owner, subject)


def lease(owner: str, want: int, least: int = 1, stage: str = "extract", limits: tuple[Limit, ...] = ()) -> Lease:
    return Lease(owner, stage, Amount(calls=least), Amount(calls=want), limits or (Limit((), Amount(calls=100)),))


def movable_clock(patched: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`clock(40)`: for all stores, and nothing else, it is 40 seconds later."""
    late = [0.0]
    moved = SimpleNamespace(time=lambda: time.time() + late[0], sleep=time.sleep, monotonic=time.monotonic)
    for kind in ("sqlite", "redis", "bigtable"):
        patched.setattr(f"persona_hub.transforms.store.{kind}.time", moved)

    def forward(seconds: float) -> None:
        late[0] += seconds

    return forward
