"""A server of OpenAI's protocol, by OpenAI's own client: keys, connections, and what its errors mean."""

from __future__ import annotations

from typing import Any

import orjson

from persona_hub.transforms.calls.clients.failures import error_in_answer, error_of
from persona_hub.transforms.calls.clients.http import (
    ANSWER_BYTES,
    PACKINGS,
    redirect_words,
    retry_after,
    transport_error,
)
from persona_hub.transforms.calls.clients.said import Said, said_of
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, setting_of
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
    """OpenAI's, or another at `base_url` (vLLM, llama.cpp, Ollama, Together ...), for the model that `config` names.

    `most`: bytes of an answer's body. No redirect is followed.
    """

    def __init__(self, config: ModelConfig, example: str, most: int = ANSWER_BYTES):
        import aiohttp
        import httpx2
        import openai

        from persona_hub.transforms.calls.clients.bounded import bounding

        self.key_place, self.flag = config.key_secret or KEY_VARIABLE, config.flag
        key = secret_or_variable(config.key_secret, [KEY_VARIABLE])
        if not key and not config.base_url:
            raise InvalidInputError(
                f"{config.flag} {config.name}: needs a key in the environment variable {KEY_VARIABLE}, or "
                f"{setting_of(config.flag, 'api_key_secret')}"
            )
        self.model = config.name.partition(":")[2]
        if not self.model:
            raise InvalidInputError(f"{config.flag} {config.name}: name the model too, such as openai:{example}")
        self.errors = openai
        # The client hands on what aiohttp says of a garbled head as it is.
        self.transport_faults = (openai.APIConnectionError, httpx2.HTTPError, aiohttp.ClientError, OSError)
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
            http_client=openai.DefaultAioHttpClient(
                limits=limits,
                timeout=config.timeout,
                follow_redirects=False,
                event_hooks={"response": [bounding(most)]},
            ),
            default_headers=dict.fromkeys(ABOUT_US, none) | {"Accept-Encoding": PACKINGS},
        )
        self.address = str(self.client.base_url)

    async def post(self, path: str, body: dict[str, Any]) -> bytes:
        """The body of the response. Raises ModelError, whose `said` holds what a server had against the request."""
        try:
            # chat.completions.create() would walk the body along its type hints, at 0.8 of 2.2 ms of CPU a call.
            response = await self.client.post(
                path, cast_to=self.response, content=orjson.dumps(body), options=self.options
            )
        except self.transport_faults as error:  # the client calls a refused connection a time-out, too
            raise transport_error(error, self.address) from None  # a traceback in a worker's log quotes its causes
        except self.errors.APIStatusError as error:
            raise self._refusal(error.response) from None
        content: bytes = response.content
        if fault := error_in_answer(content, self.key_place, self.flag):
            raise fault
        return content

    def _refusal(self, response: Any) -> ModelError:
        said = said_of(response.status_code, response.content)
        if 300 <= said.status < 400:
            said = Said(said.status, message=redirect_words(response.headers, self.address))
        return error_of(said, retry_after(response.headers), self.key_place, self.flag)

    async def close(self) -> None:
        """Frees connections."""
        await self.client.close()
