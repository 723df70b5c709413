"""hub and samples -> JSON Lines as the authors released theirs, Parquet, or data sets to train on."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from persona_hub.pipelines.cli.exit_status import DONE, JobError
from persona_hub.pipelines.cli.hub_options import ExportOptions
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.commands.exports.selection import (
    EVERYTHING,
    ROWS_PER_FILE,
    Exported,
    checked_formats,
    find_samples,
    in_languages,
    left_out,
)
from persona_hub.pipelines.commands.exports.selection import Selection as Selection
from persona_hub.pipelines.commands.exports.training_set import check_form_options, export_data_set
from persona_hub.pipelines.runners.output_folder import check_output
from persona_hub.transforms.counting.quantity import noun_for
from persona_hub.transforms.files.storage import join_path
from persona_hub.transforms.hub.manifest import FileEntry
from persona_hub.transforms.hub.reading import read_personas, read_table
from persona_hub.transforms.hub.schemas import SCHEMAS, TABLES, to_row
from persona_hub.transforms.hub.showing.clustered import personas_with_clusters, with_cluster_columns
from persona_hub.transforms.hub.showing.exporting import (
    SAMPLE_SCHEMA,
    ExportRow,
    parquet_schema,
    write_parquet,
    write_released,
)
from persona_hub.transforms.hub.showing.samples import ShownSamples
from persona_hub.transforms.hub.versions import Hub, path_of
from persona_hub.transforms.records import DocumentOutcome, Duplicate, Persona
from persona_hub.transforms.wire.batches import Record

RELEASED_SAMPLE = ("input persona", "synthesized text", "description")


def export_hub(options: ExportOptions, _: Sequence[str]) -> int:
    """Exports, and says what was written and left out; returns the exit code."""
    check_output(options.output)
    check_form_options(options)
    selection = Selection(options.use_case, options.run, frozenset(code.lower() for code in options.language))
    if options.form:
        exported = export_data_set(options, selection)
    else:
        exported = export(options.hub, options.format, options.output, selection=selection)
    for entry in exported.files:
        say(f"{entry.records:>10,} {noun_for(entry.records, 'record'):7}  {join_path(exported.folder, entry.path)}")
    if exported.notes:
        say(*exported.notes)
    return DONE


def export(
    hub: str,
    formats: Sequence[str],
    output: str = "",
    rows_per_file: int = ROWS_PER_FILE,
    selection: Selection = EVERYTHING,
) -> Exported:
    """What the current version of the folder `hub` shows as files of `formats` ("jsonl", "parquet") in `output`.

    `output` is HUB/export/VERSION by default. Parquet has all tables with all fields; JSON Lines has `persona.jsonl`
    with `persona`, and for each use case the three fields of the released dataset. A folder that holds samples only
    (of `synthesize`) is exported likewise. Raises HubError for an unknown format and where there is no hub, JobError
    where `selection` names what there is not, and where nothing is shown.
    """
    formats = checked_formats(formats)
    opened, samples = find_samples(hub, selection)
    if opened and not (opened.manifest.records_of("personas") or samples.runs):
        raise JobError(f"{hub}: version {opened.manifest.version} shows no persona and no sample; nothing is exported")
    folder = output or path_of(hub, f"export/{opened.manifest.version if opened else 'samples'}")
    files: list[FileEntry] = []
    if opened and "jsonl" in formats:
        found_personas = personas_with_clusters(opened, in_languages(read_personas(opened), selection.languages))
        lines = ({"persona": one.text, **clusters} for one, clusters in found_personas)
        files.append(write_released(folder, "persona.jsonl", lines))
    if opened and "parquet" in formats:
        files += export_tables(opened, folder, rows_per_file, selection.languages)
    for use_case in samples.use_cases:
        if "jsonl" in formats:
            lines = ({name: row[name] for name in RELEASED_SAMPLE} for row in sample_rows(hub, samples, use_case))
            files.append(write_released(folder, f"{use_case}.jsonl", lines))
        if "parquet" in formats:
            total = sum(1 for _ in samples.read(hub, use_case))
            stem = f"samples-{use_case}"
            rows_of = sample_rows(hub, samples, use_case)
            files += write_parquet(folder, stem, SAMPLE_SCHEMA, rows_of, total, rows_per_file)
    passes = ("jsonl" in formats) + 2 * ("parquet" in formats)  # each counts what it leaves out
    hidden = {why: n // passes for why, n in samples.hidden.items()}
    return Exported(folder, tuple(files), tuple(left_out(samples, selection, hidden)))


def export_tables(hub: Hub, folder: str, rows_per_file: int, languages: frozenset[str]) -> list[FileEntry]:
    """Every table of a version as Parquet, but for vectors and their centroids.

    Where languages are named, tables that tell one have the rows in these; the others are as they are.
    """
    files = []
    for kind, record in TABLES.items():
        if kind in ("vectors", "centroids"):
            continue
        total = hub.manifest.records_of(kind)
        if languages or hub.paths("removed"):  # a manifest counts of the tables what their files hold
            total = sum(1 for _ in table_rows(hub, kind, record, languages))
        rows: Iterator[ExportRow] = map(to_row, table_rows(hub, kind, record, languages))
        schema = parquet_schema(SCHEMAS[record])
        if record is Persona:
            both = personas_with_clusters(hub, table_rows(hub, kind, Persona, languages))
            rows, schema = (to_row(one) | clusters for one, clusters in both), with_cluster_columns(schema, hub)
        files += write_parquet(folder, kind, schema, rows, total, rows_per_file)
    return files


def table_rows(hub: Hub, kind: str, record: type[Record], languages: frozenset[str]) -> Iterator[Record]:
    """The rows of a table that are exported."""
    rows = read_table(hub, kind, record)
    if not languages or record not in (Persona, Duplicate, DocumentOutcome):
        return rows
    return (row for row in rows if getattr(row, "language", "") in languages)


def sample_rows(output: str, samples: ShownSamples, use_case: str) -> Iterator[ExportRow]:
    """The samples of a use case that are shown, as rows."""
    return map(to_row, samples.read(output, use_case))


if __name__ == "__main__":
    sys.exit(run_command("export", export_hub))
