"""Embedders by name: one line each. Heavy libraries are imported where an embedder is opened, in the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from persona_hub.transforms.embedding.protocol import Embedder, EmbedderConfig
from persona_hub.transforms.errors import InvalidInputError

# In this very process, at once and for nothing.
LOCAL = {
    "offline": "persona_hub.transforms.embedding.offline:OfflineEmbedder",
    "savedmodel": "persona_hub.transforms.embedding.savedmodel:SavedModelEmbedder",
}
# A server's, paid for by the token.
PAID = {
    "openai": "persona_hub.transforms.embedding.openai:OpenAIEmbedder",
    "gemini": "persona_hub.transforms.embedding.gemini:GeminiEmbedder",
    "vertex": "persona_hub.transforms.embedding.gemini:GeminiEmbedder",
}


class Most(NamedTuple):
    """What one call takes."""

    texts: int
    tokens: int  # of all texts together


# OpenAI takes 2,048 texts and 300,000 tokens, the Gemini API 100 texts; on Vertex AI it is 250 texts and 20,000 tokens,
# but one text for Gemini's embedders. 256 texts of a persona's length are 10,000 tokens, and 3 MB of answer.
MOST = {"openai": Most(256, 250_000), "gemini": Most(100, 100_000), "vertex": Most(250, 20_000)}
ONE_BY_ONE = "vertex:gemini-"

_open: dict[EmbedderConfig, Embedder] = {}
_lock = threading.Lock()


def split_name(name: str) -> tuple[str, str]:
    """("savedmodel", "/models/use") of "savedmodel:/models/use". Raises ValueError for an unknown embedder."""
    backend, _, model = name.partition(":")
    if backend not in LOCAL and backend not in PAID:
        raise InvalidInputError(f"--embedder {name}: no embedder {backend!r}; there are {', '.join([*LOCAL, *PAID])}")
    if backend == "savedmodel" and not model:
        raise InvalidInputError(f"--embedder {name}: which model? Name its folder, as in savedmodel:/models/encoder")
    if backend in PAID and not model:
        raise InvalidInputError(f"--embedder {name}: which model? Name it too, as in openai:text-embedding-3-small")
    return backend, model


def is_paid(name: str) -> bool:
    """Whether the embedder is a server's, so that its calls go through the engine."""
    return split_name(name)[0] in PAID


def most_of(config: EmbedderConfig) -> Most:
    """What one call to a paid embedder takes."""
    most = MOST[split_name(config.name)[0]]
    if config.batch:
        return Most(config.batch, most.tokens)
    return Most(1, most.tokens) if config.name.startswith(ONE_BY_ONE) else most


def open_embedder(config: EmbedderConfig) -> Embedder:
    """The local embedder that `config` names; opened once in a process, since a model takes seconds to load."""
    backend, _ = split_name(config.name)
    with _lock:
        if config not in _open:
            _open[config] = factory(LOCAL[backend])(config)
        return _open[config]


def factory(place: str) -> Callable[[Any], Any]:
    """What "module:Name" stands for."""
    module, _, attribute = place.partition(":")
    found: Callable[[Any], Any] = getattr(import_module(module), attribute)
    return found
