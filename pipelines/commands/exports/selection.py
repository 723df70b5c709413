"""What of a hub is exported, and what is left out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from persona_hub.pipelines.cli.exit_status import JobError
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.manifest import FileEntry, HubError
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.showing.samples import REPEATED, TAKEN_DOWN, ShownSamples, shown_samples
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.records import Persona

NAMED = 8  # of what there is, in a message
HIDDEN_FOR = {TAKEN_DOWN: "of personas that were taken down", REPEATED: "that several runs made alike, kept once"}
EXPORT_FORMATS = ("jsonl", "parquet")
ROWS_PER_FILE = 1_000_000  # of Parquet: about 150 MB of personas


@dataclass(frozen=True)
class Exported:
    """What an export wrote; paths are relative to `folder`."""

    folder: str
    files: tuple[FileEntry, ...]
    notes: tuple[str, ...] = ()  # what was left out


@dataclass(frozen=True)
class Selection:
    """What of a hub is exported; empty: all that the version shows."""

    use_cases: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()


EVERYTHING = Selection()


def checked_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """The formats, each once. Raises HubError for one that there is not, and for none."""
    unknown = [name for name in formats if name not in EXPORT_FORMATS]
    if unknown or not formats:
        raise HubError(f"--format {', '.join(unknown) or '(none)'}: there are {', '.join(EXPORT_FORMATS)}")
    return tuple(dict.fromkeys(formats))


def find_samples(output: str, selection: Selection, persona_hub: str = "") -> tuple[Hub | None, ShownSamples]:
    """(the hub in a folder, None where it holds samples only; the samples that are exported).

    `persona_hub` is the hub of their personas, where it is another one. Raises HubError where there is neither, and
    JobError where `selection` names what there is not.
    """
    current = read_current(output)
    found = shown_samples(output, open_hub(output) if current else None)
    opened = open_hub(output) if current or not (found.runs or found.aside) else None
    return opened, selected(output, open_hub(persona_hub) if persona_hub else opened, found, selection)


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


def left_out(samples: ShownSamples, selection: Selection, hidden: Mapping[str, int]) -> Iterator[str]:
    """One line for each reason why something is not in the files; `hidden` has {why: samples}."""
    for why, words in HIDDEN_FOR.items():
        if n := hidden.get(why, 0):
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
