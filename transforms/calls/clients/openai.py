"""A server of OpenAI's protocol, by OpenAI's own client: keys, connections, and what its errors mean."""

from __future__ import annotations

from typing import Any

import orjson

from persona_hub.transforms.calls.clients.http import error_of_status, retry_after
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.secrets import secret_or_variable

KEY_VARIABLE = "OPENAI_API_KEY"
# Headers about this machine and its client: a twelfth of the CPU of a call, and no server's business.
ABOUT_US = [
    f"X-Stainless-{name}"
    for name in ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
]  # fmt: skip
NO_KEY = "none"  # for a server of one's own that asks for no key; the client will not go without


class OpenAIServer:
    """OpenAI's, or another at `base_url` (vLLM, llama.cpp, Ollama, Together ...), for the model that `config` names."""

    def __init__(self, config: ModelConfig, example: str):
        import httpx2
        import openai

        key = secret_or_variable(config.key_secret, [KEY_VARIABLE])
        self.key_place = config.key_secret or KEY_VARIABLE
        if not key and not config.base_url:
            raise InvalidInputError(
                f"{config.flag} {config.name}: needs a key in the environment variable {KEY_VARIABLE}, or "
                f"{config.flag}_api_key_secret"
            )
        self.model = config.name.partition(":")[2]
        if not self.model:
            raise InvalidInputError(f"{config.flag} {config.name}: name the model too, such as openai:{example}")
        self.errors = openai
        self.response = httpx2.Response
        none: Any = openai.Omit()
        own = {"X-Stainless-Retry-Count": none, "X-Stainless-Read-Timeout": none, "Content-Type": "application/json"}
        self.options: Any = {"headers": own, "security": {"bearer_auth": True}}
        limits = httpx2.Limits(max_connections=config.max_in_flight, max_keepalive_connections=config.max_in_flight)
        self.client = openai.AsyncOpenAI(
            base_url=config.base_url or None,
            api_key=key or NO_KEY,
            max_retries=0,  # the engine retries: it knows the slots, the budget and what else is waiting
            timeout=config.timeout,
            http_client=openai.DefaultAioHttpClient(limits=limits, timeout=config.timeout),
            default_headers=dict.fromkeys(ABOUT_US, none),
        )

    async def post(self, path: str, body: dict[str, Any]) -> bytes:
        """The body of the response. Raises ModelError."""
        try:
            # chat.completions.create() would walk the body along its type hints, at 0.8 of 2.2 ms of CPU a call.
            response = await self.client.post(
                path, cast_to=self.response, content=orjson.dumps(body), options=self.options
            )
        except self.errors.APIConnectionError as error:  # the client calls a refused connection a time-out, too
            cause = first_cause(error)
            reason = "timeout" if isinstance(cause, TimeoutError) else "connection"
            raise ModelError(reason, type(cause).__name__, verdict=Verdict.WAIT) from error
        except self.errors.APIStatusError as error:
            wait = retry_after(error.response.headers)
            hopeless = error.code == "insufficient_quota"  # a 429 that no waiting cures
            raise error_of_status(error.status_code, wait, self.key_place, hopeless) from error
        content: bytes = response.content
        return content

    async def close(self) -> None:
        """Frees connections."""
        await self.client.close()


def first_cause(error: BaseException) -> BaseException:
    """What an error goes back to."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
