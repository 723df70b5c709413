"""A shared store's server is asked again while its errors may pass with time, and no longer than patience lasts."""

from __future__ import annotations

import time

import pytest

from persona_hub.transforms.store.protocol import StoreError
from persona_hub.transforms.store.redis import passes_with_time
from persona_hub.transforms.store.retry import ServerRetry


def retry_for(seconds: float) -> ServerRetry:
    return ServerRetry("store://x", lambda error: isinstance(error, ConnectionError), 0.1, patience=seconds)


def test_a_server_that_restarts_is_asked_again() -> None:
    faults = iter([ConnectionError("away"), ConnectionError("loading")])

    def ask() -> str:
        if fault := next(faults, None):
            raise fault
        return "here"

    assert retry_for(5)(ask) == "here"


def test_the_last_error_comes_out_when_patience_is_over_and_others_at_once() -> None:
    asked: list[float] = []

    def away() -> None:
        asked.append(time.monotonic())
        raise ConnectionError("away")

    with pytest.raises(ConnectionError, match="away"):
        retry_for(0.3)(away)
    assert 2 < len(asked) < 6
    assert asked[-1] - asked[0] < 0.5
    with pytest.raises(ValueError, match="invalid literal"):
        retry_for(5)(lambda: int("no number"))


def test_a_connection_is_not_used_in_a_forked_process() -> None:
    retry = retry_for(5)
    retry.pid = -1
    with pytest.raises(StoreError, match="must not cross a fork"):
        retry(lambda: None)


def test_a_wrong_password_does_not_pass_with_time() -> None:
    import redis

    assert passes_with_time(redis.ConnectionError("refused"))
    assert not passes_with_time(redis.AuthenticationError("wrong password"))
