"""The pace of a job, kept by an Envoy rate limit service or by a store that several processes share."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from persona_hub.transforms.calls.call import Inbox
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.calls.rate_limiter import RateService, rate_service
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling, request_key
from persona_hub.transforms.llm.registry import COMPLETIONS
from tests.helpers.asking import ask, counted, records
from tests.helpers.flags import PAID, model
from tests.servers.envoy import EnvoyServer
from tests.servers.models.launch import FakeServer
from tests.servers.redis import RedisServer


def asked_of(service: EnvoyServer, server: FakeServer, **settings: Any) -> ModelConfig:
    place = {"rate_limiter": f"envoy://{service.address}/models", "rate_descriptor": ("job=hub",)}
    return ModelConfig(**{"name": "openai:m", "base_url": server.url, "timeout": 20, **place, **settings})


def key(unit: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return "models", (("job", "hub"), ("unit", unit))


def test_a_rate_limit_service_paces_all_who_ask_it(server: FakeServer) -> None:
    begin = time.monotonic()
    with EnvoyServer({"requests": 10}) as service:
        for name in ("openai:one", "openai:two"):
            assert len(ask(records(20), asked_of(service, server, name=name))[0]) == 20
    # 40 calls take four windows: the first may be about to end, and the last has only to begin.
    assert time.monotonic() - begin >= 2 * service.window
    assert service.allowed[key("requests")] == 40, "one hit for each call"
    assert service.refused
    assert server.counts()["calls"] == 40


def test_tokens_are_asked_for_as_they_are_used(server: FakeServer) -> None:
    server.tell(usage=[50, 50])
    with EnvoyServer({"tokens": 1000}) as service:
        assert len(ask(records(30), asked_of(service, server, max_in_flight=2))[0]) == 30
    assert service.allowed[key("tokens")] == pytest.approx(3000, rel=0.1)


def test_a_service_that_is_gone_fails_the_job(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apache_beam.io.components.rate_limiter._RPC_RETRY_DELAY_SECONDS", 0.01)
    with EnvoyServer({}) as service:
        pass
    with pytest.raises(Exception, match=f"rate-limiter: {service.address}: StatusCode.UNAVAILABLE; is it up"):
        ask(records(5), asked_of(service, server))
    assert server.counts()["calls"] == 0


def test_the_time_that_limits_take_is_signalled_to_the_runner(server: FakeServer) -> None:
    """Dataflow and Flink do not take a job for slow, nor add workers, while it is held back."""
    with EnvoyServer({"requests": 10}) as service:
        counters, _ = counted(records(40), asked_of(service, server))
    assert counters["cumulativeThrottlingSeconds"] >= 1
    counters, _ = counted(records(40), ModelConfig(name="openai:m", base_url=server.url))
    assert "cumulativeThrottlingSeconds" not in counters


def test_the_flags_of_a_rate_limit_service() -> None:
    made = model(*PAID, "--rate_limiter=envoy://limits:8081/models", "--rate_limit_descriptor=job=hub,team=a")
    assert made.rate_limiter == "envoy://limits:8081/models"
    service = rate_service(made.rate_limiter, made.rate_descriptor)
    assert service == RateService("limits:8081", "models", (("job", "hub"), ("team", "a")))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--rate_limiter=http://limits:8081"], "must be envoy://HOST:PORT/DOMAIN"),
        (["--rate_limiter=envoy://limits/models"], "must be envoy://HOST:PORT/DOMAIN"),
        (["--rate_limiter=envoy://a:1/b", "--rate_limit_descriptor=job"], "job: must be KEY=VALUE"),
        (["--rate_limiter=envoy://a:1/b", "--rate_limit_descriptor=unit=x"], "other than unit"),
        (["--rate_limiter=envoy://a:1/b", "--requests_per_minute=5"], "leave one of them out"),
        (["--rate_limit_descriptor=job=hub"], "goes with --rate_limiter"),
    ],
)
def test_a_wrong_service_is_named(flags: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        model(*PAID, *flags)


def ask_alone(config: ModelConfig, name: str, n: int) -> int:
    """In a process of its own, without Beam: how many answers came."""
    engine, inbox = Engine(config, COMPLETIONS), Inbox()
    requests = [Request("t", "", f"{name} {i}", "h", Sampling(max_tokens=10)) for i in range(n)]
    engine.submit(name, [(request_key(config.name, request), request, 0) for request in requests], inbox)
    answers = [inbox.arrived.get() for _ in range(n)]
    engine.close()
    return sum(isinstance(outcome.answer, Completion) for outcome in answers)


def test_requests_a_minute_of_two_processes_on_redis(server: FakeServer, redis_server: RedisServer) -> None:
    config = ModelConfig(name="openai:m", base_url=server.url, store=redis_server.address, requests_per_minute=1200)
    server.tell(median_ms=20)
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        assert list(processes.map(ask_alone, [config] * 2, ["one", "two"], [50] * 2)) == [50, 50]
    arrivals = sorted(server.stats()["arrivals"])
    a_minute = 60 * (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])
    assert 0.5 * 1200 < a_minute <= 1.1 * 1200  # a busy machine may be slower; see test_admission.py
