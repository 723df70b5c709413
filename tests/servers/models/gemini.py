"""Gemini's protocol, on the Gemini API's and on Vertex AI's paths."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.servers.models.chat import usage_of
from tests.servers.models.embeddings import gemini_embeddings
from tests.servers.models.server import FakeModels, Said


async def gemini(models: FakeModels, request: web.Request) -> web.StreamResponse:
    """POST .../models/MODEL:VERB."""
    verb = request.path.rpartition(":")[2]
    body = await request.json()
    models.asks(body)
    key = request.headers.get("x-goog-api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
    if models.settings.key and key != models.settings.key:
        return web.json_response({"error": {"code": 401, "message": "wrong key"}}, status=401)
    if verb in ("embedContent", "batchEmbedContents", "predict"):
        return await gemini_embeddings(models, request, verb, body)
    parts = [
        *body.get("systemInstruction", {}).get("parts", []),
        *(p for c in body["contents"] for p in c["parts"]),
    ]
    config = body.get("generationConfig", {})
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    return await models.respond(request, "\n".join(p["text"] for p in parts), schema, generated)


def generated(said: Said) -> dict[str, Any]:
    """An answer in the protocol's form; a rule's message is laid over the candidate."""
    rule = said.rule
    content = {"role": "model", "parts": [{"text": said.text}]}
    candidate = {"content": content, "finishReason": rule.finish or "STOP", "index": 0, **rule.message}
    usage = {"promptTokenCount": said.input_tokens, "candidatesTokenCount": said.output_tokens}
    return {"candidates": [candidate], **usage_of(rule, "usageMetadata", usage)}
