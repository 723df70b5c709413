"""Embeddings in OpenAI's protocol and in Google's."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.servers.models.chat import wrong_key
from tests.servers.models.server import FakeModels, Said
from tests.servers.models.vectors import vectors_for


async def embeddings(models: FakeModels, request: web.Request) -> web.StreamResponse:
    """POST /v1/embeddings."""
    if refused := wrong_key(models, request):
        return refused
    body = await request.json()
    models.asks(body)
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]

    def form(vectors: list[Any], tokens: list[int]) -> dict[str, Any]:
        rows = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        usage = {"prompt_tokens": sum(tokens), "total_tokens": sum(tokens)}
        return {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage}

    return await embed(models, request, texts, body.get("dimensions"), form)


async def gemini_embeddings(
    models: FakeModels, request: web.Request, verb: str, body: dict[str, Any]
) -> web.StreamResponse:
    """POST .../models/MODEL:VERB, one verb for each of Google's ways."""
    if verb == "predict":
        texts = [instance["content"] for instance in body["instances"]]
        dimensions = body.get("parameters", {}).get("outputDimensionality")
    else:
        requests = body["requests"] if verb == "batchEmbedContents" else [body]
        texts = ["".join(part["text"] for part in one["content"]["parts"]) for one in requests]
        dimensions = {**requests[0], **requests[0].get("embedContentConfig", {})}.get("outputDimensionality")

    def form(vectors: list[Any], tokens: list[int]) -> dict[str, Any]:
        if verb == "predict":
            each = zip(vectors, tokens, strict=False)
            counted = [{"values": v, "statistics": {"token_count": n, "truncated": False}} for v, n in each]
            return {"predictions": [{"embeddings": one} for one in counted]}
        if verb == "batchEmbedContents":
            return {"embeddings": [{"values": vector} for vector in vectors]}
        return {"embedding": {"values": vectors[0]}, "usageMetadata": {"promptTokenCount": tokens[0]}}

    return await embed(models, request, texts, dimensions, form)


async def embed(models: FakeModels, request: web.Request, texts: list[str], dimensions: int | None, form: Any) -> Any:
    """The vectors in the form that `form(vectors, tokens of each)` gives them, or a fault."""
    own = models.settings
    if own.refuses and any(own.refuses in text for text in texts):
        models.counts["calls"] += 1
        return web.json_response({"error": {"code": 400, "message": "no"}}, status=400)
    models.counts["most_texts"] = max(models.counts["most_texts"], len(texts))

    def whole(said: Said) -> dict[str, Any]:
        for one in texts:
            models.counts["embedded again"] += one in models.embedded
            models.embedded.add(one)
        models.counts["embedded"] += len(texts)
        size = own.size if own.stubborn else dimensions or own.size
        return dict(form(vectors_for(texts, size, own.spoils), [len(one) // 4 + 1 for one in texts]))

    return await models.respond(request, "\n".join(texts), None, whole)
