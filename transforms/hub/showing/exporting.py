"""Files for others to read, out of a hub's: Parquet with types, and JSON Lines as the authors released theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from persona_hub.transforms.files.atomic import whole_file
from persona_hub.transforms.files.storage import join_path, list_paths, split_path
from persona_hub.transforms.hub.manifest import FileEntry, HubError
from persona_hub.transforms.hub.table_files import write_lines
from persona_hub.transforms.wire.batches import batches

ROW_GROUP = 50_000  # rows that are held in memory: about 30 MB of personas
PARQUET_TYPES = {"string": pa.string(), "long": pa.int64(), "double": pa.float64(), "bytes": pa.binary()}
SAMPLE_SCHEMA = pa.schema(
    [
        *(
            (name, pa.string())
            for name in ("input persona", "synthesized text", "description", "persona_id", "use_case")
        ),
        ("number", pa.int64()),
        ("model", pa.string()),
        ("prompt_hash", pa.string()),
        ("usage", pa.struct([("input_tokens", pa.int64()), ("output_tokens", pa.int64())])),
        ("fields", pa.string()),
        (
            "proof",
            pa.struct(
                [("kind", pa.string()), ("program", pa.string()), ("output", pa.string()), ("agreed", pa.int64())]
            ),
        ),
    ]
)

ExportRow = dict[str, Any]


def parquet_schema(avro: dict[str, Any]) -> pa.Schema:
    """The Parquet schema of an Avro one; the fields' docs go along."""
    columns = [
        pa.field(field["name"], PARQUET_TYPES[field["type"]], nullable=False, metadata={"doc": field["doc"]})
        for field in avro["fields"]
    ]
    return pa.schema(columns, metadata={"doc": avro["doc"]})


def write_parquet(
    folder: str, stem: str, schema: pa.Schema, rows: Iterator[ExportRow], total: int, rows_per_file: int
) -> list[FileEntry]:
    """`total` rows as `stem`-<n>-of-<files>.parquet in `folder`; one file, without rows, for none.

    Raises HubError if the folder holds files of this name from an export that had another number of them: whoever
    reads `stem`-*.parquet would get both.
    """
    files = max(1, -(-total // rows_per_file))
    names = [f"{stem}-{i:05}-of-{files:05}.parquet" for i in range(files)]
    for path in list_paths(join_path(folder, f"{stem}-*-of-*.parquet")):
        if split_path(path)[1] not in names:
            raise HubError(f"{path}: left by another export; delete it, or export into another folder")
    entries = []
    for name in names:
        with whole_file(folder, name) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            records = 0
            for group in batches(islice(rows, rows_per_file), ROW_GROUP):
                writer.write_table(pa.Table.from_pylist(list(group), schema))
                records += len(group)
        entries.append(FileEntry(name, records, file.bytes))
    return entries


def write_released(folder: str, name: str, rows: Iterable[ExportRow]) -> FileEntry:
    """Rows as the JSON Lines file `name` in `folder`."""
    with whole_file(folder, name) as file:
        records = write_lines(file, rows)
    return FileEntry(name, records, file.bytes)
