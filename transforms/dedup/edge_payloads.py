"""Edges and decisions as values of a shuffle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from persona_hub.transforms.similarity.arrays import Numbers
from persona_hub.transforms.similarity.edges import Edges, ImplicitEdges, VerifiedEdges
from persona_hub.transforms.similarity.representatives import Decisions
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays


def pack_verified(found: VerifiedEdges) -> bytes:
    """`VerifiedEdges` as one value of a shuffle: three columns each of near and equal ones, then of implicit ones."""
    return pack_arrays(*found.near, *found.equal, *(column for each in found.implicit for column in each))


def unpack_verified(packed: bytes) -> VerifiedEdges:
    """What `pack_verified` was given."""
    columns = unpack_arrays(packed)
    return VerifiedEdges(Edges(*columns[:3]), Edges(*columns[3:6]), implicit_of(columns[6:]))


def pack_implicit(implicit: Iterable[ImplicitEdges]) -> bytes:
    """Sets of implicit edges as one value of a shuffle."""
    return pack_arrays(*(column for each in implicit for column in each))


def unpack_implicit(packed: bytes) -> list[ImplicitEdges]:
    """What `pack_implicit` was given."""
    return implicit_of(unpack_arrays(packed))


def implicit_of(columns: Sequence[Numbers]) -> list[ImplicitEdges]:
    """Sets of implicit edges, three columns each."""
    return [ImplicitEdges(*columns[i : i + 3]) for i in range(0, len(columns), 3)]


def unpack_decisions(packs: Iterable[bytes]) -> Decisions:
    """The decisions of all packs."""
    columns = [Decisions.none(), *(Decisions(*unpack_arrays(packed)) for packed in packs)]
    return Decisions(*map(np.concatenate, zip(*columns, strict=True)))
