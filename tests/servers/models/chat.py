"""The chat completions protocol."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.servers.models.script import NO_USAGE, Rule
from tests.servers.models.server import FakeModels, Said


async def chat(models: FakeModels, request: web.Request) -> web.StreamResponse:
    """POST /v1/chat/completions."""
    if refused := wrong_key(models, request):
        return refused
    body = await request.json()
    models.asks(body)
    prompt = "\n".join(m["content"] for m in body["messages"])
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema") or schema_in(prompt)
    return await models.respond(request, prompt, schema, lambda said: chat_completion(said, body["model"]))


def chat_completion(said: Said, model: str) -> dict[str, Any]:
    """An answer in the protocol's form."""
    rule, total = said.rule, said.input_tokens + said.output_tokens
    message = {"role": "assistant", "content": said.text, **rule.message}
    choice = {"index": 0, "message": message, "finish_reason": rule.finish or "stop"}
    usage = {"prompt_tokens": said.input_tokens, "completion_tokens": said.output_tokens, "total_tokens": total}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    return body | usage_of(rule, "usage", usage)


def usage_of(rule: Rule, name: str, usage: dict[str, int]) -> dict[str, Any]:
    """The field of the body that says how many tokens there were."""
    if rule.usage == NO_USAGE:
        return {}
    return {name: usage if rule.usage is None else rule.usage}


def wrong_key(models: FakeModels, request: web.Request) -> web.StreamResponse | None:
    """The refusal of a key that is not let in."""
    if models.settings.key and request.headers.get("Authorization") != f"Bearer {models.settings.key}":
        return web.json_response({"error": {"message": "wrong key"}}, status=401)
    return None


def schema_in(prompt: str) -> dict[str, Any] | None:
    """The JSON schema that a prompt ends with, as a model reads it there; None where it holds none."""
    last = prompt.rpartition("\n")[2]
    try:
        schema = json.loads(last) if last.startswith("{") else None
    except ValueError:
        return None
    return schema if isinstance(schema, dict) and "properties" in schema else None
