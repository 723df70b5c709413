"""What the modules of this room share: types of arrays, the size of a block of products, and where a table is true."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BLOCK_ROWS = 1024  # rows of a block of products: 1,024 x 8,192 float32 are 32 MB

Ranks = npt.NDArray[np.uint64]  # shape (rows,), see `persona_hub.transforms.similarity.ranks`
Positions = npt.NDArray[np.intp]  # of rows in an array, or the numbers of cells


def nonzero_2d(mask: npt.NDArray[np.bool_]) -> tuple[Positions, Positions]:
    """(row, column) of each true entry of a table, as `np.nonzero`, which takes ten times as long as `flatnonzero`."""
    flat = np.flatnonzero(mask)
    row = flat // mask.shape[1] if mask.shape[1] else flat
    return row, flat - row * mask.shape[1]
