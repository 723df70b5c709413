"""Lists of samples that were made from personas which are gone: where they lie, not their texts."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import orjson

from persona_hub.transforms.files.atomic import whole_file
from persona_hub.transforms.files.storage import file_exists, read_bytes
from persona_hub.transforms.hub.places import list_inside
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.table_files import write_lines
from persona_hub.transforms.hub.versions import list_runs, path_of
from persona_hub.transforms.records import Sample

FOLDER, FILE = "takedowns", "samples.jsonl"  # OUTPUT/takedowns/<version>/samples.jsonl

Row = dict[str, Any]


def list_samples(output: str, version: str, gone: AbstractSet[str]) -> list[Row]:
    """Writes the list of a takedown's version: of samples that were made from `gone`, and are in no list yet.

    What the list has stays, so that a purge which was killed forgets none that it has erased. Returns its rows.
    """
    listed = {orjson.dumps(row) for path in lists_of(output) for row in read_list(path)}
    path = path_of(output, f"{FOLDER}/{version}/{FILE}")
    rows = read_list(path) if file_exists(path) else []
    rows += [row for row in samples_of(output, gone) if orjson.dumps(row) not in listed]
    if rows:
        with whole_file(path_of(output, f"{FOLDER}/{version}"), FILE) as file:
            write_lines(file, rows)
    return rows


def samples_of(output: str, gone: AbstractSet[str]) -> Iterator[Row]:
    """Where the samples lie that were made from personas which are gone."""
    for use_case, run in list_runs(output):
        for sample in read_manifest_files(output, run, "samples", Sample):
            if sample.persona_id in gone:
                yield {
                    "use_case": use_case,
                    "run": run.run,
                    "persona_id": sample.persona_id,
                    "number": sample.number,
                }


def lists_of(output: str) -> list[str]:
    """Paths of all lists."""
    return [found.path for found in list_inside(output, f"{FOLDER}/*/{FILE}")]


def read_list(path: str) -> list[Row]:
    """The rows of a list."""
    return [orjson.loads(line) for line in read_bytes(path).splitlines()]
