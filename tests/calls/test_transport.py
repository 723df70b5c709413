"""Connections and bodies that are not as they should be: asked again within bounds of bytes and time."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.llm.registry import open_model
from tests.servers.models.launch import FakeServer

QUESTION = Request("echo", "", "Who reads this?", "hash", Sampling(max_tokens=50))
BACKENDS = ["openai", "gemini"]
ANSWER = {
    "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}],
    "candidates": [{"content": {"parts": [{"text": "yes"}]}, "finishReason": "STOP"}],
}
JSON_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(params=BACKENDS)
def config(request: pytest.FixtureRequest, server: FakeServer, credentials: Path) -> ModelConfig:
    url = server.url if request.param == "openai" else server.root
    return ModelConfig(name=f"{request.param}:some-model", base_url=url, timeout=15)


def asked(config: ModelConfig, within: float = 15.0) -> Completion | ModelError:
    """What comes of one call, as the engine makes it."""

    async def run() -> Any:
        model = open_model(config)
        try:
            async with asyncio.timeout(within):
                return await model.complete(QUESTION)
        except ModelError as error:
            return error
        finally:
            await model.close()

    return asyncio.run(run())


def packed(data: bytes) -> str:
    return data.decode("latin-1")


WHOLE = gzip.compress(json.dumps(ANSWER).encode())
BROKEN = {
    "a status line that is none": "HTP/1.1 OK\r\n\r\n",
    "a head of 9 KB in one line": f"{JSON_HEAD}X-Long: {'x' * 9000}\r\n\r\n{{}}",
    "a length that is no chunk": f"{JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n",
    "a body short of its length": f"{JSON_HEAD}Content-Length: 1000\r\n\r\n{{",
    "gzip that breaks off": f"{JSON_HEAD}Content-Encoding: gzip\r\nContent-Length: 40\r\n\r\n{packed(WHOLE[:40])}",
    "gzip that is none": f"{JSON_HEAD}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "nothing": "",
}


@pytest.mark.parametrize("wire", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_garbled_is_asked_again(server: FakeServer, config: ModelConfig, wire: str) -> None:
    server.tell(script=[{"wire": wire}])
    error = asked(config)
    assert isinstance(error, ModelError)
    # aiohttp hands out what it has of gzip that breaks off, and google-genai finds no JSON in it.
    assert error.reason in ("connection", "unreadable-response")
    assert error.verdict is Verdict.WAIT
    assert server.counts()["calls"] == 1


@pytest.mark.parametrize("body", ["<html><body>Gateway</body></html>", "", "  ", "null", '"no"'])
def test_a_body_without_an_answer_is_asked_again_and_not_paid(
    server: FakeServer, config: ModelConfig, body: str
) -> None:
    server.tell(script=[{"body": body}])
    error = asked(config)
    assert isinstance(error, ModelError)
    assert (error.reason, error.verdict, error.paid) == ("unreadable-response", Verdict.WAIT, False)


def test_a_packed_answer_is_read(server: FakeServer, config: ModelConfig) -> None:
    server.tell(script=[{"body": packed(WHOLE), "headers": {"Content-Encoding": "gzip"}}])
    answer = asked(config)
    assert isinstance(answer, Completion)
    assert answer.text == "yes"


@pytest.mark.parametrize(
    "bomb",
    [lambda: gzip.compress(b"[" + b" " * (300 << 20), 9), lambda: gzip.compress(gzip.compress(b" " * (1 << 26))) * 400],
    ids=["one", "many members"],
)
def test_a_bomb_takes_no_more_than_its_bound(
    server: FakeServer, config: ModelConfig, bomb: Callable[[], bytes]
) -> None:
    server.tell(script=[{"body": packed(bomb()), "headers": {"Content-Encoding": "gzip"}}])
    tracemalloc.start()
    error = asked(config)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(error, ModelError)
    assert error.verdict is Verdict.WAIT
    assert most < 100 << 20


def test_a_body_without_end_is_cut(server: FakeServer, config: ModelConfig) -> None:
    server.tell(script=[{"body": "[" + " " * (17 << 20)}])
    error = asked(config)
    assert isinstance(error, ModelError)
    assert (error.reason, error.verdict) == ("answer-too-large", Verdict.WAIT)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("target", ["https://elsewhere.example/take?key=planted-key-123456", "/v2/chat"])
def test_no_redirect_is_followed(server: FakeServer, config: ModelConfig, status: int, target: str) -> None:
    server.tell(script=[{"status": status, "headers": {"Location": target}, "body": ""}])
    error = asked(config)
    assert isinstance(error, ModelError)
    assert (error.reason, error.verdict) == (f"http-{status}", Verdict.REQUEST)
    assert ("https://elsewhere.example" if "//" in target else "http://127.0.0.1") in error.detail
    assert "planted" not in str(error)
    assert server.counts()["calls"] == 1


def test_a_server_that_is_not_there_is_named(config: ModelConfig) -> None:
    error = asked(replace(config, base_url="http://127.0.0.1:9/v1"))
    assert isinstance(error, ModelError)
    assert (error.reason, error.verdict) == ("connection", Verdict.WAIT)
    assert "http://127.0.0.1:9" in error.detail


def test_a_body_that_drips_ends_with_the_call_s_time(config: ModelConfig) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(JSON_HEAD.encode() + b"\r\n{")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.05)

    async def run() -> None:
        server = await asyncio.start_server(drip, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        model = open_model(replace(config, base_url=f"http://127.0.0.1:{port}", timeout=0.5))
        try:
            async with asyncio.timeout(1):
                await model.complete(QUESTION)
        finally:
            await model.close()
            server.close()

    begin = time.monotonic()
    with pytest.raises((TimeoutError, ModelError)):
        asyncio.run(run())
    assert time.monotonic() - begin < 15
