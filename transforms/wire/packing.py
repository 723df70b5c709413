"""Packing: numpy arrays as one bytes value, the form in which rows travel through a shuffle.

A value is made of words of 8 bytes, so that every array in it is aligned. The first word is a tag.

    ARRAYS    a table of contents, then the bytes of each array as they lie in memory
    SPILLED   the arrays lie in a file (`persona_hub.transforms.wire.spill`): its offset there, its length, the path

The table of contents is the number of arrays, then of each its dtype as text, its number of dimensions, and its
shape. Numbers are little-endian int64; text and arrays are filled up with zero bytes to whole words. So
`pack_arrays(np.array([7, 9], np.uint64), np.array([[1.0, -2.0, 0.5]], np.float16))` is

    41 52 52 41 59 53 20 20   "ARRAYS  "
    02 00 00 00 00 00 00 00   two arrays
    3c 75 38 00 00 00 00 00   "<u8": unsigned numbers of 8 bytes
    01 00 00 00 00 00 00 00   one dimension
    02 00 00 00 00 00 00 00   of two
    3c 66 32 00 00 00 00 00   "<f2": float16
    02 00 00 00 00 00 00 00   two dimensions
    01 00 00 00 00 00 00 00   one row
    03 00 00 00 00 00 00 00   of three
    07 00 00 00 00 00 00 00   7
    09 00 00 00 00 00 00 00   9
    00 3c 00 c0 00 38 00 00   1.0, -2.0, 0.5, and two bytes to fill the word

There is no version in it: a packed value lives no longer than the run that made it.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.wire import spill

ARRAYS, SPILLED = b"ARRAYS  ", b"SPILLED "
WORD = 8  # bytes
MERGED_ROWS = 2048  # rows that small values are joined to: about what one large value holds

Array = npt.NDArray[Any]
KeyedArrays = tuple[int, bytes]  # an element of a PCollection: a key, and arrays as `pack_arrays` makes them


def pack_arrays(*arrays: Array) -> bytes:
    """Arrays of any shape as one value; while values are spilled, a large one is only the place where it lies.

    Raises ValueError for a dtype of Python objects, of dates, or with fields.
    """
    contents: list[bytes] = [ARRAYS, struct.pack("<q", len(arrays))]
    data: list[Any] = []
    for array in arrays:
        contents.append(dtype_word(array.dtype))
        contents.append(struct.pack(f"<{1 + array.ndim}q", array.ndim, *array.shape))
        data.append(np.asarray(array, order="C"))
        data.append(bytes(-array.nbytes % WORD))
    packed = b"".join([*contents, *data])
    place = spill.put(packed)
    return packed if place is None else pack_place(place)


def unpack_arrays(packed: bytes) -> tuple[Array, ...]:
    """The arrays that `pack_arrays` was given. They cannot be written to, as they are views of `packed`.

    Raises ValueError for what does not begin with a tag.
    """
    if packed.startswith(SPILLED):
        packed = spill.get(unpack_place(packed))
    if not packed.startswith(ARRAYS):
        raise ValueError(f"packed arrays begin with {ARRAYS!r} or {SPILLED!r}, not with {packed[:WORD]!r}")
    (count,) = struct.unpack_from("<q", packed, WORD)
    at = 2 * WORD
    contents: list[tuple[tuple[int, ...], np.dtype[Any]]] = []
    for _ in range(count):
        dtype, dimensions = struct.unpack_from("<8sq", packed, at)
        shape = struct.unpack_from(f"<{dimensions}q", packed, at + 2 * WORD)
        contents.append((shape, dtype_of(dtype)))
        at += (2 + dimensions) * WORD
    arrays = []
    for shape, kind in contents:
        array: Array = np.ndarray(shape, kind, packed, at)
        arrays.append(array)
        at += array.nbytes + -array.nbytes % WORD
    return tuple(arrays)


def pack_object(value: Any) -> bytes:
    """Any value that can be pickled, packed as an array of bytes: where arrays are spilled, it is."""
    return pack_arrays(np.frombuffer(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), np.uint8))


def unpack_object(packed: bytes) -> Any:
    """What `pack_object` was given."""
    [data] = unpack_arrays(packed)
    return pickle.loads(data.data)


@lru_cache(64)
def dtype_word(dtype: np.dtype[Any]) -> bytes:
    """A dtype as numpy writes it ("<u8", "|S32"), in one word."""
    name = dtype.str.encode()
    if dtype.kind not in "biufS" or len(name) > WORD:
        raise ValueError(f"an array of dtype {dtype} cannot be packed; numbers, truth values and short bytes can")
    return name.ljust(WORD, b"\0")


@lru_cache(64)
def dtype_of(word: bytes) -> np.dtype[Any]:
    """The dtype that `dtype_word` has written."""
    return np.dtype(word.rstrip(b"\0").decode())


def pack_place(place: spill.Place) -> bytes:
    """A value that is spilled: the tag, offset and length in bytes, and the length of the path before the path."""
    path = place.path.encode()
    return SPILLED + struct.pack("<3q", place.offset, place.length, len(path)) + path


def unpack_place(packed: bytes) -> spill.Place:
    """The place that `pack_place` was given."""
    offset, length, characters = struct.unpack_from("<3q", packed, WORD)
    start = 4 * WORD
    return spill.Place(packed[start : start + characters].decode(), offset, length)


def concatenated(parts: Sequence[tuple[Array, ...]]) -> tuple[Array, ...]:
    """Arrays of several values, the first of each one after another, then the second, and so on."""
    return parts[0] if len(parts) == 1 else tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def unpack_sorted(packs: Iterable[bytes]) -> list[Array]:
    """The arrays of many values, concatenated, all in the order of the first array (stable)."""
    columns = [np.concatenate(column) for column in zip(*map(unpack_arrays, packs), strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return [column[order] for column in columns]


def unpack_merged(packs: Iterable[bytes], rows: int = MERGED_ROWS) -> Iterator[tuple[Array, ...]]:
    """The arrays of many values, never all at once: those of small ones are joined until they have `rows` rows."""
    waiting: list[tuple[Array, ...]] = []
    for arrays in map(unpack_arrays, packs):
        waiting.append(arrays)
        if sum(len(first) for first, *_ in waiting) >= rows:
            yield concatenated(waiting)
            waiting = []
    if waiting:
        yield concatenated(waiting)
