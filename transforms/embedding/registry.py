"""Embedders by name: one line each. Heavy libraries are imported where an embedder is opened, in the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module

from transforms.embedding.protocol import Embedder, EmbedderConfig

EMBEDDERS = {
    "offline": "transforms.embedding.offline:OfflineEmbedder",
    "savedmodel": "transforms.embedding.savedmodel:SavedModelEmbedder",
}

_open: dict[EmbedderConfig, Embedder] = {}
_lock = threading.Lock()


def split_name(name: str) -> tuple[str, str]:
    """("savedmodel", "/models/use") of "savedmodel:/models/use". Raises ValueError for an unknown embedder."""
    backend, _, model = name.partition(":")
    if backend not in EMBEDDERS:
        raise ValueError(f"--embedder {name}: no embedder {backend!r}; there are {', '.join(EMBEDDERS)}")
    if backend == "savedmodel" and not model:
        raise ValueError(f"--embedder {name}: which model? Name its folder, as in savedmodel:/models/encoder")
    return backend, model


def open_embedder(config: EmbedderConfig) -> Embedder:
    """The embedder that `config` names; opened once in a process, since a model takes seconds to load."""
    backend, _ = split_name(config.name)
    with _lock:
        if config not in _open:
            module, _, attribute = EMBEDDERS[backend].partition(":")
            factory: Callable[[EmbedderConfig], Embedder] = getattr(import_module(module), attribute)
            _open[config] = factory(config)
        return _open[config]
