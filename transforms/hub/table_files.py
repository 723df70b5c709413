"""Files of records, written whole or not at all, the same bytes for the same records."""

from __future__ import annotations

import hashlib
import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

import fastavro
import orjson

from persona_hub.transforms.files.atomic import HashingWriter, whole_file
from persona_hub.transforms.files.storage import open_to_read
from persona_hub.transforms.hub.manifest import FileEntry, HubError
from persona_hub.transforms.hub.places import path_of
from persona_hub.transforms.hub.schemas import SCHEMAS, from_row, to_row
from persona_hub.transforms.records import Centroids, Vector, excerpt
from persona_hub.transforms.wire.batches import Batch, Record, batches

BLOCK_BYTES = 256 << 10  # of an Avro block before compression: the unit that is held in memory
DEFLATE_LEVEL = 3  # 6.8 µs and 120 bytes a persona; level 6 takes 11.2 µs for 115 bytes, level 1 6.3 µs for 123
PLAIN = (Vector, Centroids)  # not deflated: 805 bytes a vector for 717, and 2.7 µs to write and read it for 28
SORTED_RECORDS = 200_000  # sorted in memory at once; what a shard holds beyond goes through a temporary file


def write_shard(
    output: str, folder: str, stem: str, record: type, suffix: str, groups: Iterable[Batch[Any]]
) -> FileEntry:
    """The records of `groups`, sorted, as a file of `output`/`folder`; its name is `stem` and a hash of its bytes.

    `suffix` is "avro" or "jsonl". An attempt that is repeated finds its file there and changes nothing; one with other
    content gets another name, so a file that a manifest names is never overwritten.
    """
    rows = map(to_row, sorted_records(groups))
    where = path_of(output, folder)
    with whole_file(where, lambda digest: f"{stem}-{digest}.{suffix}") as file:
        records = write_avro(file, record, rows) if suffix == "avro" else write_lines(file, rows)
    return FileEntry(f"{folder}/{file.name}", records, file.bytes)


def write_avro(file: HashingWriter, record: type, rows: Iterable[dict[str, Any]]) -> int:
    """Rows as an Avro file, deflated unless PLAIN; the same bytes each time. Returns the number of rows."""
    schema = SCHEMAS[record]
    marker = hashlib.blake2b(repr(schema).encode(), digest_size=16).digest()  # Avro's own would be random
    sink = cast(BinaryIO, file)
    how = {"codec": "null"} if record in PLAIN else {"codec": "deflate", "compression_level": DEFLATE_LEVEL}
    writer = fastavro.write.Writer(sink, schema, sync_interval=BLOCK_BYTES, sync_marker=marker, **how)
    n = 0
    for row in rows:
        writer.write(row)
        n += 1
    writer.flush()
    return n


def write_lines(file: HashingWriter, rows: Iterable[dict[str, Any]]) -> int:
    """Rows as JSON Lines. Returns their number."""
    n = 0
    for batch in batches(rows):
        file.write(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in batch))
        n += len(batch)
    return n


def read_file(path: str, record: type[Record]) -> Iterator[Record]:
    """The records of an Avro or JSON Lines file, in order, a block at a time. Raises HubError for a damaged file."""
    with open_to_read(path) as handle:
        try:
            rows = (orjson.loads(line) for line in handle) if path.endswith(".jsonl") else _avro_rows(handle, record)
            for row in rows:
                yield from_row(record, row)
        except OSError:
            raise
        except Exception as error:  # fastavro raises whatever the bytes lead it to
            raise HubError(f"{path}: damaged ({excerpt(str(error))}); restore it from a copy") from error


def _avro_rows(handle: BinaryIO, record: type) -> Iterator[Any]:
    """Rows of a file; those of an older schema get the defaults of the fields that came later."""
    reader = fastavro.reader(handle)
    if _names(SCHEMAS[record]) != _names(
        reader.writer_schema
    ):  # resolving costs 5 µs a row, so only where there is something to resolve
        handle.seek(0)
        reader = fastavro.reader(handle, SCHEMAS[record])
    return iter(reader)


def _names(schema: Any) -> set[str]:
    return {field["name"] for field in schema["fields"]}


def sorted_records(groups: Iterable[Batch[Record]], limit: int = SORTED_RECORDS) -> Iterator[Record]:
    """All records of `groups`, sorted by their fields; at most `limit` are held in memory."""
    block: list[Record] = []
    with ExitStack() as stack:
        runs: list[Iterator[Record]] = []
        for group in groups:
            block.extend(group)
            if len(block) >= limit:
                spill = stack.enter_context(tempfile.TemporaryFile())
                runs.append(_spilled(sorted(block, key=_fields), spill))
                block = []
        block.sort(key=_fields)
        yield from heapq.merge(*runs, block, key=_fields) if runs else block


def _fields(record: Any) -> tuple[Any, ...]:
    """Order of the records in a file: by id, which stands first, and on to the last field, so there are no ties."""
    return tuple(vars(record).values())


def _spilled(records: list[Record], spill: BinaryIO) -> Iterator[Record]:
    """Puts `records` into a temporary file, and gives them back."""
    for batch in batches(records):
        pickle.dump(list(batch), spill, pickle.HIGHEST_PROTOCOL)
    end = spill.tell()
    spill.seek(0)

    def read() -> Iterator[Record]:
        while spill.tell() < end:
            yield from pickle.load(spill)

    return read()
