"""What the column chunks of a Parquet file may unfold to, before they are read.

A chunk of 1 KB may stand for 100,000 rows of one text of 30 MB: the text is in a dictionary, packed, and each row is a
number. So the bytes of a batch have no bound by the chunk's, but by rows times the longest value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from persona_hub.transforms.corpus.corpus_records import BrokenError, Limits

FREE_ROWS = 100_000  # a row group may have so many, whatever its size
NUMBER_BYTES = 8  # of a number, and of a member of a list
FIELD = 0x15  # of Thrift's compact protocol: the next field, a number of 32 bits
PAGE_HEAD_BYTES = 18


def allowed_bytes(group: Any, chunks: Sequence[Any], limits: Limits) -> int:
    """To how many bytes the `chunks` of a row group may unfold. Raises BrokenError if they say that it is more."""
    packed = sum(chunk.total_compressed_size for chunk in chunks)
    unpacked = sum(chunk.total_uncompressed_size for chunk in chunks)
    whole = sum(group.column(i).total_compressed_size for i in range(group.num_columns))
    allowed = max(limits.free_bytes, limits.ratio * packed)
    members = sum(chunk.num_values for chunk in chunks if "." in chunk.path_in_schema) * NUMBER_BYTES
    if unpacked > allowed or members > allowed:
        raise too_large(packed, max(unpacked, members))
    if group.num_rows > max(FREE_ROWS, limits.ratio * whole):
        detail = f"{whole:,} bytes hold {group.num_rows:,} rows: a decompression bomb. Leave the file out."
        raise BrokenError("decompression-bomb", detail)
    return allowed


def too_large(packed: int, unpacked: int) -> BrokenError:
    """What to say of a row group that unfolds to too much."""
    detail = f"{packed:,} bytes hold {unpacked:,} or more: a decompression bomb. Leave the file out."
    return BrokenError("decompression-bomb", detail)


def longest_value(stream: BinaryIO, chunk: Any) -> int:
    """No value of a column chunk that repeats values has more bytes; 0 for a chunk that has each value in full."""
    if chunk.physical_type not in ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"):
        return NUMBER_BYTES
    if "DELTA_BYTE_ARRAY" in chunk.encodings:  # which repeats the beginnings of values
        return int(chunk.total_uncompressed_size)
    if not chunk.has_dictionary_page:
        return 0
    stream.seek(chunk.dictionary_page_offset)
    return min(_page_bytes(stream.read(PAGE_HEAD_BYTES)), chunk.total_uncompressed_size)


def _page_bytes(head: bytes) -> int:
    """The unpacked size of a page, the second number of its header; the largest there is if it is not there.

    >>> _page_bytes(bytes.fromhex("15 04 15 80 01 15 40"))
    64
    """
    at, numbers = 0, []
    for _ in range(2):
        if head[at : at + 1] != bytes([FIELD]):
            return 1 << 31
        value = shift = 0
        at += 1
        while at < len(head):
            value |= (head[at] & 127) << shift
            shift += 7
            at += 1
            if head[at - 1] < 128:
                break
        numbers.append((value >> 1) ^ -(value & 1))
    return max(0, numbers[1])
