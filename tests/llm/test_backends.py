"""Every backend's real client library against a server that speaks its protocol."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.llm.registry import MODELS, open_model
from tests.servers.models.launch import FakeServer

PLAIN = Request("echo", "You are terse.", "Who reads this?", "hash", Sampling(max_tokens=50))
DRAWN = Sampling(temperature=0.5, top_p=0.9, max_tokens=77, seed=5)
SCHEMA = (
    '{"type":"object","properties":{"persona":{"type":"string"}},"required":["persona"],"additionalProperties":false}'
)
BACKENDS = ["openai", "gemini", "vertex", "vertex-endpoint"]


@pytest.fixture(params=BACKENDS)
def config(request: pytest.FixtureRequest, server: FakeServer, credentials: Path) -> ModelConfig:
    return config_of(request.param, server)


def config_of(backend: str, server: FakeServer) -> ModelConfig:
    url = {"openai": server.url, "vertex-endpoint": f"http://{server.predict_address}"}.get(backend, server.root)
    place = {"project": "some-project", "location": "europe-west4"}
    return ModelConfig(name=f"{backend}:some-model", base_url=url, options=place, timeout=15)


def complete(config: ModelConfig, *requests: Request) -> list[Completion | ModelError]:
    """The answers, all at once, as the engine asks: open, ask and close in one loop."""

    async def run() -> list[Any]:
        model = open_model(config)
        try:
            return await asyncio.gather(*(model.complete(request) for request in requests), return_exceptions=True)
        finally:
            await model.close()

    return asyncio.run(run())


def test_an_answer_and_what_it_cost(server: FakeServer, config: ModelConfig) -> None:
    server.tell(answer="Nobody — 没有人", usage=[12, 3])
    assert complete(config, PLAIN) == [Completion("Nobody — 没有人", 12, 3)]


def test_many_at_once(server: FakeServer, config: ModelConfig) -> None:
    server.tell(median_ms=100)
    requests = [Request("echo", "", f"prompt {i}", "hash") for i in range(32)]
    answers = complete(config, *requests)
    assert len({answer.text for answer in answers if isinstance(answer, Completion)}) == 32
    assert server.counts()["most"] > 16


def test_all_settings_reach_the_model(server: FakeServer, config: ModelConfig) -> None:
    complete(config, Request("echo", "You are terse.", "Who?", "hash", DRAWN, SCHEMA))
    said = json.dumps(server.stats()["last"])
    for value in ("You are terse.", "Who?", "0.5", "0.9", "77", "5", "persona"):
        assert value in said
    form = "responseJsonSchema" if config.name.startswith(("gemini", "vertex:")) else "response_format"
    assert form in said


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("429", "http-429"),
        ("500", "http-500"),
        ("malformed", "unreadable-response"),
        ("reset", "connection|http-503"),
    ],
)
def test_faults_that_a_retry_can_cure(server: FakeServer, config: ModelConfig, fault: str, reason: str) -> None:
    server.tell(faults={fault: 1.0}, retry_after=7)
    [error] = complete(config, PLAIN)
    assert isinstance(error, ModelError)
    assert error.reason in reason.split("|")
    assert error.retry
    assert not error.fatal
    assert error.refused == (fault == "429") or fault == "reset"
    assert error.paid == (fault == "malformed")
    if fault == "429" and not config.name.startswith("vertex-endpoint"):
        assert error.retry_after == 7
    assert server.counts()["calls"] == 1  # the client itself never tries again
    assert "Who reads" not in str(error) + error.detail


@pytest.mark.parametrize("backend", BACKENDS[:3])
def test_a_body_that_breaks_off_is_unreadable(server: FakeServer, backend: str, credentials: Path) -> None:
    server.tell(faults={"truncated": 1.0})
    [error] = complete(config_of(backend, server), PLAIN)
    assert isinstance(error, ModelError)
    assert (error.reason, error.retry, error.paid) == ("unreadable-response", True, True)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("backend", BACKENDS[:3])
def test_a_request_that_the_server_will_not_have(
    server: FakeServer, backend: str, credentials: Path, status: int
) -> None:
    server.tell(faults={str(status): 1.0})
    [error] = complete(config_of(backend, server), PLAIN)
    assert isinstance(error, ModelError)
    assert (error.reason, error.retry, error.fatal) == (f"http-{status}", False, False)


@pytest.mark.parametrize(("backend", "where"), [("openai", "OPENAI_API_KEY"), ("gemini", "GEMINI_API_KEY")])
def test_a_wrong_key_is_an_error_of_the_request_at_first_and_says_where_it_came_from(
    server: FakeServer, backend: str, where: str, credentials: Path
) -> None:
    server.tell(key="another")
    [error] = complete(config_of(backend, server), PLAIN)
    assert isinstance(error, ModelError)
    assert (error.reason, error.verdict, error.if_first) == ("account-http-401", Verdict.ACCOUNT, Verdict.REQUEST)
    assert where in error.remedy
    assert "secret" not in str(error)


def test_the_key_and_the_token_are_sent(server: FakeServer, config: ModelConfig) -> None:
    if config.name.startswith("vertex-endpoint"):
        pytest.skip("the loopback connection goes without credentials")
    server.tell(key="secret")
    assert isinstance(complete(config, PLAIN)[0], Completion)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai:some-model", "OPENAI_API_KEY"),
        ("gemini:some-model", "GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("vertex:some-model", "GOOGLE_CLOUD_PROJECT"),
        ("vertex-endpoint:1", "GOOGLE_CLOUD_PROJECT"),
        ("openai", "name the model"),
        ("gemini", "name the model"),
        ("vertex-endpoint", "name the endpoint"),
        ("mystery:model", "no backend 'mystery'"),
    ],
)
def test_what_is_missing_is_named(name: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(variable, raising=False)
    if words == "name the model":
        monkeypatch.setenv("OPENAI_API_KEY", "x")
    with pytest.raises(ValueError, match=words):
        complete(ModelConfig(name=name), PLAIN)


def test_a_name_has_a_backend_and_a_model() -> None:
    assert MODELS.split("openai:meta-llama/Llama-3:8b") == ("openai", "meta-llama/Llama-3:8b")
    assert MODELS.split("offline") == ("offline", "")
