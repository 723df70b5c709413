"""What the column chunks of a Parquet file may unfold to, before they are read.

A chunk of 1 KB may stand for 100,000 rows of one text of 30 MB: the text is in a dictionary, packed, and each row is a
number. So the bytes of a batch have no bound by the chunk's, but by rows times the longest value.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, BinaryIO

from persona_hub.transforms.corpus.corpus_records import MIB, BrokenError, Limits

BYTES_AT_ONCE = 192 * MIB  # of rows read at once; pyarrow takes 3.6 times as much: 0.9 GB in all for texts of 30 MB
FREE_ROWS = 100_000  # a row group may have so many, whatever its size
NUMBER_BYTES = 8  # of a number, and of a member of a list
FIELD = 0x15  # of Thrift's compact protocol: the next field, a number of 32 bits
PAGE_HEAD_BYTES = 18


class GroupBounds:
    """What some column chunks of a row group may unfold to, and have unfolded to."""

    def __init__(self, group: Any, chunks: Sequence[Any], limits: Limits):
        self.group, self.chunks, self.limits = group, chunks, limits
        self.packed = sum(chunk.total_compressed_size for chunk in chunks)
        self.allowed = max(limits.free_bytes, limits.ratio * self.packed)
        self.unfolded = 0

    def rows_at_once(self, stream: BinaryIO, most: int, folded: Collection[str] = ()) -> int:
        """How many rows may be read at once, `most` at the most; the columns `folded` are read as dictionaries.

        Raises BrokenError if the group says that it is a bomb.
        """
        unpacked = sum(chunk.total_uncompressed_size for chunk in self.chunks)
        members = sum(chunk.num_values for chunk in self.chunks if "." in chunk.path_in_schema) * NUMBER_BYTES
        if unpacked > self.allowed or members > self.allowed:
            raise too_large(self.packed, max(unpacked, members))
        whole = sum(self.group.column(i).total_compressed_size for i in range(self.group.num_columns))
        if self.group.num_rows > max(FREE_ROWS, self.limits.ratio * whole):
            detail = f"{whole:,} bytes hold {self.group.num_rows:,} rows: a decompression bomb. Leave the file out."
            raise BrokenError("decompression-bomb", detail)
        longest = sum(longest_value(stream, chunk) for chunk in self.chunks if chunk.path_in_schema not in folded)
        return max(1, min(most, BYTES_AT_ONCE // max(1, longest)))

    def take(self, unfolded: int) -> None:
        """Counts bytes of rows that were read. Raises BrokenError where they are too many."""
        self.unfolded += unfolded
        if self.unfolded > self.allowed:
            raise too_large(self.packed, self.unfolded)

    @property
    def free_taken(self) -> int:
        """How many of the free bytes are gone."""
        return max(0, min(self.limits.free_bytes, self.unfolded - self.limits.ratio * self.packed))


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
