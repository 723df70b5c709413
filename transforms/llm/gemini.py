"""Gemini models by google-genai: `gemini:MODEL` on the Gemini API, `vertex:MODEL` on Vertex AI."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import orjson

from transforms.calls.http import error_of_status, retry_after
from transforms.calls.protocol import ModelConfig, ModelError
from transforms.llm.protocol import Completion, Request
from transforms.secrets import secret_or_variable

KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
LOCATION = "global"
DEFAULT_CREDENTIALS = "Google's application default credentials"


class GeminiModel:
    """One client on its aiohttp transport; httpx collapses with hundreds of connections."""

    def __init__(self, config: ModelConfig):
        from google import genai

        backend, _, self.model = config.name.partition(":")
        if not self.model:
            raise ValueError(f"--llm {config.name}: name the model too, such as {backend}:gemini-2.5-flash")
        self.types, self.api_error = genai.types, genai.errors.APIError
        options = genai.types.HttpOptions(
            base_url=config.base_url or None,
            timeout=int(config.timeout * 1000),
            # Without options of its own the client sends once more after a lost connection, unseen and maybe paid.
            retry_options=genai.types.HttpRetryOptions(attempts=1),
        )
        self.client = genai.Client(**account_of(config), http_options=options)
        self.key = DEFAULT_CREDENTIALS if backend == "vertex" else config.key_secret or " or ".join(KEY_VARIABLES)
        self.configs: dict[Any, Any] = {}

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError."""
        import aiohttp

        try:
            answer = await self.client.aio.models.generate_content(
                model=self.model, contents=request.prompt, config=self._config(request)
            )
            usage = answer.usage_metadata
            text = answer.text or ""
        except self.api_error as error:
            wait = retry_after(getattr(error.response, "headers", None) or {}) or _asked_delay(error.details)
            raise error_of_status(error.code, wait, self.key) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ModelError("connection", type(error).__name__, retry=True) from error
        except ValueError as error:
            raise ModelError("unreadable-response", type(error).__name__, retry=True, paid=True) from error
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
            config = self.configs[name] = self.types.GenerateContentConfig(
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


def account_of(config: ModelConfig) -> dict[str, Any]:
    """Arguments of google-genai's client that say who asks. Raises ValueError where that is not known."""
    if config.name.partition(":")[0] == "vertex":
        project, location = project_of(config)
        return {"vertexai": True, "project": project, "location": location}
    key = secret_or_variable(config.key_secret, KEY_VARIABLES)
    if not key:
        raise ValueError(
            f"--llm {config.name}: needs a key in the environment variable {' or '.join(KEY_VARIABLES)}, or "
            "--llm_api_key_secret"
        )
    return {"vertexai": False, "api_key": key}


def project_of(config: ModelConfig) -> tuple[str, str]:
    """Google Cloud project and location, of the options or else the environment."""
    project = config.options.get("project") or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if not project:
        raise ValueError(f"--llm {config.name}: needs --project or the environment variable GOOGLE_CLOUD_PROJECT")
    return str(project), str(config.options.get("location") or os.environ.get("GOOGLE_CLOUD_LOCATION") or LOCATION)


def _asked_delay(details: Any) -> float | None:
    """Seconds of a RetryInfo among the details of an error: the Gemini API says it there, not in a header."""
    error = details.get("error", details) if isinstance(details, Mapping) else {}
    for detail in error.get("details") or [] if isinstance(error, Mapping) else []:
        delay = detail.get("retryDelay") if isinstance(detail, Mapping) else None
        if isinstance(delay, str) and delay.endswith("s"):
            try:
                return float(delay[:-1])
            except ValueError:
                return None
    return None
