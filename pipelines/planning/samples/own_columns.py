"""The table of --columns: its files, a digest of them, and the names of its columns."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import Options
from persona_hub.pipelines.cli.samples.column_options import ColumnOptions
from persona_hub.transforms.choice.columns import GIVEN, Column
from persona_hub.transforms.choice.given_columns import ROWS_READ, names_in
from persona_hub.transforms.choice.own_columns import ID_FIELD, OwnColumns, own_columns
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.files.storage import StorageError, open_decompressed, open_to_read

JSON_LINES = re.compile(r"\.(jsonl|ndjson)(\.(gz|bz2|zst))?$", re.IGNORECASE)
HASHED_BYTES = 1 << 20


def own_table(options: Options) -> dict[str, Any]:
    """The files of --columns and their digest, as fields of a choice; none without it. Raises UsageError."""
    if not isinstance(options, ColumnOptions) or not options.columns:
        return {}
    files = [file.path for file in match_corpus(options.columns, flag="--columns")]
    digest = hashlib.blake2b(digest_size=8)
    for path in files:
        if not JSON_LINES.search(path):
            raise UsageError(f"--columns {path}: must be JSON Lines, .jsonl, with {ID_FIELD} in each row")
        try:
            with open_to_read(path) as file:
                while piece := file.read(HASHED_BYTES):
                    digest.update(piece)
        except (OSError, StorageError) as error:
            raise UsageError(f"--columns {path}: cannot be read; name a file that is there") from error
    return {"own_files": tuple(files), "own_digest": digest.hexdigest()}


def own_names(files: Sequence[str]) -> list[Column]:
    """The columns of a table, by name, as far as its first rows have them. Raises ChoiceError for a damaged row."""
    found = {name for row in islice(own_rows(files), ROWS_READ) for name in names_in(row.given)}
    return [Column(f"{GIVEN}{name}") for name in sorted(found - {ID_FIELD})]


def own_rows(files: Sequence[str]) -> Iterator[OwnColumns]:
    """The rows of a table, file after file."""
    for path in files:
        with open_decompressed(path) as file:
            yield from own_columns(path, file)
