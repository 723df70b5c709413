"""The files of a data set: a row goes to its split, in JSON Lines, Parquet or both, in one pass."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol, Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from persona_hub.transforms.files.atomic import HashingWriter, whole_file
from persona_hub.transforms.files.storage import files_in, join_path
from persona_hub.transforms.hub.manifest import HubError
from persona_hub.transforms.training.forms import Layout
from persona_hub.transforms.training.split import SPLITS

LINES, PARQUET = "jsonl", "parquet"
ROW_GROUP = 5_000  # rows that are held in memory: about 15 MB
LINES_AT_ONCE = 200
CARD, CROISSANT = "README.md", "croissant.json"
# Names of files of a data set: math-train.jsonl, math-test-00000-of-00001.parquet.
DATA_FILE = re.compile(r"[a-z][a-z0-9_]*-(train|test)(\.jsonl|-\d{5}-of-\d{5}\.parquet)")

DataRow = Mapping[str, Any]


@dataclass(frozen=True)
class DataFile:
    """A file of a data set that has been written."""

    name: str
    split: str
    format: str  # LINES or PARQUET
    records: int
    bytes: int
    sha256: str


class Sink(Protocol):
    """Where the rows of one split and one format go."""

    written: list[DataFile]

    def add(self, row: DataRow) -> None:
        """Takes one row."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: Any) -> None: ...


class Digested(io.RawIOBase):
    """Bytes on their way to a file, hashed as catalogues of data sets want it."""

    def __init__(self, file: HashingWriter):
        super().__init__()
        self.file, self.digest = file, hashlib.sha256()

    def write(self, data: Any) -> int:
        """Passes `data` on."""
        self.digest.update(data)
        return self.file.write(data)

    def writable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Bytes written."""
        return self.file.bytes


class LinesSink:
    """One file of JSON Lines."""

    def __init__(self, folder: str, use_case: str, split: str):
        self.folder, self.split, self.name = folder, split, data_file_names(use_case, split, LINES, 0, 0)[0]
        self.written: list[DataFile] = []
        self.stack, self.waiting, self.records = ExitStack(), list[bytes](), 0

    def __enter__(self) -> Self:
        self.file = self.stack.enter_context(whole_file(self.folder, self.name))
        self.out = Digested(self.file)
        return self

    def add(self, row: DataRow) -> None:
        """Writes one line."""
        self.waiting.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        self.records += 1
        if len(self.waiting) >= LINES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self.waiting:
            self.out.write(b"".join(self.waiting))
        self.waiting = []

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self._flush()
        if not self.stack.__exit__(*error) and error[0] is None:
            sha = self.out.digest.hexdigest()
            self.written = [DataFile(self.name, self.split, LINES, self.records, self.file.bytes, sha)]


class ParquetSink:
    """Parquet files of at most `rows_per_file` rows; how many rows there will be is known."""

    def __init__(self, folder: str, names: Sequence[str], split: str, layout: Layout, rows_per_file: int):
        self.folder, self.names, self.split, self.layout = folder, list(names), split, layout
        self.rows_per_file, self.schema = rows_per_file, layout.schema
        self.written: list[DataFile] = []
        self.group: list[DataRow] = []
        self.stack: ExitStack | None = None
        self.records = 0  # of the file that is open

    def __enter__(self) -> Self:
        return self

    def add(self, row: DataRow) -> None:
        """Writes one row, with its group."""
        self.group.append(self.layout.parquet_row(row))
        if len(self.group) >= min(ROW_GROUP, self.rows_per_file - self.records):
            self._flush()
            if self.records >= self.rows_per_file:
                self._close()

    def _flush(self) -> None:
        if not self.group:
            return
        if self.stack is None:
            self.stack = ExitStack()
            self.file = self.stack.enter_context(whole_file(self.folder, self.names[len(self.written)]))
            self.out = Digested(self.file)
            self.writer = self.stack.enter_context(pq.ParquetWriter(self.out, self.schema, compression="zstd"))
        self.writer.write_table(pa.Table.from_pylist(self.group, self.schema))
        self.records += len(self.group)
        self.group = []

    def _close(self) -> None:
        if self.stack is None:
            return
        stack, self.stack = self.stack, None
        stack.close()
        name, sha = self.names[len(self.written)], self.out.digest.hexdigest()
        self.written.append(DataFile(name, self.split, PARQUET, self.records, self.file.bytes, sha))
        self.records = 0

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self._flush()
            self._close()
        elif self.stack is not None:
            self.stack.__exit__(*error)


def data_file_names(use_case: str, split: str, format: str, rows: int, rows_per_file: int) -> list[str]:
    """Names of the files of one split in one format."""
    if format == LINES:
        return [f"{use_case}-{split}.jsonl"]
    files = max(1, -(-rows // rows_per_file))
    return [f"{use_case}-{split}-{i:05}-of-{files:05}.parquet" for i in range(files)]


def write_rows(
    folder: str,
    use_case: str,
    layout: Layout,
    formats: Sequence[str],
    rows: Iterable[tuple[int, DataRow]],
    counts: Sequence[int],
    rows_per_file: int,
) -> list[DataFile]:
    """(place in SPLITS, row)s as files in `folder`, of which a split without rows has none.

    `counts` are the rows of each split. The rows are read once, and at most ROW_GROUP of a split are held.
    """
    with ExitStack() as stack:
        sinks: dict[int, list[Sink]] = {}
        for side, (split, count) in enumerate(zip(SPLITS, counts, strict=True)):
            for format in formats if count else ():
                names = data_file_names(use_case, split, format, count, rows_per_file)
                sink: Sink = (
                    LinesSink(folder, use_case, split)
                    if format == LINES
                    else ParquetSink(folder, names, split, layout, rows_per_file)
                )
                sinks.setdefault(side, []).append(stack.enter_context(sink))
        for side, row in rows:
            for sink in sinks.get(side, ()):
                sink.add(row)
    return [file for side in sorted(sinks) for sink in sinks[side] for file in sink.written]


def refuse_leftovers(folder: str, planned: Iterable[str]) -> None:
    """Raises HubError for a file of another data set in `folder`: whoever reads the folder would get both."""
    names = set(planned)
    for name, _ in files_in(folder):
        if DATA_FILE.fullmatch(name) and name not in names:
            raise HubError(f"{join_path(folder, name)}: left by another export; delete it, or export elsewhere")
