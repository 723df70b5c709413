"""`export --form`: samples -> a data set to train on, with its card, and where it is wanted its push to a hub."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from persona_hub.pipelines.cli.exit_status import JobError, UsageError
from persona_hub.pipelines.cli.hub_options import ExportOptions, TrainingOptions
from persona_hub.pipelines.cli.option import own_options
from persona_hub.pipelines.commands.exports.selection import (
    ROWS_PER_FILE,
    Exported,
    Selection,
    checked_formats,
    find_samples,
    left_out,
)
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import file_exists, is_local, join_path, read_bytes
from persona_hub.transforms.hub.clusters import read_clusters
from persona_hub.transforms.hub.manifest import FileEntry, RunManifest
from persona_hub.transforms.hub.showing.samples import ShownSamples, personas_gone
from persona_hub.transforms.hub.versions import Hub, open_hub, path_of
from persona_hub.transforms.synthesis.packaged import PACKAGED
from persona_hub.transforms.training.card.card import CARD_MARK, CardFacts, card_of
from persona_hub.transforms.training.card.croissant import croissant_of
from persona_hub.transforms.training.card.licenses import Licenses
from persona_hub.transforms.training.data_set import DataSet, DataSetSettings, write_data_set
from persona_hub.transforms.training.files import CARD, CROISSANT
from persona_hub.transforms.training.forms import LEFT_OUT
from persona_hub.transforms.training.push import check_push, push_folder
from persona_hub.transforms.training.split import LEAKING, TEST

# Settings of a run that a data set shows: those that decide what the model was asked and how it answered. Addresses,
# folders and files stay out: a data set is made to be given away.
SHOWN_PARAMETERS = (
    "llm",
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
    "pii",
    "samples_per_persona",
    "where",
    "choose",
    "choose_seed",
    "form",
    "topic",
    "difficulty",
    "answer_form",
    "family",
    "words",
    "verify",
    "judge",
    "min_score",
    "sample_threshold",
    "accepted",
    "candidates",
)


def check_form_options(options: ExportOptions) -> None:
    """Raises UsageError where an option goes with another one that is not given, or not with one that is."""
    given = sorted(set(own_options(TrainingOptions)) & options.given - {"form"})
    if given and not options.form:
        raise UsageError(f"--{given[0]} goes with --form: chat, alpaca, released or preference")
    if options.public and not options.push_to_hub:
        raise UsageError("--public goes with --push_to_hub")


def export_data_set(options: ExportOptions, selection: Selection) -> Exported:
    """Writes the data set that the options ask for, and pushes it where they name a repository.

    Raises HubError and JobError as `export` does, JobError where no sample can be written in the form, and UsageError
    for a README.md that `export` has not written.
    """
    formats = checked_formats(options.format)
    hub, samples = find_samples(options.hub, selection, options.persona_hub)
    version = hub.manifest.version if hub else "samples"
    folder = options.output or path_of(options.hub, f"export/{version}-{options.form}")
    check_card(folder)
    if options.push_to_hub:
        check_push(options.push_to_hub, folder)
    personas, samples = with_persona_hub(options, hub, samples)
    settings = DataSetSettings(
        form=options.form,
        formats=formats,
        folder=folder,
        rows_per_file=ROWS_PER_FILE,
        test_share=options.test_share,
        license=options.license,
        parameters=shown_parameters,
    )
    data = write_data_set(options.hub, samples, personas, settings)
    notes = [*left_out(samples, selection, data.hidden), *notes_of(data, options.test_share)]
    if not data.rows:
        raise JobError(f"{options.hub}: no sample can be written as --form {options.form}; {'; '.join(notes)}")
    described = write_card(folder, data, options, personas)
    files = [FileEntry(file.name, file.records, file.bytes) for one in data.use_cases for file in one.files]
    notes.append(f"described in {' and '.join(described)}")
    if options.push_to_hub:
        names = {*described, *(entry.path for entry in files)}
        message = f"{quantity(data.rows, 'row')} as {options.form}"
        address = push_folder(folder, names, options.push_to_hub, not options.public, message)
        notes.append(f"pushed to {address}")
    return Exported(folder, tuple(files), tuple(notes))


def check_card(folder: str) -> None:
    """Raises UsageError for a README.md in the folder that is somebody's own."""
    path = join_path(folder, CARD)
    if file_exists(path) and CARD_MARK.encode() not in read_bytes(path):
        raise UsageError(f"{path}: not written by export, which would replace it; move it, or name another folder")


def with_persona_hub(
    options: TrainingOptions, hub: Hub | None, samples: ShownSamples
) -> tuple[Hub | None, ShownSamples]:
    """(the hub that tells of the samples' personas, the samples without those of personas that it has taken down)."""
    if not options.persona_hub:
        return hub, samples
    named = open_hub(options.persona_hub)
    hidden = ShownSamples(samples.runs, samples.aside, samples.gone | personas_gone(named), samples.personas)
    return named, hidden


def write_card(folder: str, data: DataSet, options: ExportOptions, personas: Hub | None) -> list[str]:
    """Writes README.md and croissant.json; their names."""
    licenses = Licenses(options.license, options.source_license, options.model_license)
    place = str(Path(options.hub).resolve()) if is_local(options.hub) else options.hub.rstrip("/")
    name = options.push_to_hub or f"{place.rpartition('/')[2] or 'hub'}-{options.form}"
    labels = {row.cluster: row.label for row in read_clusters(personas) if row.level == 1} if personas else {}
    facts = CardFacts(name=name, licenses=licenses, commands=[*commands_of(data, options)], labels=labels)
    address = f"https://huggingface.co/datasets/{options.push_to_hub}" if options.push_to_hub else ""
    texts = {CARD: card_of(data, facts).encode(), CROISSANT: croissant_of(data, name, address, licenses)}
    for file, content in texts.items():
        write_bytes(join_path(folder, file), content)
    return list(texts)


def shown_parameters(run: RunManifest) -> Mapping[str, Any]:
    """The settings of a run that a data set shows."""
    return {name: run.parameters[name] for name in SHOWN_PARAMETERS if name in run.parameters}


def commands_of(data: DataSet, options: ExportOptions) -> Iterator[str]:
    """The commands that make such a data set of a hub: of each run, and the export."""
    for run in data.runs:
        use_cases = [one.use_case for one in data.use_cases if any(other.run == run.run for other in one.runs)]
        names = ",".join(name if name in PACKAGED else f"{name}.yaml" for name in use_cases)
        settings = shown_parameters(run)
        told = {name: value for name, value in settings.items() if value not in (0, "", [], None)}
        yield command("synthesize", {"hub": "HUB", "output": "HUB", "use_case": names, **told})
    chosen = {name: ",".join(getattr(options, name)) for name in ("format", "use_case", "language")}
    said = {name: getattr(options, name) for name in ("test_share", "license", "source_license", "model_license")}
    yield command("export", {"hub": "HUB", "form": options.form, **chosen, **said})


def command(name: str, flags: Mapping[str, Any]) -> str:
    """A command as a shell takes it."""
    values = {
        flag: ",".join(map(str, value)) if isinstance(value, list) else str(value) for flag, value in flags.items()
    }
    words: Sequence[str] = [f"--{flag} {shlex.quote(value)}" for flag, value in values.items() if value]
    return " ".join(["persona-hub", name, *words])


def notes_of(data: DataSet, wanted: float) -> Iterator[str]:
    """One line for each reason why something is left out, and how the test split was held out."""
    for reason, n in sorted(data.left_out.items()):
        yield f"left out: {quantity(n, 'sample')} {LEFT_OUT[reason]}"
    if data.leaks:
        yield f"left out of train: {quantity(data.leaks, 'row')} {LEAKING}"
    tested = sum(one.rows.get(TEST, 0) for one in data.use_cases)
    if tested:
        yield f"held out: {quantity(tested, 'row')} ({tested / data.rows:.1%}), by {data.split_by}"
    elif wanted and data.rows:
        yield "held out: nothing, for all rows are of one persona"
