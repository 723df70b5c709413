"""Gemini models by google-genai: `gemini:MODEL` on the Gemini API, `vertex:MODEL` on Vertex AI."""

from __future__ import annotations

from typing import Any

import orjson

from persona_hub.transforms.calls.clients.google import genai_errors, open_genai
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.protocol import Completion, Request


class GeminiModel:
    """One client on its aiohttp transport; httpx collapses with hundreds of connections."""

    def __init__(self, config: ModelConfig):
        from google.genai.types import GenerateContentConfig

        self.config, self.model = config, config.name.partition(":")[2]
        self.client = open_genai(config, "gemini-2.5-flash")
        self.asking = GenerateContentConfig
        self.configs: dict[Any, Any] = {}

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError."""
        async with genai_errors(self.config):
            answer = await self.client.aio.models.generate_content(
                model=self.model, contents=request.prompt, config=self._config(request)
            )
            text, usage = answer.text or "", answer.usage_metadata
        if usage is None:
            return Completion(text)
        thoughts = usage.thoughts_token_count or 0  # paid like the answer's
        return Completion(text, usage.prompt_token_count or 0, (usage.candidates_token_count or 0) + thoughts)

    def _config(self, request: Request) -> Any:
        """System prompt, sampling and form of the answer; made once for all requests that share them."""
        name = (request.system, request.sampling, request.schema)
        config = self.configs.get(name)
        if config is None:
            drawn = request.sampling
            config = self.configs[name] = self.asking(
                system_instruction=request.system or None,
                temperature=drawn.temperature,
                top_p=drawn.top_p,
                max_output_tokens=drawn.max_tokens,
                seed=drawn.seed,
                response_mime_type="application/json" if request.schema else None,
                response_json_schema=orjson.loads(request.schema) if request.schema else None,
            )
        return config

    async def close(self) -> None:
        """Frees connections."""
        await self.client.aio.aclose()
