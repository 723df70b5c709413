"""hub and samples -> JSON Lines as the authors released theirs, or Parquet."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from persona_hub.pipelines.cli.exit_status import DONE, JobError
from persona_hub.pipelines.cli.hub_options import ExportOptions
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.runners.output_folder import check_output
from persona_hub.transforms.counting.quantity import noun_for, quantity
from persona_hub.transforms.files.storage import join_path
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.manifest import FileEntry, HubError
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
from persona_hub.transforms.hub.showing.samples import REPEATED, TAKEN_DOWN, ShownSamples, shown_samples
from persona_hub.transforms.hub.versions import Hub, open_hub, path_of
from persona_hub.transforms.records import DocumentOutcome, Duplicate, Persona
from persona_hub.transforms.wire.batches import Record

EXPORT_FORMATS = ("jsonl", "parquet")
ROWS_PER_FILE = 1_000_000  # of Parquet: about 150 MB of personas
RELEASED_SAMPLE = ("input persona", "synthesized text", "description")
NAMED = 8  # of what there is, in a message
HIDDEN_FOR = {TAKEN_DOWN: "of personas that were taken down", REPEATED: "that several runs made alike, kept once"}


@dataclass(frozen=True)
class Selection:
    """What of a hub is exported; empty: all that the version shows."""

    use_cases: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Exported:
    """What an export wrote; paths are relative to `folder`."""

    folder: str
    files: tuple[FileEntry, ...]
    notes: tuple[str, ...] = ()  # what was left out


def export_hub(options: ExportOptions, _: Sequence[str]) -> int:
    """Exports, and says what was written and left out; returns the exit code."""
    check_output(options.output)
    selection = Selection(options.use_case, options.run, frozenset(code.lower() for code in options.language))
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
    selection: Selection = Selection(),
) -> Exported:
    """What the current version of the folder `hub` shows as files of `formats` ("jsonl", "parquet") in `output`.

    `output` is HUB/export/VERSION by default. Parquet has all tables with all fields; JSON Lines has `persona.jsonl`
    with `persona`, and for each use case the three fields of the released dataset. A folder that holds samples only
    (of `synthesize`) is exported likewise. Raises HubError for an unknown format and where there is no hub, JobError
    where `selection` names what there is not, and where nothing is shown.
    """
    unknown = [name for name in formats if name not in EXPORT_FORMATS]
    if unknown or not formats:
        raise HubError(f"--format {', '.join(unknown) or '(none)'}: there are {', '.join(EXPORT_FORMATS)}")
    current = read_current(hub)
    found = shown_samples(hub, open_hub(hub) if current else None)
    opened = open_hub(hub) if current or not (found.runs or found.aside) else None
    samples = selected(hub, opened, found, selection)
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
    return Exported(folder, tuple(files), tuple(left_out(samples, selection, passes)))


def selected(output: str, hub: Hub | None, found: ShownSamples, selection: Selection) -> ShownSamples:
    """The samples that `selection` names. Raises JobError for a name that is not there, and says which are."""
    every = [*found.runs, *found.aside]
    check_names("--run", selection.runs, {run.run for _, run in every}, output)
    runs = [one for one in every if one[1].run in selection.runs] if selection.runs else found.runs
    check_names("--use_case", selection.use_cases, {use_case for use_case, _ in runs}, output)
    runs = [one for one in runs if not selection.use_cases or one[0] in selection.use_cases]
    if not selection.languages:
        return replace(found, runs=runs)
    if hub is None:
        raise JobError(f"--language: {output} holds samples only, and the hub tells the language of a persona")
    languages = Counter(persona.language for persona in read_personas(hub))
    check_names("--language", selection.languages, languages, output)
    chosen = {one.persona_id for one in in_languages(read_personas(hub), selection.languages)}
    return replace(found, runs=runs, personas=chosen)


def check_names(flag: str, named: Iterable[str], there: Iterable[str], output: str) -> None:
    """Raises JobError for a name that is not among those that are there."""
    known = sorted(there)
    if strange := sorted(set(named) - set(known)):
        more = f" and {len(known) - NAMED:,} more" if len(known) > NAMED else ""
        listed = f"{', '.join(known[:NAMED])}{more}" if known else "none"
        raise JobError(f"{flag} {strange[0]}: {output} has nothing of that name to export; there are: {listed}")


def left_out(samples: ShownSamples, selection: Selection, passes: int) -> Iterator[str]:
    """One line for each reason why something is not in the files."""
    for why, words in HIDDEN_FOR.items():
        if n := samples.hidden[why] // passes:
            yield f"left out: {quantity(n, 'sample')} {words}"
    aside = {run.run for _, run in samples.aside}
    if aside and not selection.runs:
        yield (
            f"left out: {quantity(len(aside), 'run')} of versions that this one did not come from; --run exports one, "
            f"as {min(aside)}"
        )


def in_languages(personas: Iterator[Persona], languages: frozenset[str]) -> Iterator[Persona]:
    """The personas in some languages; all where none is named."""
    return (one for one in personas if not languages or one.language in languages)


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
