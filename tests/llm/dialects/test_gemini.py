"""Answers of Gemini's protocol that were cut off, withheld or without a count, by google-genai and out of batches."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.batch_forms import gemini_completion
from persona_hub.transforms.llm.dialects.endings import used_up
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.llm.registry import open_model
from tests.servers.models.launch import FakeServer

REQUEST = Request("echo", "Be brief.", "Who reads this?", "h", Sampling(max_tokens=64))
USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 5}


def answer(server: FakeServer, backend: str, body: dict[str, Any]) -> Completion:
    """What the client makes of a response, and the reader of batches too, but for the request that it has not."""
    server.tell(script=[{"json": body}])
    options = {"project": "some-project", "location": "europe-west4"}
    config = ModelConfig(name=f"{backend}:some-model", base_url=server.root, options=options, timeout=15)

    async def run() -> Completion:
        model = open_model(config)
        try:
            return await model.complete(REQUEST)
        finally:
            await model.close()

    found, batched = asyncio.run(run()), gemini_completion(body)
    assert (batched.text, batched.finish) == (found.text, found.finish)
    assert found.estimated or batched == found
    return found


def said(parts: list[dict[str, Any]], reason: str = "STOP", usage: Any = USAGE) -> dict[str, Any]:
    body = {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": reason, "index": 0}]}
    return body if usage is None else body | {"usageMetadata": usage}


@pytest.fixture(params=["gemini", "vertex"])
def backend(request: pytest.FixtureRequest, credentials: Path) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("body", "text", "finish"),
    [
        (said([{"text": "A nurse"}]), "A nurse", ""),
        (said([{"text": "Hm.", "thought": True}, {"text": "A nurse"}]), "A nurse", ""),
        (said([{"text": "A nurse"}], "MAX_TOKENS"), "A nurse", "length"),
        (said([{"text": "A nur"}], "SAFETY"), "A nur", "content-filter"),
        (said([], "PROHIBITED_CONTENT"), "", "content-filter"),
        (said([], "RECITATION"), "", "content-filter"),
        (said([], "MALFORMED_FUNCTION_CALL"), "", "tool-calls"),
        ({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": USAGE}, "", "content-filter"),
        ({"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": {"promptTokenCount": 10}}, "", "content-filter"),
    ],
)
def test_how_an_answer_ended(server: FakeServer, backend: str, body: dict[str, Any], text: str, finish: str) -> None:
    found = answer(server, backend, body)
    assert (found.text, found.finish) == (text, finish)


def test_thoughts_that_used_up_the_tokens(server: FakeServer, backend: str) -> None:
    usage = {"promptTokenCount": 10, "thoughtsTokenCount": 60}
    found = answer(server, backend, said([], "MAX_TOKENS", usage))
    assert (found.output_tokens, found.thought_tokens, found.estimated) == (60, 60, False)
    assert used_up(found)


def test_a_response_without_a_count_is_estimated(server: FakeServer, backend: str) -> None:
    found = answer(server, backend, said([{"text": "A nurse who reads."}], usage=None))
    assert found.estimated
    assert found.input_tokens > 5
    assert found.output_tokens > 3


def test_an_answer_that_broke_off_for_a_cause_that_is_not_said_is_asked_again(server: FakeServer, backend: str) -> None:
    with pytest.raises(ModelError, match="answer-broke-off") as caught:
        answer(server, backend, said([{"text": "A nur"}], "OTHER"))
    assert caught.value.verdict is Verdict.WAIT
