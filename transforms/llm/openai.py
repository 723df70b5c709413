"""Models behind the chat completions protocol: OpenAI's own, and every server that speaks it."""

from __future__ import annotations

from typing import Any

import orjson

from transforms.calls.http import error_of_status, retry_after
from transforms.calls.protocol import ModelConfig, ModelError
from transforms.llm.protocol import Completion, Request
from transforms.secrets import secret_or_variable

KEY_VARIABLE = "OPENAI_API_KEY"
# Headers about this machine and its client: a twelfth of the CPU of a call, and no server's business.
ABOUT_US = [
    f"X-Stainless-{name}"
    for name in ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
]  # fmt: skip
NO_KEY = "none"  # for a server of one's own that asks for no key; the client will not go without


class OpenAIModel:
    """`openai:MODEL`, with --llm_base_url for servers other than OpenAI's (vLLM, llama.cpp, Ollama, Together ...)."""

    def __init__(self, config: ModelConfig):
        import httpx2
        import openai

        key = secret_or_variable(config.key_secret, [KEY_VARIABLE])
        self.key_place = config.key_secret or KEY_VARIABLE
        if not key and not config.base_url:
            raise ValueError(
                f"--llm {config.name}: needs a key in the environment variable {KEY_VARIABLE}, or --llm_api_key_secret"
            )
        self.model = config.name.partition(":")[2]
        if not self.model:
            raise ValueError(f"--llm {config.name}: name the model too, such as openai:gpt-5-mini")
        # OpenAI's newer models refuse `max_tokens`; other servers know nothing else.
        self.length = "max_tokens" if config.base_url else "max_completion_tokens"
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

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError."""
        try:
            # chat.completions.create() would walk the body along its type hints, at 0.8 of 2.2 ms of CPU a call.
            content = orjson.dumps(self.body(request))
            response = await self.client.post(
                "/chat/completions", cast_to=self.response, content=content, options=self.options
            )
        except self.errors.APIConnectionError as error:  # the client calls a refused connection a time-out, too
            cause = first_cause(error)
            reason = "timeout" if isinstance(cause, TimeoutError) else "connection"
            raise ModelError(reason, type(cause).__name__, retry=True) from error
        except self.errors.APIStatusError as error:
            wait = retry_after(error.response.headers)
            hopeless = error.code == "insufficient_quota"  # a 429 that no waiting cures
            raise error_of_status(error.status_code, wait, self.key_place, hopeless) from error
        return completion_of(response.content)

    def body(self, request: Request) -> dict[str, Any]:
        """The request as the protocol has it."""
        return chat_body(self.model, request, self.length)

    async def close(self) -> None:
        """Frees connections."""
        await self.client.close()


def chat_body(model: str, request: Request, length: str) -> dict[str, Any]:
    """A request as the protocol has it; `length` is the server's word for the longest answer."""
    body: dict[str, Any] = {"model": model, "messages": message_list(request)}
    body[length] = request.sampling.max_tokens
    body |= sampling_of(request)
    if request.schema:
        schema = orjson.loads(request.schema)
        strict = schema.get("additionalProperties") is False
        form = {"name": request.task or "answer", "schema": schema, "strict": strict}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def message_list(request: Request) -> list[dict[str, str]]:
    """System and user message."""
    system = [{"role": "system", "content": request.system}] if request.system else []
    return [*system, {"role": "user", "content": request.prompt}]


def sampling_of(request: Request) -> dict[str, Any]:
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
        raise ModelError("unreadable-response", type(error).__name__, retry=True, paid=True) from error


def first_cause(error: BaseException) -> BaseException:
    """What an error goes back to."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
