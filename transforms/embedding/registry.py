"""Embedders by name: one line each. Heavy libraries are imported where an embedder is opened, in the worker."""

from __future__ import annotations

import threading
from typing import NamedTuple

from persona_hub.transforms.calls.registry import BackendRegistry
from persona_hub.transforms.embedding.protocol import Embedder, EmbedderConfig
from persona_hub.transforms.embedding.thresholds import embedder_named
from persona_hub.transforms.errors import InvalidInputError

# In this very process, at once and for nothing.
LOCAL_EMBEDDERS = {
    "use": "persona_hub.transforms.embedding.use.embedder:UseEmbedder",
    "hash": "persona_hub.transforms.embedding.hashing:HashEmbedder",
    "savedmodel": "persona_hub.transforms.embedding.savedmodel:SavedModelEmbedder",
}
ONE_MODEL = ("use", "hash")  # which the package carries
# A server's, paid for by the token.
PAID_EMBEDDERS = {
    "openai": "persona_hub.transforms.embedding.openai:OpenAIEmbedder",
    "gemini": "persona_hub.transforms.embedding.gemini:GeminiEmbedder",
    "vertex": "persona_hub.transforms.embedding.gemini:GeminiEmbedder",
}
EMBEDDERS = BackendRegistry("--embedder", "embedder", LOCAL_EMBEDDERS, PAID_EMBEDDERS)


class CallLimits(NamedTuple):
    """The most that one call takes."""

    texts: int
    tokens: int  # of all texts together


# OpenAI takes 2,048 texts and 300,000 tokens, the Gemini API 100 texts; on Vertex AI it is 250 texts and 20,000 tokens,
# but one text for Gemini's embedders. 256 texts of a persona's length are 10,000 tokens, and 3 MB of answer.
CALL_LIMITS = {
    "openai": CallLimits(256, 250_000),
    "gemini": CallLimits(100, 100_000),
    "vertex": CallLimits(250, 20_000),
}
ONE_BY_ONE = "vertex:gemini-"

_open: dict[EmbedderConfig, Embedder] = {}
_embedders_lock = threading.Lock()


def split_embedder(name: str) -> tuple[str, str]:
    """("savedmodel", "/models/use") of "savedmodel:/models/use". Raises ValueError for an unknown embedder."""
    backend, model = EMBEDDERS.split(embedder_named(name))
    if backend == "savedmodel" and not model:
        raise InvalidInputError(f"--embedder {name}: which model? Name its folder, as in savedmodel:/models/encoder")
    if backend in ONE_MODEL and embedder_named(name) != backend:
        raise InvalidInputError(
            f"--embedder {name}: `{backend}` is one model and takes no name; say --embedder {backend}"
        )
    if backend in PAID_EMBEDDERS and not model:
        raise InvalidInputError(f"--embedder {name}: which model? Name it too, as in openai:text-embedding-3-small")
    return backend, model


def is_paid(name: str) -> bool:
    """Whether the embedder is a server's, so that its calls go through the engine."""
    return split_embedder(name)[0] in PAID_EMBEDDERS


def call_limits(config: EmbedderConfig) -> CallLimits:
    """The most that one call to a paid embedder takes."""
    most = CALL_LIMITS[split_embedder(config.name)[0]]
    if config.batch:
        return CallLimits(config.batch, most.tokens)
    return CallLimits(1, most.tokens) if config.name.startswith(ONE_BY_ONE) else most


def open_embedder(config: EmbedderConfig) -> Embedder:
    """The local embedder that `config` names; opened once in a process, since a model takes seconds to load."""
    backend, _ = split_embedder(config.name)
    with _embedders_lock:
        if config not in _open:
            _open[config] = EMBEDDERS.factory(backend)(config)
        return _open[config]
