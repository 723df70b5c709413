"""What a step asks of an embedder, and what a backend must be able to do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import orjson

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict, tokens_at_most
from persona_hub.transforms.calls.tokens import tokens_of, tokens_said
from persona_hub.transforms.embedding.thresholds import DEFAULT_EMBEDDER, embedder_named
from persona_hub.transforms.vectors.float16 import to_stored

KEY_FORMAT = 1  # of `text_key`: a new number makes all stored vectors unknown
KEY_BYTES = 16
NUMBER_BYTES = 2  # float16, little-endian


class Embedder(Protocol):
    """A model in this very process, opened once. The same text gives the same vector, whatever stands beside it."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of unit length, shape (len(texts), dimension)."""


class PaidEmbedder(Protocol):
    """A server's model: opened once in a process, inside its event loop."""

    async def complete(self, request: Texts) -> Vectors:
        """One vector for each text. Raises ModelError."""

    async def close(self) -> None:
        """Frees connections."""


@dataclass(frozen=True)
class EmbedderConfig:
    """How to open an embedder; plain values. Never holds a key."""

    name: str = DEFAULT_EMBEDDER  # BACKEND or BACKEND:MODEL
    calls: ModelConfig | None = None  # how calls go, where the model is a server's
    dimensions: int = 0  # numbers in a vector; 0: as many as the model gives
    batch: int = 0  # texts in a call; 0: as many as the server's protocol takes
    files: str = ""  # a hash of a SavedModel's or of `use`'s; "" where that is not known

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", embedder_named(self.name))


@dataclass(frozen=True)
class Texts:
    """Texts that one call asks vectors of; each has an entry of its own in the store."""

    texts: tuple[str, ...]
    keys: tuple[bytes, ...]
    dimensions: int = 0
    subjects: tuple[str, ...] = ()  # ids of those whose texts these are

    @property
    def max_input_tokens(self) -> int:
        """The most tokens that the texts can have."""
        return tokens_at_most(*self.texts)

    @property
    def max_output_tokens(self) -> int:
        """Vectors are no tokens."""
        return 0


@dataclass(frozen=True)
class Vectors:
    """The vectors of some texts in their order, each as it is stored: float16 of unit length."""

    rows: tuple[bytes, ...]
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False  # the server did not say how many tokens: they are reckoned from the texts


def text_key(model: str, dimensions: int, text: str) -> bytes:
    """What a vector is kept under: a hash of all that decides it."""
    seen = ["vector", KEY_FORMAT, model, dimensions, text.encode("utf-8", "replace").decode()]
    return hashlib.blake2b(orjson.dumps(seen), digest_size=KEY_BYTES).digest()


def call_key(texts: Texts) -> bytes:
    """What a call is known by while it is under way."""
    return hashlib.blake2b(b"".join(texts.keys), digest_size=KEY_BYTES).digest()


def vectors_of(request: Texts, rows: Sequence[Sequence[float]], said: Any, seen: int) -> Vectors:
    """What a server gave, checked. `said`: its count of the tokens; `seen`: numbers in its vectors so far, 0 before.

    Raises ModelError: an answer with a vector too few, of another size or without a direction is paid, and no use. One
    whose very first vectors are not of the size asked for comes from a server that knows no such wish: no other call
    can fare better.
    """
    wanted = request.dimensions or seen
    if len(rows) != len(request.texts):
        raise ModelError("malformed-vectors", f"{len(rows)} vectors for {len(request.texts)} texts", paid=True)
    sizes = {len(row) for row in rows}
    if sizes != {wanted or len(rows[0])}:
        found = ", ".join(map(str, sorted(sizes)))
        if not seen and len(sizes) == 1:
            problem = f"its vectors have {found} numbers, not {wanted}; leave out --embedding_dimensions"
            raise ModelError("malformed-vectors", problem, paid=True, verdict=Verdict.REQUEST)
        raise ModelError("malformed-vectors", f"vectors of {found} numbers, not {wanted}", paid=True)
    try:
        vectors = to_stored(np.array(rows, np.float32))
    except (ValueError, TypeError) as error:  # of no direction, not finite, or no numbers at all
        raise ModelError("malformed-vectors", "a vector is zero, not finite, or not of numbers", paid=True) from error
    tokens = tokens_said(said, request.max_input_tokens)
    reckoned = round(sum(map(tokens_of, request.texts))) if tokens is None else tokens
    return Vectors(tuple(row.astype("<f2").tobytes() for row in vectors), reckoned, estimated=tokens is None)
