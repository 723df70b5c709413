"""What the exact check finds, as values of a shuffle."""

from __future__ import annotations

from persona_hub.transforms.similarity.dense import Ball
from persona_hub.transforms.similarity.join import Edges, Found
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays


def pack_found(found: Found) -> bytes:
    """`Found` as one value of a shuffle."""
    return pack_arrays(*found.near, *found.equal, *(column for ball in found.balls for column in ball))


def unpack_found(packed: bytes) -> Found:
    """What `pack_found` was given."""
    columns = unpack_arrays(packed)
    balls = [Ball(*columns[i : i + 3]) for i in range(6, len(columns), 3)]
    return Found(Edges(*columns[:3]), Edges(*columns[3:6]), balls)


def pack_balls(balls: list[Ball]) -> bytes:
    """Balls as one value of a shuffle."""
    return pack_arrays(*(column for ball in balls for column in ball))


def unpack_balls(packed: bytes) -> list[Ball]:
    """What `pack_balls` was given."""
    columns = unpack_arrays(packed)
    return [Ball(*columns[i : i + 3]) for i in range(0, len(columns), 3)]
