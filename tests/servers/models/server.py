"""The HTTP protocols: chat completions, embeddings, Gemini's on the Gemini API's and on Vertex AI's paths."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import time
from collections import Counter
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from tests.servers.models.settings import Draws, Settings, made_up
from tests.servers.models.vectors import vectors_for


class Refusal(Exception):
    """A status that the server answers with instead of an answer."""

    def __init__(self, status: int, headers: dict[str, str] | None = None):
        self.status, self.headers = status, headers or {}


class Garbled(Exception):
    """A body that nobody can read; `cut`: half of a good one."""

    def __init__(self, cut: bool):
        self.cut = cut


class FakeModels:
    """State of one server."""

    def __init__(self, settings: Settings):
        self.told(settings)

    def told(self, settings: Settings) -> None:
        self.settings, self.draws = settings, Draws(settings)
        self.counts: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.held: list[float] = []  # seconds that a place was taken: a latency, and how late the machine was
        self.arrivals: list[float] = []  # seconds on the server's clock
        self.asked: Counter[str] = Counter()  # by prompt's hash
        self.in_flight = 0
        self.last: dict[str, Any] = {}
        self.embedded: set[str] = set()

    async def answer(self, prompt: str, schema: dict[str, Any] | None) -> tuple[str, int, int]:
        """What the model says: text, input and output tokens, after its latency. Raises Refusal or Garbled."""
        own, counts, asked = self.settings, self.counts, self.asked  # those that hang when new ones come keep to theirs
        counts["calls"] += 1
        self.arrivals.append(time.monotonic())
        if own.places and self.in_flight >= own.places:
            counts["refused"] += 1
            raise Refusal(429, {"Retry-After": f"{own.retry_after:g}"} if own.retry_after else None)
        self.in_flight += 1
        counts["most"] = max(counts["most"], self.in_flight)
        try:
            fault, seconds = self.draws.fault(), self.draws.latency()
            counts[fault or "good"] += 1
            if fault == "429":
                raise Refusal(429, {"Retry-After": f"{own.retry_after:g}"})
            self.latencies.append(seconds)
            begin = time.monotonic()
            await asyncio.sleep(own.hang_seconds if fault == "hang" else seconds)
            self.held.append(time.monotonic() - begin)
            if fault.isdigit():
                raise Refusal(int(fault))
            if fault == "reset":
                raise ConnectionResetError
            counts["paid"] += 1
            if fault in ("malformed", "truncated"):
                raise Garbled(fault == "truncated")
        finally:
            self.in_flight -= (
                self.settings is own
            )  # those that still hang when new settings come are not of their count
        name = hashlib.blake2b(prompt.encode("utf-8", "replace"), digest_size=8).hexdigest()
        asked[name] += 1
        text = own.answer or made_up(prompt, schema, str(counts["calls"]) if own.changing else "")
        for word, answers in own.answers.items():
            if word in prompt:
                text = answers[min(counts[f"word {word}"], len(answers) - 1)]
                counts[f"word {word}"] += 1
        tokens_in, tokens_out = own.usage or (len(prompt) // 4 + 1, len(text) // 4 + 1)
        counts["input_tokens"] += tokens_in
        counts["output_tokens"] += tokens_out
        return text, tokens_in, tokens_out

    async def respond(self, request: web.Request, prompt: str, schema: Any, form: Any) -> web.StreamResponse:
        """The answer in the form that `form(text, in, out)` gives it, or a fault."""
        try:
            text, tokens_in, tokens_out = await self.answer(prompt, schema)
        except Refusal as refusal:
            return web.json_response({"error": {"message": "no"}}, status=refusal.status, headers=refusal.headers)
        except Garbled as garbled:
            body = json.dumps(form("half a text", 1, 1))
            return web.Response(
                text=body[: len(body) // 2] if garbled.cut else "<html>oops", content_type="application/json"
            )
        except ConnectionResetError:
            if request.transport:
                request.transport.abort()
            return web.Response()
        return web.json_response(form(text, tokens_in, tokens_out))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        if self.settings.key and request.headers.get("Authorization") != f"Bearer {self.settings.key}":
            return web.json_response({"error": {"message": "wrong key"}}, status=401)
        body = self.last = await request.json()
        prompt = "\n".join(m["content"] for m in body["messages"])
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")

        def form(text: str, tokens_in: int, tokens_out: int) -> dict[str, Any]:
            message = {"role": "assistant", "content": text}
            usage = {
                "prompt_tokens": tokens_in,
                "completion_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
            }
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return {"id": "1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice],
                    "usage": usage}  # fmt: skip

        return await self.respond(request, prompt, schema, form)

    async def gemini(self, request: web.Request) -> web.StreamResponse:
        """POST .../models/MODEL:VERB on the Gemini API's and Vertex AI's paths."""
        verb = request.path.rpartition(":")[2]
        body = self.last = await request.json()
        key = request.headers.get("x-goog-api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.settings.key and key != self.settings.key:
            return web.json_response({"error": {"code": 401, "message": "wrong key"}}, status=401)
        if verb in ("embedContent", "batchEmbedContents", "predict"):
            return await self.gemini_embeddings(request, verb, body)
        parts = [
            *body.get("systemInstruction", {}).get("parts", []),
            *(p for c in body["contents"] for p in c["parts"]),
        ]
        config = body.get("generationConfig", {})
        schema = config.get("responseJsonSchema") or config.get("responseSchema")

        def form(text: str, tokens_in: int, tokens_out: int) -> dict[str, Any]:
            content = {"role": "model", "parts": [{"text": text}]}
            usage = {"promptTokenCount": tokens_in, "candidatesTokenCount": tokens_out}
            return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}

        return await self.respond(request, "\n".join(p["text"] for p in parts), schema, form)

    async def embeddings(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/embeddings."""
        if self.settings.key and request.headers.get("Authorization") != f"Bearer {self.settings.key}":
            return web.json_response({"error": {"message": "wrong key"}}, status=401)
        body = self.last = await request.json()
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]

        def form(vectors: list[Any], tokens: list[int]) -> dict[str, Any]:
            rows = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
            usage = {"prompt_tokens": sum(tokens), "total_tokens": sum(tokens)}
            return {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage}

        return await self.embed(request, texts, body.get("dimensions"), form)

    async def gemini_embeddings(self, request: web.Request, verb: str, body: dict[str, Any]) -> web.StreamResponse:
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

        return await self.embed(request, texts, dimensions, form)

    async def embed(self, request: web.Request, texts: list[str], dimensions: int | None, form: Any) -> Any:
        """The vectors in the form that `form(vectors, tokens of each)` gives them, or a fault."""
        own = self.settings
        if own.refuses and any(own.refuses in text for text in texts):
            self.counts["calls"] += 1
            return web.json_response({"error": {"code": 400, "message": "no"}}, status=400)
        self.counts["most_texts"] = max(self.counts["most_texts"], len(texts))

        def whole(text: str, tokens_in: int, tokens_out: int) -> dict[str, Any]:
            for one in texts:
                self.counts["embedded again"] += one in self.embedded
                self.embedded.add(one)
            self.counts["embedded"] += len(texts)
            size = own.size if own.stubborn else dimensions or own.size
            return dict(form(vectors_for(texts, size, own.spoils), [len(one) // 4 + 1 for one in texts]))

        return await self.respond(request, "\n".join(texts), None, whole)

    async def token(self, request: web.Request) -> web.StreamResponse:
        """POST /token: what a service account gets for its signed claim."""
        return web.json_response({"access_token": self.settings.key or "token", "expires_in": 3600})

    async def secret(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/NAME:access: Secret Manager's."""
        name = request.match_info["name"]
        self.counts["secrets"] += 1
        if name not in self.settings.secrets:
            return web.json_response({"error": {"code": 404, "message": f"{name} not found"}}, status=404)
        said = self.settings.secrets[name]
        if not said:
            return web.json_response({"error": {"code": 403, "message": "denied"}}, status=403)
        data = base64.b64encode(said.encode()).decode()
        return web.json_response({"name": name, "payload": {"data": data}})

    async def stats(self, request: web.Request) -> web.StreamResponse:
        """GET /stats: what happened since the last settings."""
        repeated = sum(n - 1 for n in self.asked.values())
        facts = {**self.counts, "in_flight": self.in_flight, "prompts": len(self.asked), "repeated": repeated}
        told = {"latencies": self.latencies, "held": self.held, "arrivals": self.arrivals, "last": self.last}
        return web.json_response({"counts": facts, **told})

    async def health(self, request: web.Request) -> web.StreamResponse:
        """GET /health, as vLLM has it."""
        return web.Response()

    async def crash(self, request: web.Request) -> web.StreamResponse:
        """POST /crash: the process is gone at once."""
        os._exit(3)

    async def settle(self, request: web.Request) -> web.StreamResponse:
        """POST /settings: new settings; counts begin anew."""
        self.told(replace(Settings(), **{**asdict(Settings()), **await request.json()}))
        return web.json_response({})


def application(models: FakeModels) -> web.Application:
    """All paths."""
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", models.chat)
    app.router.add_post("/v1/embeddings", models.embeddings)
    app.router.add_post("/{version:v1|v1beta|v1beta1}/{path:.*models/.*}", models.gemini)
    app.router.add_post("/token", models.token)
    app.router.add_get("/v1/{name:projects/.*/secrets/.*}:access", models.secret)
    app.router.add_get("/stats", models.stats)
    app.router.add_get("/health", models.health)
    app.router.add_post("/crash", models.crash)
    app.router.add_post("/settings", models.settle)
    return app
