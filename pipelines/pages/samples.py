"""Samples of a folder that `synthesize` wrote, or of anyone's file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import orjson
import pyarrow.parquet as pq

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.review.items import Item
from persona_hub.transforms.files.storage import open_decompressed, open_to_read
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.showing.samples import shown_samples
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Sample, persona_id

# Names of the fields in files of others, the released data set's among them, the most telling first.
TEXT_NAMES = ("synthesized text", "text", "problem", "question", "instruction", "prompt")
PERSONA_NAMES = ("input persona", "persona")
OTHER_NAMES = ("use_case", "persona_id", "number", "model")
LONGEST_LINE = 16 << 20  # bytes
JSON_NAME = re.compile(r"\.(jsonl|ndjson|json)(\.(gz|bz2|zst|xz))?$", re.IGNORECASE)
PIECE = 1 << 20
PARQUET_ROWS = 1_000  # read at once


def items_of(place: str, arm: str) -> Iterator[Item]:
    """The samples of a folder that a hub's version shows, or of a file (.jsonl, also compressed, .parquet, .avro).

    Raises UsageError, with the file and the line, for what is no sample.
    """
    if place.endswith(".avro"):
        yield from (item_of(one, arm) for one in read_file(place, Sample))
    elif place.endswith(".parquet"):
        yield from parquet_items(place, arm)
    elif JSON_NAME.search(place):
        yield from json_items(place, arm)
    else:
        found = shown_samples(place, open_hub(place) if read_current(place) else None)
        for use_case in found.use_cases:
            yield from (item_of(one, arm) for one in found.read(place, use_case))


def item_of(sample: Sample, arm: str) -> Item:
    """A sample of ours."""
    return Item(sample.text, sample.persona, sample.use_case, sample.persona_id, sample.number, sample.model or "", arm)


def json_items(path: str, arm: str) -> Iterator[Item]:
    """The rows of a file in JSON Lines."""
    with open_decompressed(path) as file:
        for number, line in enumerate(lines_of(file), 1):
            where = f"{path}: line {number}"
            if len(line) > LONGEST_LINE:
                raise UsageError(f"{where}: longer than {LONGEST_LINE:,} bytes; is this a file of samples?")
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise UsageError(f"{where}: not JSON ({error}); give JSON Lines, Parquet, Avro or a folder") from None
            yield row_item(row, arm, where)


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long more than LONGEST_LINE bytes: Beam's files set no bound."""
    held = b""
    while piece := file.read(PIECE):
        *lines, held = (held + piece).split(b"\n")
        yield from lines
        if len(held) > LONGEST_LINE:
            yield held
            return
    yield held


def parquet_items(path: str, arm: str) -> Iterator[Item]:
    """The rows of a Parquet file."""
    with open_to_read(path) as file:
        try:
            table = pq.ParquetFile(file)
            wanted = [name for name in table.schema_arrow.names if name in (*TEXT_NAMES, *PERSONA_NAMES, *OTHER_NAMES)]
            number = 0
            for batch in table.iter_batches(PARQUET_ROWS, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield row_item(row, arm, f"{path}: row {number}")
        except (OSError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{path}: cannot be read as Parquet ({error})") from error


def row_item(row: Any, arm: str, where: str) -> Item:
    """A row of anyone's. Raises UsageError where it has no text."""
    if not isinstance(row, Mapping):
        raise UsageError(f"{where}: must be an object with one of {', '.join(TEXT_NAMES)}")
    text = next((row[name] for name in TEXT_NAMES if isinstance(row.get(name), str) and row[name].strip()), "")
    if not text:
        raise UsageError(f"{where}: has no text of a sample; name it one of {', '.join(TEXT_NAMES)}")
    persona = next((row[name] for name in PERSONA_NAMES if isinstance(row.get(name), str)), "")
    number = row.get("number", 0)
    own_id = row.get("persona_id")
    return Item(
        text,
        persona,
        str(row.get("use_case") or ""),
        own_id if isinstance(own_id, str) and own_id else persona_id(persona) if persona else "",
        number if type(number) is int and number >= 0 else 0,
        str(row.get("model") or ""),
        arm,
    )
