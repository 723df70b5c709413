"""Packed arrays: the bytes are those of the documented format, and what comes back is what went in."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from persona_hub.transforms.wire import packing
from persona_hub.transforms.wire.packing import (
    SPILLED,
    Array,
    concatenated,
    pack_arrays,
    pack_place,
    unpack_arrays,
    unpack_merged,
    unpack_place,
    unpack_sorted,
)
from persona_hub.transforms.wire.spill import Place

DTYPES = st.sampled_from(["<u8", "<i8", "<i4", "<u2", "|u1", "|i1", "|b1", "<f2", "<f4", "<f8", "|S1", "|S32"])
ARRAYS = st.lists(DTYPES.flatmap(lambda dtype: arrays_of.arrays(dtype, arrays_of.array_shapes(min_dims=0, min_side=0))))


def test_the_example_of_the_docstring_is_what_is_written() -> None:
    lines = re.findall(r"^    ((?:[0-9a-f]{2} ){8})", packing.__doc__ or "", re.M)
    packed = pack_arrays(np.array([7, 9], np.uint64), np.array([[1.0, -2.0, 0.5]], np.float16))
    assert packed == bytes.fromhex("".join(lines))


@given(ARRAYS)
def test_arrays_come_back_as_they_were(arrays: list[Array]) -> None:
    found = unpack_arrays(pack_arrays(*arrays))
    assert [(a.dtype, a.shape, a.tobytes()) for a in found] == [(a.dtype, a.shape, a.tobytes()) for a in arrays]


def test_columns_of_a_matrix_are_packed_row_by_row() -> None:
    table = np.arange(6).reshape(2, 3)
    [found] = unpack_arrays(pack_arrays(table.T[::2]))
    assert found.tolist() == [[0, 3], [2, 5]]


def test_every_array_is_aligned_and_none_can_be_written_to() -> None:
    for array in unpack_arrays(pack_arrays(np.zeros(3, np.int8), np.zeros(3, np.uint64), np.zeros((1, 3), np.float16))):
        assert array.ctypes.data % 8 == 0
        assert not array.flags.writeable


@pytest.mark.parametrize(
    "array", [np.array([None]), np.zeros(1, "i4,i8"), np.zeros(1, "M8[s]"), np.zeros(1, "S1000000")]
)
def test_what_cannot_be_told_in_a_word_is_refused(array: Array) -> None:
    with pytest.raises(ValueError, match="cannot be packed"):
        pack_arrays(array)


def test_bytes_without_a_tag_are_refused() -> None:
    with pytest.raises(ValueError, match=r"begin with b'ARRAYS  ' or b'SPILLED ', not with b'\\x00"):
        unpack_arrays(bytes(16))


def test_a_spilled_value_is_a_tag_and_a_place() -> None:
    place = Place("/tmp/persona-hub-ä/b", 24, 4000)
    assert pack_place(place).startswith(SPILLED)
    assert unpack_place(pack_place(place)) == place


def test_values_are_joined_in_the_order_of_their_first_array() -> None:
    packs = [pack_arrays(np.array([3, 1]), np.array([[3.0], [1.0]])), pack_arrays(np.array([2]), np.array([[2.0]]))]
    ranks, rows = unpack_sorted(packs)
    assert ranks.tolist() == [1, 2, 3]
    assert rows.ravel().tolist() == [1.0, 2.0, 3.0]


def test_small_values_are_joined_until_they_have_rows_enough() -> None:
    packs = [pack_arrays(np.full(length, number)) for number, length in enumerate([1, 1, 3, 1])]
    assert [ranks.tolist() for [ranks] in unpack_merged(packs, rows=2)] == [[0, 1], [2, 2, 2], [3]]


def test_one_value_is_not_copied() -> None:
    alone = (np.arange(3),)
    assert concatenated([alone]) is alone


@pytest.mark.parametrize("module", ["packing", "spill"])
def test_packing_does_not_load_beam(module: str) -> None:
    code = f"import sys, persona_hub.transforms.wire.{module}; assert 'apache_beam' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
