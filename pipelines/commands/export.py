"""hub and samples -> JSON Lines as the authors released theirs, or Parquet."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.hub_options import ExportOptions
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.runners.output_folder import check_output
from persona_hub.transforms.files.storage import join_path
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.exporting import SAMPLE_SCHEMA, ExportRow, parquet_schema, write_parquet, write_released
from persona_hub.transforms.hub.manifest import FileEntry, HubError, RunManifest
from persona_hub.transforms.hub.reading import read_manifest_files, read_personas, read_table
from persona_hub.transforms.hub.schemas import SCHEMAS, TABLES, to_row
from persona_hub.transforms.hub.versions import Hub, list_runs, open_hub, path_of
from persona_hub.transforms.records import Sample

EXPORT_FORMATS = ("jsonl", "parquet")
ROWS_PER_FILE = 1_000_000  # of Parquet: about 150 MB of personas
RELEASED_SAMPLE = ("input persona", "synthesized text", "description")


@dataclass(frozen=True)
class Exported:
    """What an export wrote; paths are relative to `folder`."""

    folder: str
    files: tuple[FileEntry, ...]


def export_hub(options: ExportOptions, _: Sequence[str]) -> int:
    """Exports, and says what was written; returns the exit code."""
    check_output(options.output)
    exported = export(options.hub, options.format, options.output)
    for entry in exported.files:
        print(f"{entry.records:>10,} records  {join_path(exported.folder, entry.path)}")
    return DONE


def export(hub: str, formats: Sequence[str], output: str = "", rows_per_file: int = ROWS_PER_FILE) -> Exported:
    """The current version and all samples of the folder `hub` as files of `formats` ("jsonl", "parquet") in `output`.

    `output` is HUB/export/VERSION by default. Parquet has all tables with all fields; JSON Lines has `persona.jsonl`
    with `persona`, and for each use case the three fields of the released dataset. A folder that holds samples only
    (of `synthesize`) is exported likewise. Raises HubError for an unknown format, and where there is nothing to export.
    """
    unknown = [name for name in formats if name not in EXPORT_FORMATS]
    if unknown or not formats:
        raise HubError(f"--format {', '.join(unknown) or '(none)'}: there are {', '.join(EXPORT_FORMATS)}")
    runs: dict[str, list[RunManifest]] = {}
    for use_case, run in list_runs(hub):
        runs.setdefault(use_case, []).append(run)
    opened = open_hub(hub) if read_current(hub) or not runs else None
    folder = output or path_of(hub, f"export/{opened.manifest.version if opened else 'samples'}")
    files: list[FileEntry] = []
    if opened and "jsonl" in formats:
        files.append(write_released(folder, "persona.jsonl", ({"persona": one.text} for one in read_personas(opened))))
    if opened and "parquet" in formats:
        files += export_tables(opened, folder, rows_per_file)
    for use_case, made in runs.items():
        if "jsonl" in formats:
            rows = ({name: row[name] for name in RELEASED_SAMPLE} for row in sample_rows(hub, made))
            files.append(write_released(folder, f"{use_case}.jsonl", rows))
        if "parquet" in formats:
            total = sum(run.records_of("samples") for run in made)
            stem = f"samples-{use_case}"
            files += write_parquet(folder, stem, SAMPLE_SCHEMA, sample_rows(hub, made), total, rows_per_file)
    return Exported(folder, tuple(files))


def export_tables(hub: Hub, folder: str, rows_per_file: int) -> list[FileEntry]:
    """Every table of a version as Parquet, but for vectors and their centroids."""
    files = []
    for kind, record in TABLES.items():
        if kind in ("vectors", "centroids"):
            continue
        rows = map(to_row, read_table(hub, kind, record))
        schema = parquet_schema(SCHEMAS[record])
        files += write_parquet(folder, kind, schema, rows, hub.manifest.records_of(kind), rows_per_file)
    return files


def sample_rows(output: str, runs: Sequence[RunManifest]) -> Iterator[ExportRow]:
    """The samples of some runs, as rows."""
    for run in runs:
        yield from map(to_row, read_manifest_files(output, run, "samples", Sample))


if __name__ == "__main__":
    sys.exit(run_command("export", export_hub))
