"""Chunks: the rows of a range of a file, as JSON Lines, checked; and the rows that cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.json

from persona_hub.transforms.corpus.charsets.decoding import Undecodable
from persona_hub.transforms.corpus.corpus_records import BrokenError, Limits
from persona_hub.transforms.corpus.fields.row_bounds import OversizedRow
from persona_hub.transforms.corpus.fields.row_fields import text_of_bytes
from persona_hub.transforms.corpus.formats.json_lines import tolerant_loads
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.similarity.arrays import I64, U8, Numbers
from persona_hub.transforms.wire.packing import pack_object, unpack_object

LONGEST_LINE = Limits().record_bytes
OBJECT_START = re.compile(rb"\s*+\{")


class RowFault(NamedTuple):
    """Why a line holds no text."""

    reason: str
    detail: str  # with the remedy


BLANK_LINE = RowFault("blank", "")
TOO_LONG_LINE, TOO_DEEP_LINE, NOT_UTF8_LINE = (
    b'"a line that is too long"\n',
    b'"a row that is nested too deep"\n',
    b'"a text that is no UTF-8"\n',
)
NOT_UTF8 = RowFault("invalid-utf-8", "no UTF-8. Convert the file, as with iconv.")
FAULT_OF_LINE = {  # lines in place of those that cannot be
    TOO_LONG_LINE: RowFault(
        "record-too-large", "more than 32 MB, or than a million values. Split the record or leave it out."
    ),
    TOO_DEEP_LINE: RowFault("record-too-deep", "nested more than 100 deep. Leave the record or that field out."),
    NOT_UTF8_LINE: NOT_UTF8,
}
LINE_OF_REASON = {fault.reason: line for line, fault in FAULT_OF_LINE.items()}


class UnusableRow(NamedTuple):
    """A row that cannot be used; `number` is its line or row, from 1, and 0 for what ends a file."""

    number: int
    reason: str
    detail: str
    excerpt: str


def pack_unusable(rows: list[UnusableRow]) -> bytes:
    """Rows as one value, which is spilled where large values are."""
    return pack_object([tuple(row) for row in rows])


def unpack_unusable(packed: bytes) -> list[UnusableRow]:
    """What `pack_unusable` was given."""
    return [UnusableRow(*row) for row in unpack_object(packed)]


PlacedLine = tuple[int, int, bytes]  # position among all rows of all files, line or row from 1, the line with its end


class RawChunk(NamedTuple):
    """Lines of one chunk as they were read, unchecked: `offset` and `number` as in `Chunk`."""

    chunk: int
    offset: Numbers
    number: Numbers
    lines: bytes


class Chunk(NamedTuple):
    """Rows as JSON Lines, each with its place in the chunk and the number of its line or row, from 1.

    Numbers count from the chunk's first line where a file is read in parts, else from the file's.
    """

    offset: Numbers
    number: Numbers
    lines: bytes

    def only(self, keep: Numbers) -> Chunk:
        """The rows where `keep` is true."""
        if keep.all():
            return self
        lines = self.lines.splitlines(True) if b"\r" not in self.lines else split_lines(self.lines)
        rows = np.flatnonzero(keep)
        return Chunk(self.offset[rows], self.number[rows], b"".join([lines[i] for i in rows.tolist()]))


def split_lines(lines: bytes) -> list[bytes]:
    """Lines with their ends, split at newlines only: `splitlines` would split at a carriage return too."""
    return [line + b"\n" for line in lines.split(b"\n")[:-1]]


class TextColumn(NamedTuple):
    """Texts side by side: text i is data[offsets[i] : offsets[i + 1]]."""

    data: bytes
    offsets: Numbers


NO_TEXTS = TextColumn(b"", np.zeros(1, I64))


class ParsedChunk(NamedTuple):
    """A chunk, and the texts of its rows."""

    chunk: Chunk
    texts: TextColumn


def parse_texts(lines: bytes, field: str) -> TextColumn:
    """The field `field` of JSON Lines. Raises ValueError unless every line is an object with a string there.

    A line that the quick reader does not take, for what stands in another field, costs those beside it 3 us each.
    """
    try:
        return parse_at_once(lines, field)
    except ValueError:
        texts = [text_of_line(line, field) for line in split_lines(lines)]
        return TextColumn(b"".join(texts), np.cumsum([0, *map(len, texts)], dtype=I64))


def text_of_line(line: bytes, field: str) -> bytes:
    """The field `field` of one line, lone surrogates replaced. Raises ValueError where there is no string."""
    row = parse_row(line)
    text = row.get(field) if isinstance(row, dict) else None
    if type(text) is not str:
        raise ValueError("a row without text")
    return without_surrogates(text).encode()


def without_surrogates(text: str) -> str:
    """`text` with U+FFFD in place of lone surrogates, which can be in no file."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def parse_at_once(lines: bytes, field: str) -> TextColumn:
    """`parse_texts` for lines that are as most are: a reader in C takes all of them. Raises ValueError for others."""
    if not lines:
        return NO_TEXTS
    if not lines.isascii():
        lines.decode("utf-8")
    if not OBJECT_START.match(lines):
        raise ValueError("the first row is no object")  # of a `null` there pyarrow 25 dies with a segmentation fault
    options = pa.json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    wanted = pa.json.ParseOptions(explicit_schema=pa.schema([(field, pa.string())]), unexpected_field_behavior="ignore")
    column = pa.json.read_json(pa.BufferReader(lines), read_options=options, parse_options=wanted)[field].chunk(0)
    if column.null_count or len(column) != lines.count(b"\n") or not one_object_a_line(lines):
        raise ValueError("a row without text, or several rows in a line")
    offsets = np.frombuffer(column.buffers()[1], np.int32, len(column) + 1).astype(I64)
    data = column.buffers()[2]
    return TextColumn(data.to_pybytes()[: offsets[-1]] if data else b"", offsets)


def one_object_a_line(lines: bytes) -> bool:
    """Whether every line of some JSON begins with { and ends with }: then none of its objects goes on in another line.

    Else a blank line might make up for one with two objects, and the rows after it would be taken for others.
    """
    data = np.frombuffer(lines, U8)
    ends = np.flatnonzero(data == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    plain = (data[starts] == ord("{")) & (data[np.maximum(ends - 1, 0)] == ord("}"))
    rest = [lines[starts[i] : ends[i]].strip() for i in np.flatnonzero(~plain)]  # white space at either end
    return all(line.startswith(b"{") and line.endswith(b"}") for line in rest)


def check_rows(offset: Numbers, number: Numbers, lines: bytes, field: str) -> tuple[ParsedChunk, list[UnusableRow]]:
    """(the rows that hold a text, the others); `lines` are as many as `offset` and `number`, blank ones among them.

    Of the lines {"text": "a"}, [1] and {"text": "b"}, at bytes 0, 14 and 18 and with the numbers 1 to 3, the chunk has
    the offsets 0 and 18, the numbers 1 and 3, and the first and the last line; its texts are "ab" with offsets 0, 1, 2.
    The other is UnusableRow(2, "not-an-object", ...).
    """
    chunk = Chunk(offset, number, lines)
    try:
        texts = parse_at_once(lines, field)
        if len(texts.offsets) == len(offset) + 1:
            return ParsedChunk(chunk, texts), []
    except ValueError:  # also pa.ArrowInvalid and UnicodeDecodeError: some line is broken, so look at each
        pass
    faults = [fault_of(line, field) for line in split_lines(lines)]
    good = chunk.only(np.array([fault is None for fault in faults], bool))
    texts = parse_texts(good.lines, field)
    unusable = [
        UnusableRow(
            int(n), *fault, "" if line in FAULT_OF_LINE else excerpt(line[:1024].decode("utf-8", "replace").strip())
        )
        for n, line, fault in zip(number, split_lines(lines), faults, strict=True)
        if fault and fault != BLANK_LINE
    ]
    return ParsedChunk(good, texts), unusable


def fault_of(line: bytes, field: str) -> RowFault | None:
    """(reason, detail and remedy) why a line holds no text."""
    if line.isspace():
        return BLANK_LINE
    if fault := FAULT_OF_LINE.get(line):
        return fault
    try:
        row = parse_row(line)
    except UnicodeDecodeError:
        return NOT_UTF8
    except ValueError as error:
        return RowFault("broken-json", f"no JSON: {excerpt(str(error))}. Mend or remove the line.")
    if not isinstance(row, dict):
        return RowFault("not-an-object", f"a JSON object is wanted, not {type(row).__name__}. Mend or remove the line.")
    if field not in row or row[field] is None:
        names = f"the fields are: {excerpt(', '.join(row))}" if row else "there are none at all"
        detail = f"no text in field {field!r}; {names}. Name the text field with --text_field."
        return RowFault("field-missing", detail)
    if type(row[field]) is not str:
        return RowFault("field-not-text", f"field {field!r} holds no text but {type(row[field]).__name__}.")
    return None


def parse_row(line: bytes) -> Any:
    """The row in a line, odd values and all. Raises UnicodeDecodeError, or ValueError where there is no JSON."""
    try:
        return orjson.loads(line)
    except ValueError:
        line.decode("utf-8")
        return tolerant_loads(line)


def cut_into_chunks(rows: Iterable[PlacedLine], bits: int) -> Iterator[RawChunk]:
    """Lines, ascending by position, as chunks of 2^bits positions each.

    With 4 bits, lines at the positions 3, 17 and 30 make RawChunk(0, offset 3, ...) and RawChunk(1, offset 1 14, ...).
    """
    waiting: list[PlacedLine] = []
    chunk = -1

    def columns() -> RawChunk:
        positions, numbers, lines = zip(*waiting, strict=True)
        return RawChunk(chunk, np.array(positions, I64) - (chunk << bits), np.array(numbers, I64), b"".join(lines))

    try:
        for row in rows:
            if row[0] >> bits != chunk:
                if waiting:
                    yield columns()
                waiting, chunk = [], row[0] >> bits
            waiting.append(row)
    except BrokenError:  # what stands before the damage counts
        if waiting:
            yield columns()
        raise
    if waiting:
        yield columns()


def line_of_row(row: dict[str, Any] | OversizedRow, field: str) -> bytes:
    """A row of a table as a line of JSON, or the line that stands for one that can be none."""
    if isinstance(row, OversizedRow):
        return LINE_OF_REASON[row.reason]
    try:
        if isinstance(text := row.get(field), bytes):
            row[field] = text_of_bytes(text)
        line = as_line(row)
    except Undecodable:
        return NOT_UTF8_LINE
    except orjson.JSONEncodeError:  # of its nesting: what else it does not know is given as text
        return TOO_DEEP_LINE
    return line if len(line) <= LONGEST_LINE else TOO_LONG_LINE


def as_line(row: Any) -> bytes:
    """A row of a table as a line of JSON; what JSON has no form for, as text."""
    return orjson.dumps(row, default=as_json_text, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def as_json_text(value: Any) -> str:
    """Bytes, decimals and the like, as a person would write them."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
