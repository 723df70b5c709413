"""The vector of a text that is searched for, by the embedder of the hub's own vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from persona_hub.transforms.calls.engines import acquire_engine, release_engine
from persona_hub.transforms.calls.protocol import ModelError
from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.embedding.bundle import VECTORS, Lost, VectorBundle
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.records import persona_id
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored


class AskedText(NamedTuple):
    """A text as the engine keeps it: under the id that a persona of this text has."""

    persona_id: str


def embed_text(embedder: EmbedderConfig, text: str) -> StoredVectors | Lost:
    """The vector of a text, shape (numbers,), or why there is none.

    A paid embedder is asked in one call through the process's engine: stored, limited and budgeted as all calls are.
    """
    if embedder.calls is None:
        vector: StoredVectors = to_stored(open_embedder(embedder).embed([text]))[0]
        return vector
    engine = acquire_engine(embedder.calls, VECTORS)
    try:
        bundle = VectorBundle(EMBED_DEDUP, embedder, engine)
        bundle.ask([(AskedText(persona_id(text)), text)])
        ((_, found),) = bundle.answers(all_of_them=True)
    except ModelError as error:
        return Lost(error.reason, error.detail)
    finally:
        release_engine(engine)
    return found if isinstance(found, Lost) else np.frombuffer(found, "<f2").astype(np.float16)
