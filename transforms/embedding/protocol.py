"""What EmbedDedup asks of an embedder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Embedder(Protocol):
    """A backend: opened once in a process. The same text gives the same vector, whatever stands beside it."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of unit length, shape (len(texts), dimension)."""


@dataclass(frozen=True)
class EmbedderConfig:
    """How to open an embedder; plain values. Never holds a key."""

    name: str = "offline"  # BACKEND or BACKEND:MODEL
    base_url: str = ""
