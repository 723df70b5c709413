"""Models behind the chat completions protocol: OpenAI's own, and every server that speaks it."""

from __future__ import annotations

from typing import Any

import orjson

from persona_hub.transforms.calls.clients.openai import OpenAIServer
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.protocol import Completion, Request


class OpenAIModel:
    """`openai:MODEL`, with --llm_base_url for servers other than OpenAI's (vLLM, llama.cpp, Ollama, Together ...)."""

    def __init__(self, config: ModelConfig):
        self.server = OpenAIServer(config, "gpt-5-mini")
        # OpenAI's newer models refuse `max_tokens`; other servers know nothing else.
        self.length = "max_tokens" if config.base_url else "max_completion_tokens"

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError."""
        return completion_of(await self.server.post("/chat/completions", self.body(request)))

    def body(self, request: Request) -> dict[str, Any]:
        """The request as the protocol has it."""
        return chat_body(self.server.model, request, self.length)

    async def close(self) -> None:
        """Frees connections."""
        await self.server.close()


def chat_body(model: str, request: Request, length: str) -> dict[str, Any]:
    """A request as the protocol has it; `length` is the server's word for the longest answer."""
    body: dict[str, Any] = {"model": model, "messages": message_list(request)}
    body[length] = request.sampling.max_tokens
    return body | sampling_fields(request) | form_of(request)


def form_of(request: Request) -> dict[str, Any]:
    """The form of the answer, where one is asked for."""
    if not request.schema:
        return {}
    schema = orjson.loads(request.schema)
    strict = schema.get("additionalProperties") is False
    form = {"name": request.task or "answer", "schema": schema, "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def message_list(request: Request) -> list[dict[str, str]]:
    """System and user message."""
    system = [{"role": "system", "content": request.system}] if request.system else []
    return [*system, {"role": "user", "content": request.prompt}]


def sampling_fields(request: Request) -> dict[str, Any]:
    """What of the sampling is not left to the model."""
    drawn = request.sampling
    values = {"temperature": drawn.temperature, "top_p": drawn.top_p, "seed": drawn.seed}
    return {name: value for name, value in values.items() if value is not None}


def completion_of(body: bytes) -> Completion:
    """The answer in a response's body. Raises ModelError where nobody can read one."""
    try:
        answer = orjson.loads(body)
        message, usage = answer["choices"][0]["message"], answer.get("usage") or {}
        text = message.get("content") or message.get("refusal") or ""
        return Completion(str(text), int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ModelError("unreadable-response", type(error).__name__, verdict=Verdict.WAIT, paid=True) from error
