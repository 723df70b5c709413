"""Vectors that follow from the text alone, and such as no server should give."""

from __future__ import annotations

import hashlib
from typing import Any


def vector(text: str, size: int) -> list[float]:
    """Of a text: any two texts are strangers."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace")).digest() * (size // 64 + 1)
    return [byte / 255 - 0.5 for byte in digest[:size]]


def vectors_for(texts: list[str], size: int, spoils: dict[str, str]) -> list[Any]:
    """One for each text, but as `spoils` says by a word in it."""
    vectors: list[Any] = []
    for text in texts:
        good = vector(text, size)
        fault = next((fault for word, fault in spoils.items() if word in text), "")
        if fault == "few":
            continue
        vectors.append({"nan": [float("nan")] * size, "zero": [0.0] * size, "short": good[:-1]}.get(fault, good))
    return vectors
