"""How deep the columns of a Parquet file are nested, before pyarrow sees its footer.

pyarrow builds groups within groups by recursion: 50,000 of them, 300 KB, end the process. The schema is a list of
elements in the order of a walk, each with the number of its children (parquet.thrift, FileMetaData.schema), so it can
be walked without recursion.
"""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from persona_hub.transforms.corpus.corpus_records import BrokenError

DEEPEST_COLUMN = 1000  # groups within groups; pyarrow reads ten times as many
DEEPEST_VALUE = 64  # structs within structs of an element, as Thrift has it

UNENCRYPTED = b"PAR1"  # the footer is not
TAIL_BYTES = 8  # the length of the footer, and what kind it is
SCHEMA, CHILDREN = 2, 5  # fields of FileMetaData, and of SchemaElement
STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)  # of the compact protocol


def metadata_of(stream: BinaryIO) -> pq.FileMetaData:
    """What the footer says.

    Raises BrokenError for columns that are nested too deep, pa.ArrowException or OSError for a file that is damaged.
    """
    if nesting(footer_of(stream)) > DEEPEST_COLUMN:
        detail = f"a column is nested more than {DEEPEST_COLUMN:,} deep. Leave the column out."
        raise BrokenError("record-too-deep", detail)
    stream.seek(0)
    return pq.read_metadata(stream)


def footer_of(stream: BinaryIO) -> bytes:
    """The bytes of the footer; none where there is none, or an encrypted one, which pyarrow then tells."""
    end = stream.seek(0, 2)
    if end < TAIL_BYTES:
        return b""
    stream.seek(end - TAIL_BYTES)
    length = int.from_bytes(stream.read(4), "little")
    if length > end - TAIL_BYTES or stream.read(4) != UNENCRYPTED:
        return b""
    stream.seek(end - TAIL_BYTES - length)
    return stream.read(length)


def nesting(footer: bytes) -> int:
    """How many groups the deepest column is in, the root included. Raises pa.ArrowInvalid for a damaged schema."""
    if not footer:
        return 0
    try:
        return Walk(footer).nesting()
    except (IndexError, ValueError) as error:
        raise pa.ArrowInvalid("its schema cannot be read") from error


class Walk:
    """Reads Thrift's compact protocol, from the place `at`. Its methods raise IndexError or ValueError for damage."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def nesting(self) -> int:
        """As the function of this name says, of the schemas in FileMetaData up to the row groups."""
        number = deepest = 0
        while number <= SCHEMA:
            number, kind = self.field(number)
            if kind == STOP:
                break
            if number == SCHEMA and kind == LIST:
                deepest = max(deepest, self.schema())
            elif number <= SCHEMA:
                self.skip(kind)
        return deepest

    def schema(self) -> int:
        """How deep the elements of a schema are nested."""
        size, _ = self.list_head()
        open_groups: list[int] = []  # children that are still to come, of each group around an element
        deepest = 0
        for _ in range(size):
            children = self.element()
            while open_groups and not open_groups[-1]:
                open_groups.pop()
            if open_groups:
                open_groups[-1] -= 1
            if children > 0:
                open_groups.append(children)
                deepest = max(deepest, len(open_groups))
        return deepest

    def element(self) -> int:
        """The number of an element's children."""
        number = children = 0
        while True:
            number, kind = self.field(number)
            if kind == STOP:
                return children
            if number == CHILDREN and kind == I32:
                children = self.signed()
            else:
                self.skip(kind)

    def field(self, before: int) -> tuple[int, int]:
        """The number and the kind of the next field of a struct."""
        head = self.byte()
        if head == STOP:
            return before, STOP
        return (before + (head >> 4) if head >> 4 else self.signed()), head & 15

    def skip(self, kind: int, depth: int = 0) -> None:
        """Goes past a value."""
        if depth > DEEPEST_VALUE:
            raise ValueError("structs within structs")
        if kind in (I16, I32, I64):
            self.varint()
        elif kind == BINARY:
            length = self.varint()
            self.at += length
        elif kind == DOUBLE:
            self.at += 8
        elif kind == BYTE:
            self.at += 1
        elif kind in (LIST, SET):
            size, inner = self.list_head()
            self.skip_members([inner], size, depth)
        elif kind == MAP:
            size = self.varint()
            kinds = self.byte() if size else 0
            self.skip_members([kinds >> 4, kinds & 15], size, depth)
        elif kind == STRUCT:
            number = 0
            while True:
                number, inner = self.field(number)
                if inner == STOP:
                    break
                self.skip(inner, depth + 1)
        elif kind not in (TRUE, FALSE):
            raise ValueError(f"no kind {kind}")

    def skip_members(self, kinds: list[int], size: int, depth: int) -> None:
        """Goes past the members of a list or map; truths take a byte there."""
        for _ in range(size):
            for kind in kinds:
                self.skip(BYTE if kind in (TRUE, FALSE) else kind, depth + 1)
            if self.at > len(self.data):
                raise IndexError("members beyond the end")

    def list_head(self) -> tuple[int, int]:
        """The number of members, and their kind."""
        head = self.byte()
        return (self.varint() if head >> 4 == 15 else head >> 4), head & 15

    def signed(self) -> int:
        """A number with a sign, which is its last bit."""
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def varint(self) -> int:
        """A number, seven bits a byte."""
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
            if shift > 63:
                raise ValueError("a number without end")

    def byte(self) -> int:
        """The next byte."""
        byte = self.data[self.at]
        self.at += 1
        return byte
