"""Gemini models by google-genai: `gemini:MODEL` on the Gemini API, `vertex:MODEL` on Vertex AI."""

from __future__ import annotations

from typing import Any

import orjson

from persona_hub.transforms.calls.clients.google import close_genai, genai_errors, open_genai
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.dialects.answers import FILTERED, TOOL_CALLS, added, completed, finish_of
from persona_hub.transforms.llm.dialects.extra_body import extra_fields
from persona_hub.transforms.llm.protocol import Completion, Request, well_formed


class GeminiModel:
    """One client on its aiohttp transport; httpx collapses with hundreds of connections."""

    def __init__(self, config: ModelConfig):
        from google.genai.types import GenerateContentConfig, HttpOptions

        self.config, self.model = config, config.name.partition(":")[2]
        self.client = open_genai(config, "gemini-2.5-flash")
        self.asking = GenerateContentConfig
        self.configs: dict[Any, Any] = {}
        extra = extra_fields(config.options)
        self.extra = HttpOptions(extra_body=extra) if extra else None  # laid over the request's body by the client

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError."""
        async with genai_errors(self.config):
            answer = await self.client.aio.models.generate_content(
                model=self.model, contents=request.prompt, config=self._config(request)
            )
            return generated(answer, request)

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
                http_options=self.extra,
            )
        return config

    async def close(self) -> None:
        """Frees connections."""
        await close_genai(self.client)


def generated(answer: Any, request: Request) -> Completion:
    """The answer in a response of google-genai. Raises ModelError where it broke off.

    A prompt that is blocked, and an answer that is, have no text and a reason.
    """
    candidate = answer.candidates[0] if answer.candidates else None
    parts = (candidate.content.parts if candidate and candidate.content else None) or []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    thoughts = "".join(part.text for part in parts if part.text and part.thought)
    finish = finish_of(_name(candidate.finish_reason) if candidate else "")
    blocked = answer.prompt_feedback and answer.prompt_feedback.block_reason
    if not candidate and blocked:
        finish = FILTERED
    if not text and not finish and any(part.function_call for part in parts):
        finish = TOOL_CALLS
    usage = answer.usage_metadata
    if usage is None:
        return completed(well_formed(text), finish, thoughts, (None,) * 4, request)
    thought = usage.thoughts_token_count
    said = (usage.prompt_token_count, added(usage.candidates_token_count, thought), thought, None)
    return completed(well_formed(text), finish, thoughts, said, request)


def _name(reason: Any) -> str:
    return str(getattr(reason, "value", reason) or "")
