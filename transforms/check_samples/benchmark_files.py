"""Files of benchmarks (JSON Lines, CSV, TSV, Parquet, text, compressed and in archives) -> the texts of their rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from persona_hub.transforms.corpus.charsets.decoding import Undecodable
from persona_hub.transforms.corpus.corpus_records import (
    BrokenError,
    CorpusError,
    CorpusFile,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
    Reader,
    TextRecord,
)
from persona_hub.transforms.corpus.fields.columns import is_text
from persona_hub.transforms.corpus.fields.row_fields import filled_field, record_of_fields, text_of_bytes
from persona_hub.transforms.corpus.files import match_corpus, separate
from persona_hub.transforms.corpus.formats.json_lines import read_objects
from persona_hub.transforms.corpus.formats.lines import lines_in_piece
from persona_hub.transforms.corpus.formats.parquet import Columns, read_columns
from persona_hub.transforms.corpus.formats.plain_text import decoded_text
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.names import printable_name
from persona_hub.transforms.corpus.streams import content_chunks
from persona_hub.transforms.corpus.tables.delimited import read_delimited
from persona_hub.transforms.corpus.tables.rows import delimited_rows
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.records import excerpt

BENCHMARK_FLAG = "--against_benchmark"
NAME_QUESTION = f"Name the field of the question: {BENCHMARK_FLAG} FILE:FIELD."
NAME_COLUMN = f"{NAME_QUESTION[:-1]}; in a table without names FILE:1 for the first column."
QUESTION_FIELDS = (
    "question",
    "problem",
    "prompt",
    "instruction",
    "text",
    "input",
)  # of a row, the first that is filled
MOST_ROWS = 1_000_000  # of all benchmarks together: 0.8 GB in each process, for rows as long as GSM8K's
NO_FIELD, NO_TEXT = "field-missing", "field-not-text"


@dataclass(frozen=True)
class Benchmark:
    """A file of a benchmark, as it was read once: `read_rows` wants the same rows again."""

    file: CorpusFile
    fields: tuple[str, ...]  # of the text of a row, the first that is filled
    rows: int  # that have a text
    digest: str  # of these texts

    @property
    def name(self) -> str:
        """The path as messages and tables have it."""
        return printable_name(self.file.path)


@dataclass(frozen=True)
class BenchmarkRow:
    """A row that has a text."""

    place: str  # "line 7", "row 12"
    text: str


def benchmarks_of(against: Sequence[str], field: str = "") -> tuple[Benchmark, ...]:
    """The files that paths, globs and folders name, each as FILE or FILE:FIELD; of the others the text is in `field`.

    All are read once. Raises CorpusError that names the file, the place and the remedy for what is not there or cannot
    be read, a file without a text, and more rows than MOST_ROWS.
    """
    found: dict[tuple[str, str], Benchmark] = {}
    left = MOST_ROWS
    for pattern, own_field in (file_and_field(one) for listed in against for one in separate(listed)):
        for file in match_corpus([pattern], flag=BENCHMARK_FLAG):
            key = file.path, own_field or field
            if key not in found:
                found[key] = examined(file, key[1], left)
                left -= found[key].rows
    if not found:
        raise CorpusError(f"{BENCHMARK_FLAG} names no file.")
    return tuple(found.values())


def file_and_field(name: str) -> tuple[str, str]:
    """FILE:FIELD as (file, field), FILE as (file, "").

    >>> file_and_field("gs://bucket/math.jsonl:problem"), file_and_field("gs://bucket/math.jsonl")
    (('gs://bucket/math.jsonl', 'problem'), ('gs://bucket/math.jsonl', ''))
    """
    file, _, field = name.rpartition(":")
    return (name, "") if not file or not field or "/" in field or os.path.exists(name) else (file, field)


def examined(file: CorpusFile, field: str, most: int) -> Benchmark:
    """A file after it was read. Raises CorpusError."""
    fields = (field,) if field else QUESTION_FIELDS
    digest, rows = hashlib.blake2b(digest_size=16), 0
    for row in rows_in(file, fields):
        rows += 1
        if rows > most:
            raise CorpusError(
                f"{BENCHMARK_FLAG} names more than {quantity(MOST_ROWS, 'row')}, at {printable_name(file.path)}, "
                f"{row.place}: they are held in memory. Compare with fewer files in a run."
            )
        add_to_digest(digest, row)
    if not rows:
        lacks = f"no row has a text in {shown_fields(fields)}"
        raise CorpusError(f"{BENCHMARK_FLAG} {printable_name(file.path)}: {lacks}. {NAME_QUESTION}")
    return Benchmark(file, fields, rows, digest.hexdigest())


def add_to_digest(digest: Any, row: BenchmarkRow) -> None:
    """Texts one after another, told apart by their lengths."""
    text = row.text.encode("utf-8", "surrogatepass")
    digest.update(len(text).to_bytes(8, "little"))
    digest.update(text)


def read_rows(benchmark: Benchmark) -> Iterator[BenchmarkRow]:
    """The rows of a benchmark. Raises CorpusError at its end, if they are no more those that it had."""
    digest = hashlib.blake2b(digest_size=16)
    for row in rows_in(benchmark.file, benchmark.fields):
        add_to_digest(digest, row)
        yield row
    if digest.hexdigest() != benchmark.digest:
        raise CorpusError(f"{BENCHMARK_FLAG} {benchmark.name} has changed since this job began. Start the job again.")


def rows_in(file: CorpusFile, fields: tuple[str, ...]) -> Iterator[BenchmarkRow]:
    """The rows of a file that have a text, in its order; those with none, or a blank one, are no questions.

    Raises CorpusError for one that cannot be read, or lacks the field.
    """
    whole = Piece(file, 0, max(file.size, 1))
    for found in read_piece(whole, "", Limits(), readers_of(fields)):
        if isinstance(found, Damage):
            where = ", ".join(part for part in (found.member, found.place) if part)
            raise CorpusError(f"{BENCHMARK_FLAG} {printable_name(file.path)}, {where}: {found.detail}")
        if isinstance(found, TextRecord) and found.text.strip():
            yield BenchmarkRow(f"{found.member}, {found.place}" if found.member else found.place, found.text)


def shown_fields(fields: Sequence[str]) -> str:
    """Fields in a message."""
    return " or ".join(map(excerpt, fields))


def readers_of(fields: tuple[str, ...]) -> Mapping[str, Reader]:
    """The reader of each format that has rows."""
    return {
        "jsonl": partial(read_json_rows, fields=fields),
        "csv": partial(read_delimited_rows, fields=fields, separator=""),
        "tsv": partial(read_delimited_rows, fields=fields, separator="\t"),
        "parquet": partial(read_parquet_rows, fields=fields),
        "text": read_text_lines,
    }


def row_of_fields(row: Mapping[str, Any], place: str, fields: tuple[str, ...]) -> CorpusRecord:
    """The text in the first of `fields` that is filled."""
    field = filled_field(row, fields)
    if not field:
        has = excerpt(", ".join(map(str, row)) or "none at all")
        return Damage(place, NO_FIELD, f"no field {shown_fields(fields)}, but {has}. {NAME_QUESTION}")
    found = record_of_fields(row, place, field)
    if isinstance(found, Damage) and found.reason == NO_TEXT:
        return Damage(place, NO_TEXT, f"field {excerpt(field)!r} holds no text. {NAME_QUESTION}")
    return found


def read_json_rows(piece: Piece, text_field: str, limits: Limits, fields: tuple[str, ...]) -> Iterator[CorpusRecord]:
    """The rows of JSON Lines."""
    yield from read_objects(piece, limits, partial(row_of_fields, fields=fields))


def read_delimited_rows(
    piece: Piece, text_field: str, limits: Limits, fields: tuple[str, ...], separator: str
) -> Iterator[CorpusRecord]:
    """The rows of CSV and TSV; of those without names of columns, if the field is the number of one."""
    if fields[0].isdecimal():
        yield from read_column(piece, limits, separator or ",", int(fields[0]))
        return
    yield from read_delimited(piece, limits, separator, fields, NAME_COLUMN, partial(row_of_fields, fields=fields))


def read_column(piece: Piece, limits: Limits, separator: str, number: int) -> Iterator[CorpusRecord]:
    """A column of a table whose first line is a row; the first has the number 1."""
    for row in delimited_rows(decoded_text(content_chunks(piece.file, limits)), separator, limits):
        if isinstance(row, Damage):
            yield row
            continue
        place = f"line {row.line}"
        if 1 <= number <= len(row.fields):
            yield TextRecord(place, "", row.fields[number - 1])
        else:
            yield Damage(place, NO_FIELD, f"no column {number}, but {len(row.fields)}. {NAME_COLUMN}")


def read_parquet_rows(piece: Piece, text_field: str, limits: Limits, fields: tuple[str, ...]) -> Iterator[CorpusRecord]:
    """The rows of Parquet."""

    def choose(schema: pa.Schema) -> Columns:
        texts = [name for name in fields if schema.names.count(name) == 1 and is_text(schema.field(name).type)]
        if not texts:
            has = excerpt(", ".join(schema.names) or "none at all")
            raise BrokenError(NO_FIELD, f"no column of texts {shown_fields(fields)}, but {has}. {NAME_QUESTION}")
        return Columns(texts, [])

    def make(row: Mapping[str, Any], place: str, field: str) -> CorpusRecord:
        return row_of_fields(row, place, (field,))

    yield from read_columns(piece, limits, choose, make)


def read_text_lines(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """The lines of a text, a row each."""
    for line in lines_in_piece(piece, limits):
        if line.too_long:
            detail = f"a line of more than {limits.record_bytes:,} bytes. Split it or leave it out."
            yield Damage(line.place, "record-too-large", detail)
            continue
        try:
            yield TextRecord(line.place, "", text_of_bytes(line.data))
        except Undecodable as wrong:
            yield Damage(line.place, wrong.reason, wrong.detail)
