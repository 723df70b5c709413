"""Which rows of a matrix product round alike.

OpenBLAS cuts a product into panels, and kernels for AVX2 (Haswell, Zen) add the terms of some rows in another order: of
192 rows that lie side by side in memory the first eight and the last eight come out with other last bits than the 176
between; of rows that lie one after the other, six of each twelve. Kernels for AVX-512 treat all alike. So rows lie side
by side, and a model asks its own kernel which it may use, by one text put in every place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def longest_alike(rows: npt.NDArray[np.float32]) -> tuple[int, int]:
    """(first, end) of the longest run of rows that are equal to the last bit, the first of them if there are two."""
    bits = np.ascontiguousarray(rows).view(np.uint32)
    begins = np.flatnonzero(np.append(True, (bits[1:] != bits[:-1]).any(1)))
    lengths = np.diff(np.append(begins, len(bits)))
    longest = int(lengths.argmax())
    return int(begins[longest]), int(begins[longest] + lengths[longest])
