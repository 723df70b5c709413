"""Samples of a folder that `synthesize` wrote, or of anyone's file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.review.items import Item
from persona_hub.transforms.corpus.charsets.decoding import Undecodable
from persona_hub.transforms.corpus.corpus_records import (
    CorpusRecord,
    Damage,
    Limits,
    Piece,
    Reader,
    SkippedRecord,
    TextRecord,
)
from persona_hub.transforms.corpus.fields.row_fields import NumberAsWritten, filled_field, text_of_bytes
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.parquet import Columns, read_columns
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.personas.readers import OTHER_FORMATS, delimited_rows_of, json_rows, text_columns
from persona_hub.transforms.corpus.personas.rows import lacking
from persona_hub.transforms.files.storage import split_path
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.showing.samples import shown_samples
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import open_hub, runs_in
from persona_hub.transforms.records import Sample, excerpt, persona_id

# Names of the fields in files of others, the released data set's among them, the most telling first.
TEXT_NAMES = ("synthesized text", "text", "problem", "question", "instruction", "prompt")
PERSONA_NAMES = ("input persona", "persona")
OTHER_NAMES = ("use_case", "persona_id", "number", "model")
TEXT_REMEDY = f"Name the field of the text one of {', '.join(TEXT_NAMES)}."
FILE_NAME = re.compile(r"\.((jsonl|ndjson|json|csv|tsv)(\.(gz|bz2|zst|xz))?|parquet|avro)$", re.IGNORECASE)
MOST_DIGITS = 10  # of the number of a sample
SAMPLE_FILES = ".jsonl, .csv or .tsv, also compressed, .parquet or .avro"  # what `FILE_NAME` matches, in words


@dataclass(frozen=True)
class SampleRecord(TextRecord):
    """A row with a sample."""

    persona: str = ""
    use_case: str = ""
    persona_id: str = ""
    number: int = 0
    model: str = ""


@dataclass(frozen=True)
class Fault:
    """A row of a file, or a place in it, that gives no sample."""

    where: str  # file and place
    reason: str  # a word to count by, as docs/dropped.md lists them
    detail: str


def items_of(place: str, arm: str) -> Iterator[Item]:
    """The samples of a folder that a hub's version shows, or of a file (`SAMPLE_FILES`).

    Raises UsageError, with the file and the line, for what is no sample.
    """
    for found in found_in(place, arm):
        if isinstance(found, Fault):
            raise UsageError(f"{found.where}: {found.detail}")
        yield found


def found_in(place: str, arm: str) -> Iterator[Item | Fault]:
    """The same, and what is no sample in its place."""
    if place.lower().endswith(".avro"):
        yield from (item_of(one, arm) for one in read_file(place, Sample))
    elif FILE_NAME.search(place):
        yield from rows_of_file(place, arm)
    else:
        place = folder_of_runs(place)
        found = shown_samples(place, open_hub(place) if read_current(place) else None)
        for use_case in found.use_cases:
            yield from (item_of(one, arm) for one in found.read(place, use_case))


def folder_of_runs(folder: str) -> str:
    """The folder in which runs are told by samples/USE_CASE/RUN; its `samples` stand for it."""
    above, name = split_path(folder.rstrip("/"))
    return above if name == "samples" and not runs_in(folder) and runs_in(above) else folder


def item_of(sample: Sample, arm: str) -> Item:
    """A sample of ours."""
    return Item(sample.text, sample.persona, sample.use_case, sample.persona_id, sample.number, sample.model or "", arm)


def rows_of_file(path: str, arm: str) -> Iterator[Item | Fault]:
    """The rows of anyone's file, read as a corpus is; what is broken is told by its place."""
    readers: dict[str, Reader] = {
        "jsonl": partial(json_rows, make=sample_of_row),
        "csv": partial(delimited, separator=""),
        "tsv": partial(delimited, separator="\t"),
        "parquet": parquet_rows,
    }
    for file in match_corpus([path], flag="--samples"):
        for found in read_piece(Piece(file, 0, max(file.size, 1)), "", Limits(), readers):
            where = f"{path}: {found.place}"
            if isinstance(found, SampleRecord) and found.text.strip():
                own = found.persona_id or (persona_id(found.persona) if found.persona else "")
                yield Item(found.text, found.persona, found.use_case, own, found.number, found.model, arm)
            elif isinstance(found, Damage):
                unread = found.reason in OTHER_FORMATS
                detail = f"no file of samples, which is {SAMPLE_FILES}" if unread else found.detail
                yield Fault(where, found.reason, detail)
            else:
                yield Fault(where, "no-text", f"has no text of a sample. {TEXT_REMEDY}")


def delimited(piece: Piece, text_field: str, limits: Limits, separator: str) -> Iterator[CorpusRecord]:
    """The samples of CSV and TSV."""
    yield from delimited_rows_of(piece, text_field, limits, separator, TEXT_NAMES, sample_of_row, TEXT_REMEDY)


def parquet_rows(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """The samples of Parquet."""

    def choose(schema: pa.Schema) -> Columns:
        texts = text_columns(schema, TEXT_NAMES, TEXT_REMEDY)
        return Columns(texts, [name for name in (*PERSONA_NAMES, *OTHER_NAMES) if name in schema.names])

    def make(record: Mapping[str, Any], place: str, field: str) -> CorpusRecord:
        return sample_of_row(record, place)

    yield from read_columns(piece, limits, choose, make)


def sample_of_row(row: Mapping[str, Any], place: str) -> CorpusRecord:
    """A row of anyone's: its text is in the first of TEXT_NAMES that is filled."""
    field = filled_field(row, TEXT_NAMES)
    if field not in row:
        names = excerpt(", ".join(map(str, row)) or "none at all")
        return Damage(place, "field-missing", f"{lacking(TEXT_NAMES, 'field')}, but {names}. {TEXT_REMEDY}")
    text = row[field]
    if text is None:
        return SkippedRecord(place, "", "no-text")
    if not is_text(text) and not isinstance(text, bytes):
        kind = "a number" if isinstance(text, NumberAsWritten | float | int) else type(text).__name__
        return Damage(place, "field-not-text", f"field {excerpt(field)!r} holds no text but {kind}. {TEXT_REMEDY}")
    persona = next((row[name] for name in PERSONA_NAMES if is_text(row.get(name)) and row[name].strip()), "")
    try:
        text = text_of_bytes(text) if isinstance(text, bytes) else text
    except Undecodable as wrong:
        return Damage(place, wrong.reason, wrong.detail)
    own_id, number = row.get("persona_id"), str(row.get("number") or 0)
    return SampleRecord(
        place,
        "",
        text,
        persona=persona,
        use_case=str(row.get("use_case") or ""),
        persona_id=own_id if isinstance(own_id, str) and is_text(own_id) else "",
        number=int(number) if number.isascii() and number.isdigit() and len(number) < MOST_DIGITS else 0,
        model=str(row.get("model") or ""),
    )


def is_text(value: Any) -> bool:
    """Whether a field holds a text, and no number in its digits."""
    return isinstance(value, str) and not isinstance(value, NumberAsWritten)
