"""Runs that keep nothing, or lose most of what they read for one reason: none of these is published.

A wrong flag is told by what it does: a field that no record has loses them all, a language that no document is in skips
them all. Such a run is a mistake, and a hub made of it would only be in the way of the command that is right.

A first version without a persona, and a run without a sample, keep nothing. A refresh may: a day may bring nothing new.
Most is nine tenths of the records, or of the personas, from 20 of them on (`is_most`), so a few files with a damaged
one among them pass. Only faults count, not what a flag asks to leave out (languages, lengths, personal data), and
not more than `--max_lost` allows: with `--max_lost 1` nothing is too much. What is left open (a budget that ran out) is
partial, and not lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from persona_hub.transforms.counting.counts import Counts
from persona_hub.transforms.counting.losses import LOST, is_most
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import (
    CHECK,
    EXTRACT_PERSONA,
    FILTER_PERSONA,
    READ_CORPUS,
    READ_PERSONAS,
    SYNTHESIZE,
    WRITE_HUB,
)
from persona_hub.transforms.hub.manifest import BaseManifest, FileEntry, Manifest
from persona_hub.transforms.hub.places import path_of
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.records import DeadLetter, DocumentOutcome, excerpt

SKIPPED = "skipped-"
READERS = (READ_CORPUS, READ_PERSONAS)  # stages
ASKED_FOR = frozenset({"personal-name", "contact-data"})  # with --pii drop
ROWS_READ = 20_000  # of the files that say more, at most
DETAIL_CHARACTERS = 300
SHOWN_REASONS = 4
REMEDIES = {
    "no-text": "the field of the text is empty or null in them; name another with --text_field",
    "too-short": "--min_characters sets what is long enough",
    "not-a-page": "these files hold no pages; name others with --input, or another --format",
    "not-html": "these files hold no pages; name others with --input, or another --format",
    "http-status": "these pages are errors of their servers; name other files with --input",
    "taken-down": "a takedown has excluded their sources",
    "wrong-language": (
        "the model did not answer in the language that was asked for; name a model that writes it with --llm, or a "
        "language that it writes with --persona_language"
    ),
}


@dataclass(frozen=True)
class Loss:
    """What a run has lost at one step."""

    stage: str
    what: str  # "records", "personas" or "questions"
    whole: int  # how many there were
    reasons: Mapping[str, int]  # the largest first; none where there was nothing to lose
    everything: bool  # whether nothing is kept

    @property
    def reason(self) -> str:
        """The most frequent reason, "" where there is none."""
        return next(iter(self.reasons), "")


def loss_of(counts: Counts, made: BaseManifest, max_lost: float) -> Loss | None:
    """Why a version or run is not to be published, None where it may be."""
    if made.partial:
        return None
    if not isinstance(made, Manifest):
        made_any = counts.get(WRITE_HUB, {}).get("samples") or rejected_samples(counts)
        return None if made_any else loss_of_samples(counts)
    reads = not counts.keys().isdisjoint(READERS)
    if not made.base and (reads or not made.parent) and not counts.get(WRITE_HUB, {}).get("personas"):
        return loss_of_everything(counts)
    for stage, what, whole, reasons in steps(counts):
        faults = {reason: n for reason, n in reasons.items() if is_fault(stage, reason, counts)}
        most = max(faults.values(), default=0)
        none_left = whole == sum(faults.values()) and stage in READERS  # a refresh of a few records, all damaged
        if is_most(most, whole, max_lost) or (none_left and most > max_lost * whole):
            return Loss(stage, what, whole, faults, everything=False)
    return None


def loss_of_everything(counts: Counts) -> Loss:
    """At which step nothing was left."""
    for stage, what, whole, reasons in steps(counts):
        if whole == sum(reasons.values()):
            return Loss(stage, what, whole, reasons, everything=True)
    return Loss(next((stage for stage in READERS if stage in counts), READ_CORPUS), "records", 0, {}, everything=True)


def rejected_samples(counts: Counts) -> int:
    """Samples that were read, and that a check rejected: they are published, with the reasons."""
    return sum(
        n
        for stage, row in counts.items()
        if stage.startswith(f"{CHECK}_")
        for name, n in row.items()
        if name.startswith("rejected-")
    )


def loss_of_samples(counts: Counts) -> Loss:
    """Why there is no sample."""
    rows = [row for stage, row in counts.items() if stage.startswith(SYNTHESIZE)]
    lost: Counter[str] = Counter()
    for row in rows:
        lost.update(by_reason(row))
    asked = sum(row.get("asked", 0) for row in rows)
    return Loss(SYNTHESIZE, "questions" if asked else "personas", asked, dict(lost.most_common()), everything=True)


def steps(counts: Counts) -> Iterator[tuple[str, str, int, dict[str, int]]]:
    """(stage, what it takes, how many, those that it did not pass on by reason) of the steps that refuse records."""
    for stage, what, name in (
        (READ_CORPUS, "records", "records"),
        (READ_PERSONAS, "rows", "records"),
        (EXTRACT_PERSONA, "questions", "asked"),
        (FILTER_PERSONA, "personas", "personas"),
    ):
        row = counts.get(stage, {})
        if row.get(name):
            yield stage, what, row[name], by_reason(row)


def by_reason(row: Mapping[str, int]) -> dict[str, int]:
    """What a step has not passed on, by reason, the largest first."""
    found = Counter({reason_in(name): n for name, n in row.items() if n and name.startswith((LOST, SKIPPED))})
    return dict(found.most_common())


def reason_in(name: str) -> str:
    """The reason in the name of a count: "no-text" of "skipped-no-text"."""
    return name.removeprefix(LOST).removeprefix(SKIPPED)


def is_fault(stage: str, reason: str, counts: Counts) -> bool:
    """Whether a reason may be a mistake of the command, and not what it asks for."""
    if stage in READERS:
        return f"{LOST}{reason}" in counts[stage] or reason == "no-text"
    return stage == FILTER_PERSONA and reason not in ASKED_FOR


def told(loss: Loss, output: str, made: BaseManifest, entries: Iterable[FileEntry]) -> str:
    """One line: what is lost, why, and what mends it."""
    files = sorted(set(entries))
    if not loss.whole:
        lack = (
            f"{read_of(made)} no record"
            if loss.what in ("records", "rows")
            else f"there were no {loss.what} to ask about"
        )
        if loss.what == "personas" and (where := made.parameters.get("where")):
            lack = f"--where {where} holds of no persona"
        return f"nothing was published: {lack}"
    left = loss.whole - sum(loss.reasons.values())
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in list(loss.reasons.items())[:SHOWN_REASONS])
    kept = f"only {left:,}" if left else "none"
    line = f"nothing was published: {loss.stage} kept {kept} of {quantity(loss.whole, loss.what[:-1])} ({reasons})"
    if remedy := remedy_for(loss, output, made, files):
        line += f"; {remedy}"
    if letters := [entry for entry in files if entry.kind == "dead_letters"]:
        line += f"; see {path_of(output, letters[0].folder)}"
    if not loss.everything:
        line += "; if this is as it should be, --max_lost 1 publishes what is left"
    return line


def read_of(made: BaseManifest) -> str:
    """What was read, with its verb."""
    only_given = made.parameters.get("personas") and not made.parameters.get("input")
    return "the files of --personas have" if only_given else "the corpus has"


def remedy_for(loss: Loss, output: str, made: BaseManifest, files: Iterable[FileEntry]) -> str:
    """What mends a loss: for a damaged record, what its dead letter says."""
    if loss.reason == "language":
        wanted = ",".join(made.parameters.get("language", ()))
        return f"--language {wanted}: the documents are in {', '.join(languages_in(output, files)) or 'others'}"
    if loss.reason in REMEDIES:
        remedy = REMEDIES[loss.reason]
        return remedy.replace("--text_field", "--persona_field") if loss.stage == READ_PERSONAS else remedy
    return excerpt(detail_of(loss, output, files), DETAIL_CHARACTERS).rstrip(". ")


def detail_of(loss: Loss, output: str, files: Iterable[FileEntry]) -> str:
    """What the first dead letter with the reason says."""
    paths = (path_of(output, entry.path) for entry in files if entry.kind == "dead_letters")
    letters = (letter for path in paths for letter in read_file(path, DeadLetter))
    for letter in islice(letters, ROWS_READ):
        if letter.reason == loss.reason and letter.stage.startswith(loss.stage):
            return letter.detail or letter.excerpt
    return ""


def languages_in(output: str, files: Iterable[FileEntry]) -> list[str]:
    """Languages of the documents that were read, the most frequent first, with their numbers."""
    paths = (path_of(output, entry.path) for entry in files if entry.kind == "documents")
    rows = islice((row for path in paths for row in read_file(path, DocumentOutcome)), ROWS_READ)
    found: Counter[str] = Counter()
    with suppress(OSError):  # a runner that tries again finds the files deleted
        found.update(row.language for row in rows)
    return [f"{language} ({n:,})" for language, n in found.most_common(SHOWN_REASONS)]
