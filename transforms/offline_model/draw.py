"""Choices that look free and are not: the same values give the same choice, on any machine."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Draws by name; `number` turns each wheel on by one, so that another number gives another choice."""

    def __init__(self, *values: str, number: int = 0):
        digest = blake2b(digest_size=16)
        for value in values:
            encoded = value.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
        self.digest, self.number = digest, number

    def whole(self, name: str, below: int) -> int:
        """A number in 0 .. below - 1."""
        drawn = self.digest.copy()
        drawn.update(name.encode())
        return (int.from_bytes(drawn.digest()[:8], "big") + self.number) % below

    def pick(self, name: str, options: Sequence[T]) -> T:
        """One of `options`, which must not be empty."""
        return options[self.whole(name, len(options))]
