"""A server's dialect is found out once, by what it refuses; no question is lost on the way."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.dialects.dialect import Dialect
from persona_hub.transforms.llm.dialects.extra_body import EXTRA_BODY
from persona_hub.transforms.llm.dialects.negotiation import SAMPLING_FLAGS, Negotiation
from persona_hub.transforms.llm.protocol import Request, Sampling

SCHEMA = '{"type":"object","properties":{"persona":{"type":"string"}},"additionalProperties":false}'
REQUEST = Request("echo", "Be brief.", "Who?", "h", Sampling(0.7, 0.9, 50, 3), SCHEMA)


@dataclass
class Said:
    words: str
    param: str = ""
    codes: tuple[str, ...] = ("unsupported_parameter",)
    status: int = 400


class Server:
    """Refuses the first of `fields` that a request holds, as many calls at once as there are."""

    def __init__(self, *fields: str):
        self.fields, self.sent = fields, list[dict[str, Any]]()

    async def send(self, body: dict[str, Any]) -> str:
        self.sent.append(body)
        await asyncio.sleep(0)
        form = body.get("response_format", {}).get("type")
        for field in self.fields:
            if field in body or field == form:
                raise refusal(field if field in body else "response_format", f"{field} is not supported")
            if field == "system" and body["messages"][0]["role"] == "system":
                raise refusal("messages", "system role not supported")
        return "answer"


def refusal(param: str, words: str, status: int = 400) -> ModelError:
    error: Any = ModelError(f"http-{status}", words)
    error.said = Said(words, param, status=status)
    found: ModelError = error
    return found


def negotiation(**options: Any) -> Negotiation:
    return Negotiation(ModelConfig(name="openai:m", options=options), Dialect())


def asked(talk: Negotiation, server: Any, *requests: Request) -> list[Any]:
    async def run() -> list[Any]:
        asking = (talk.ask("m", request, server.send) for request in requests)
        return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("fields", "calls"),
    [
        ([], 1),
        (["max_tokens"], 2),
        (["max_completion_tokens"], 1),
        (["temperature"], 2),
        (["json_schema"], 2),
        (["json_schema", "json_object"], 3),
        (["system"], 2),
        (["max_tokens", "temperature", "top_p", "seed", "json_schema", "json_object", "system"], 8),
    ],
)
def test_a_server_is_asked_until_it_takes_the_question(fields: list[str], calls: int) -> None:
    server, talk = Server(*fields), negotiation()
    assert asked(talk, server, REQUEST) == ["answer"]
    assert len(server.sent) == calls
    assert asked(talk, server, REQUEST) == ["answer"]
    assert len(server.sent) == calls + 1, "the second question goes out as the first one was taken"
    taken = server.sent[-1]
    assert ("max_tokens" in taken) != ("max_completion_tokens" in taken)
    words = "".join(message["content"] for message in taken["messages"])
    assert "Be brief." in words
    assert ('"persona"' in words) == ("json_schema" in fields), "the schema stands in the prompt where it is not sent"


def test_questions_that_are_refused_at_once_are_all_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    server, talk = Server("max_tokens", "json_schema"), negotiation()
    with caplog.at_level(logging.WARNING):
        assert asked(talk, server, *[REQUEST] * 20) == ["answer"] * 20
        assert asked(talk, server, *[REQUEST] * 20) == ["answer"] * 20
    assert 41 <= len(server.sent) <= 80
    assert len(caplog.messages) == 1
    assert "max_completion_tokens in place of max_tokens" in caplog.text
    assert "Who?" not in caplog.text


def test_a_schema_that_is_refused_after_many_answers(caplog: pytest.LogCaptureFixture) -> None:
    server, talk = Server(), negotiation()
    assert asked(talk, server, *[REQUEST] * 100) == ["answer"] * 100
    server.fields = ("json_schema",)
    with caplog.at_level(logging.WARNING):
        assert asked(talk, server, *[REQUEST] * 10) == ["answer"] * 10
    assert "json_object and the schema in the prompt in place of json_schema" in caplog.text
    server.sent.clear()
    assert asked(talk, server, REQUEST) == ["answer"]
    assert len(server.sent) == 1


def test_answers_in_the_old_dialect_that_come_late_change_nothing() -> None:
    class Late(Server):
        async def send(self, body: dict[str, Any]) -> str:
            if body["messages"][1]["content"].startswith("late"):
                self.sent.append(body)
                await asyncio.sleep(0.05)
                return "answer"
            return await super().send(body)

    server, talk = Late("max_tokens"), negotiation()
    late = Request("echo", "s", "late", "h")
    assert asked(talk, server, late, REQUEST) == ["answer"] * 2
    assert talk.dialect.length == "max_completion_tokens"


@pytest.mark.parametrize("name", ["temperature", "top_p", "seed"])
def test_what_the_user_asked_for_by_a_flag_is_not_dropped_in_silence(name: str) -> None:
    [error] = asked(negotiation(**{SAMPLING_FLAGS: (name,)}), Server(name), REQUEST)
    assert isinstance(error, ModelError)
    assert (error.verdict, f"--{name}" in error.remedy) == (Verdict.REQUEST, True)
    assert "is not supported" in error.detail


def test_a_field_of_the_extra_body_that_is_refused_ends_the_job() -> None:
    talk, server = negotiation(**{EXTRA_BODY: '{"reasoning_effort":"low"}'}), Server("reasoning_effort")
    [error] = asked(talk, server, REQUEST)
    assert isinstance(error, ModelError)
    assert error.verdict is Verdict.REQUEST
    assert "--llm_extra_body: leave reasoning_effort out" in error.remedy
    assert server.sent[0]["reasoning_effort"] == "low"


def test_a_server_that_takes_neither_word_for_the_length_is_not_asked_for_ever() -> None:
    server = Server("max_tokens", "max_completion_tokens")
    [error] = asked(negotiation(), server, REQUEST)
    assert isinstance(error, ModelError)
    assert len(server.sent) == 2


def test_a_change_that_did_not_help_is_taken_back() -> None:
    class Moody:
        calls = 0

        async def send(self, body: dict[str, Any]) -> str:
            self.calls += 1
            raise refusal(
                "", "the persona in your json_schema is not allowed" if self.calls == 1 else "not allowed here"
            )

    talk = negotiation()
    [error] = asked(talk, Moody(), REQUEST)
    assert isinstance(error, ModelError)
    assert talk.dialect == Dialect()


def test_other_failures_are_left_to_the_engine() -> None:
    class Busy:
        async def send(self, body: dict[str, Any]) -> str:
            raise refusal("", "max_tokens: unsupported", status=503)

    [error] = asked(negotiation(), Busy(), REQUEST)
    assert isinstance(error, ModelError)
    assert error.reason == "http-503"
