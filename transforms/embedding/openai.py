"""Embedders behind OpenAI's protocol: its own, and every server that speaks it."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import orjson

from persona_hub.transforms.calls.clients.http import VECTORS_BYTES
from persona_hub.transforms.calls.clients.openai import OpenAIServer
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.embedding.protocol import Texts, Vectors, vectors_of


class OpenAIEmbedder:
    """`openai:MODEL`, with --embedder_base_url for servers other than OpenAI's."""

    def __init__(self, config: ModelConfig):
        self.server = OpenAIServer(config, "text-embedding-3-small", VECTORS_BYTES)
        self.seen = 0  # numbers in a vector

    async def complete(self, request: Texts) -> Vectors:
        """One vector for each text. Raises ModelError."""
        body: dict[str, Any] = {"model": self.server.model, "input": list(request.texts), "encoding_format": "float"}
        if request.dimensions:
            body["dimensions"] = request.dimensions
        rows, said = embeddings_of(await self.server.post("/embeddings", body))
        vectors = vectors_of(request, rows, said, self.seen)
        self.seen = len(rows[0])
        return vectors

    async def close(self) -> None:
        """Frees connections."""
        await self.server.close()


def embeddings_of(body: bytes) -> tuple[list[Any], Any]:
    """Vectors in the order of the texts, and what it says of their tokens. Raises ModelError."""
    try:
        answer = orjson.loads(body) if b"NaN" not in body else json.loads(body)  # no JSON, yet some servers write it
        data = sorted(answer["data"], key=lambda item: item["index"])
        rows = [item["embedding"] for item in data]
        usage = answer.get("usage")
        return [numbers(row) for row in rows], usage.get("prompt_tokens") if isinstance(usage, dict) else None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ModelError("unreadable-response", type(error).__name__, verdict=Verdict.WAIT, paid=True) from error


def numbers(row: Any) -> Any:
    """A vector: a list of numbers, or base64 of float32, which some servers send whatever was asked for."""
    return np.frombuffer(base64.b64decode(row), "<f4") if isinstance(row, str) else row
