"""The fake server's scripts, which other tests rely on: who gets which response, and what is counted."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.models.launch import FakeServer


@pytest.fixture(autouse=True)
def told_anew(server: FakeServer) -> Iterator[None]:
    yield
    server.tell()


def post(server: FakeServer, prompt: str = "Who?", path: str = "chat/completions", **fields: Any) -> tuple[int, Any]:
    """(status, body) of one call."""
    body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": prompt}], **fields}
    if path != "chat/completions":
        body = {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **fields}
    root = f"{server.url}/{path}" if path == "chat/completions" else f"{server.root}/{path}"
    request = urllib.request.Request(root, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_rules_by_word_turn_and_field(server: FakeServer) -> None:
    server.tell(
        script=[
            {"word": "kiln", "status": 402, "json": {"error": {"message": "pay"}}},
            {"holds": "response_format.type=json_schema", "status": 400, "json": {}, "name": "no schema"},
            {"first": 2, "every": 2, "last": 4, "text": "second or fourth", "finish": "length"},
        ]
    )
    assert post(server, "A kiln")[0] == 402
    assert post(server, response_format={"type": "json_schema"}) == (400, {})
    finishes = [post(server)[1]["choices"][0]["finish_reason"] for _ in range(6)]
    # The first two calls met the third rule, too: its turns are those of all calls that its word and field let through.
    assert finishes == ["stop", "length", "stop", "stop", "stop", "stop"]
    assert server.outcomes() == {"http-402": 1, "no schema": 1, "answered": 6}
    assert [sorted(body)[-1] for body in server.bodies()[:2]] == ["model", "response_format"]


def test_moods_change_while_the_counts_go_on(server: FakeServer) -> None:
    server.tell(script=[{"status": 503, "body": "<html>"}])
    with pytest.raises(json.JSONDecodeError):
        post(server)
    server.say([{"last": 1, "json": {"mood": 1}, "paid": False}, {"after": 2, "json": {"mood": 2}, "name": "late"}])
    assert [post(server)[1].get("mood") for _ in range(3)] == [1, None, 2]
    assert server.outcomes() == {"http-503": 1, "http-200": 1, "answered": 1, "late": 1}
    assert server.counts()["paid"] == 2


def test_refused_fields_answer_as_openai_does(server: FakeServer) -> None:
    server.tell(refuses_fields=["max_tokens", "json_schema"])
    status, body = post(server, max_tokens=5)
    assert (status, body["error"]["param"], body["error"]["code"]) == (400, "max_tokens", "unsupported_parameter")
    assert post(server, response_format={"type": "json_schema"})[1]["error"]["param"] == "response_format"
    assert post(server, max_completion_tokens=5, response_format={"type": "json_object"})[0] == 200


def test_messages_usage_and_the_body_s_fields(server: FakeServer) -> None:
    server.tell(
        script=[{"message": {"content": None, "reasoning_content": "hm"}, "usage": "none", "fields": {"id": "x"}}]
    )
    _, body = post(server)
    assert body["choices"][0]["message"] == {"role": "assistant", "content": None, "reasoning_content": "hm"}
    assert "usage" not in body
    assert body["id"] == "x"
    server.say([{"usage": {"promptTokenCount": -1}, "finish": "SAFETY", "message": {"content": {"parts": []}}}])
    _, body = post(server, path="v1beta/models/m:generateContent")
    assert body["candidates"][0] == {"content": {"parts": []}, "finishReason": "SAFETY", "index": 0}
    assert body["usageMetadata"] == {"promptTokenCount": -1}


def test_what_became_of_each_prompt(server: FakeServer) -> None:
    server.tell(script=[{"word": "kiln", "last": 1, "status": 500, "json": {}}])
    assert [post(server, prompt)[0] for prompt in ("a kiln", "a kiln", "a loom")] == [500, 200, 200]
    found = sorted(map(str, server.stats()["by_prompt"].values()))
    assert found == ["{'answered': 1}", "{'http-500': 1, 'answered': 1}"]
