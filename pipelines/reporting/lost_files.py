"""What is said of files that a run has lost whole, since no record of them has a text in the field looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.transforms.counting.lost_files import MOST_NAMED_FILES, NO_TEXT_FIELD
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import READ_PERSONAS
from persona_hub.transforms.hub.manifest import BaseManifest, Manifest, RunManifest
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.versions import list_attempts
from persona_hub.transforms.records import DeadLetter, printable

SHOWN_FILES = 5
NAME_THE_FIELD = re.compile(r"\. Name the (?:text field|field of)")
LETTERS_READ = 20_000  # of the dead letters, which say what the files hold


def made_by(output: str, version: str) -> RunManifest | None:
    """What a job has left beside its version, or in its place where it made none: the manifest of its dead letters."""
    return next(reversed(list_attempts(output, version)), None)


def report_lost_files(output: str, made: BaseManifest) -> int:
    """Names the files that are lost, with their fields and the remedy, if there are any; the exit code."""
    if not made.lost_files:
        return DONE
    name = made.version if isinstance(made, Manifest) else getattr(made, "run", "")
    run = made_by(output, name)
    letters: Iterator[DeadLetter] = read_manifest_files(output, run, "dead_letters", DeadLetter) if run else iter(())
    first = [letter for letter in islice(letters, LETTERS_READ) if letter.key in made.lost_files]
    given = {letter.key for letter in first if letter.stage == READ_PERSONAS}
    for what, files, flags in (
        ("record", [file for file in made.lost_files if file not in given], "--input FILE --text_field NAME"),
        ("persona", [file for file in made.lost_files if file in given], "--personas FILE --persona_field NAME"),
    ):
        if files:
            faults = (
                (one.key, one.detail.removeprefix(one.key).partition(": ")[2]) for one in first if one.key in files
            )
            remedy = f"Read them with `persona-hub refresh --hub {output} {flags}`"
            say("", told_lost_files(what, files, faults, remedy))
    return BUDGET_SPENT


def report_lost_rows(made: Mapping[str, Any], letters: Iterable[Mapping[str, str]]) -> int:
    """The same of what `dedup` has made, by its statistics and its dead letters."""
    files: Mapping[str, int] = made.get("lost_files", {})  # results of earlier releases have none
    if not files:
        return DONE
    faults = (
        (letter["key"].rpartition(":")[0], letter["detail"])
        for letter in islice(letters, LETTERS_READ)
        if letter["reason"] in NO_TEXT_FIELD
    )
    remedy = "Read each with a command of its own, with --text_field NAME and another --output"
    say("", told_lost_files("row", list(files), faults, remedy))
    return BUDGET_SPENT


def told_lost_files(what: str, files: Sequence[str], faults: Iterable[tuple[str, str]], remedy: str) -> str:
    """One line: the files of which no `what` was read, their fields by `faults` (file, detail), and the remedy."""
    found = fields_of(files[:SHOWN_FILES], faults)
    named = ", ".join(f"{file}{f' ({found[file]})' if file in found else ''}" for file in files[:SHOWN_FILES])
    more = f" and {len(files) - SHOWN_FILES:,} more" if len(files) > SHOWN_FILES else ""
    many = f"{quantity(len(files), 'file')}{' or more' if len(files) == MOST_NAMED_FILES else ''}"
    why = ", for want of a field with the text" if what != "persona" else ""  # or else it is no table, as is said
    return printable(
        f"partial: no {what} was read of {many}{why}: {named}{more}. {remedy}; if they "
        "hold no texts, --max_lost 1 calls this complete"
    )


def fields_of(files: Sequence[str], faults: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """{file: which field it lacks, and which it has} of `files`, as far as the `faults` (file, detail) say."""
    found: dict[str, str] = {}
    for file, detail in faults:
        if file in files:
            found.setdefault(file, NAME_THE_FIELD.split(detail, maxsplit=1)[0].rstrip(". "))
        if len(found) == len(files):
            break
    return found
