"""Models behind the chat completions protocol: OpenAI's own, and every server that speaks it."""

from __future__ import annotations

from typing import Any

from persona_hub.transforms.calls.clients.openai import OpenAIServer
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.dialects.answers import completion_of
from persona_hub.transforms.llm.dialects.dialect import MAX_COMPLETION_TOKENS, MAX_TOKENS, Dialect
from persona_hub.transforms.llm.dialects.negotiation import Negotiation
from persona_hub.transforms.llm.dialects.token_scale import TokenScale
from persona_hub.transforms.llm.protocol import Completion, Request

PATH = "/chat/completions"


class OpenAIModel:
    """`openai:MODEL`, with --llm_base_url for servers other than OpenAI's (vLLM, llama.cpp, Ollama, Together ...)."""

    def __init__(self, config: ModelConfig):
        self.server = OpenAIServer(config, "gpt-5-mini")
        # OpenAI's newer models refuse `max_tokens`; some other servers know nothing else.
        self.negotiation = Negotiation(config, Dialect(MAX_TOKENS if config.base_url else MAX_COMPLETION_TOKENS))
        self.scale = TokenScale()

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError."""
        body = await self.negotiation.ask(self.server.model, request, self._send)
        return self.scale.adjusted(request, completion_of(body, request))

    async def _send(self, body: dict[str, Any]) -> bytes:
        return await self.server.post(PATH, body)

    async def close(self) -> None:
        """Frees connections."""
        await self.server.close()
