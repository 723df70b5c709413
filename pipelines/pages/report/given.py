"""What an evaluation is given beside a hub: samples, and a reference to compare with."""

from __future__ import annotations

import csv
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.samples import FILE_NAME, SAMPLE_FILES, Fault, folder_of_runs, found_in
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluate.sample_sums import SampleSums, sums_of_file
from persona_hub.transforms.evaluate.sections.diversity import reference_texts
from persona_hub.transforms.evaluation.demographics.margins import (
    MarginsError,
    WantedBalance,
    margins_of_references,
    read_margins,
)
from persona_hub.transforms.evaluation.demographics.reference import (
    COMMENT_MARK,
    TABLE_HEADER,
    WORLD,
    Reference,
    read_references,
    world_references,
)
from persona_hub.transforms.files.storage import (
    StorageError,
    TooLargeError,
    file_exists,
    open_decompressed,
    open_to_read,
)
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.hub.places import path_of
from persona_hub.transforms.hub.showing.samples import ShownSamples, personas_gone, shown_samples
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.records import Sample
from persona_hub.transforms.wire.batches import ARRAY_RECORDS

SAMPLE_KINDS = ("samples", "rejected")
LARGEST_TABLE = 64 << 20  # bytes
DIGESTED_BYTES = 1 << 20
TABLE_HEAD_BYTES = 1 << 16  # in which a table's first line ends
TABLE_NAME = re.compile(r"\.csv(\.(gz|bz2|zst|xz))?$", re.IGNORECASE)
Read = Callable[[str], Iterator[SampleSums]]


@dataclass(frozen=True)
class GivenSamples:
    """Files of samples, how they are read, and the runs that they belong to."""

    files: Sequence[str] = ()
    read: Read = sums_of_file
    runs: Sequence[tuple[str, RunManifest]] = ()
    identity: Any = None  # of what decides what they say


@dataclass(frozen=True)
class GivenReference:
    """Texts of people, or tables of a population."""

    texts: Sequence[str] = ()
    tables: Mapping[str, Reference] = field(default_factory=dict)  # by attribute
    identity: str = ""
    lost: Mapping[str, int] = field(default_factory=dict)  # {reason: rows of texts that could not be read}


def samples_of(place: str, hub: Hub | None) -> GivenSamples:
    """The samples at a place, by default those in the hub's folder, if there are any.

    Raises UsageError where a place that was named holds none.
    """
    if FILE_NAME.search(place):
        if not file_exists(place):
            raise UsageError(f"--samples {place}: there is no such file")
        require_sample(place, "--samples")
        return GivenSamples(
            (place,), partial(sums_of_items, gone=personas_gone(hub) if hub else frozenset()), identity=digest_of(place)
        )
    folder = place or (hub.output if hub else "")
    if not folder:
        return GivenSamples()
    folder = folder_of_runs(folder)
    shown = shown_in(folder, hub)
    runs = sorted(shown.runs, key=lambda one: (one[0], one[1].run))
    entries = [entry for _, run in runs for kind in SAMPLE_KINDS for entry in run.files_of(kind)]
    if place and not entries:
        made = "a folder that `synthesize` or `ablate` wrote"
        raise UsageError(f"--samples {place}: no samples are there; name {made}, or a file, {SAMPLE_FILES}")
    files = [path_of(folder, entry.path) for entry in entries]
    read = partial(sums_of_file, gone=shown.gone)
    return GivenSamples(files, read, runs, identity=sorted(entry.path for entry in entries))


def shown_in(folder: str, hub: Hub | None) -> ShownSamples:
    """What a folder shows: of the hub's own by its version, of another hub's by that one's."""
    if hub and folder == hub.output:
        return shown_samples(folder, hub)
    return shown_samples(folder, open_hub(folder) if read_current(folder) else None)


def require_sample(path: str, flag: str) -> None:
    """Raises UsageError, which says what is wrong with the first row, for a file that holds none that can be read."""
    first: Fault | None = None
    for found in found_in(path, ""):
        if not isinstance(found, Fault):
            return
        first = first or found
    said = f": {first.where.removeprefix(path).removeprefix(': ')}: {first.detail}" if first else ": it has no row"
    raise UsageError(f"{flag} {path}: no text is there{said}")


def sums_of_items(path: str, gone: frozenset[str]) -> Iterator[SampleSums]:
    """The sums of anyone's file; what is no sample is counted by its reason."""
    found = found_in(path, "")
    while batch := list(islice(found, ARRAY_RECORDS)):
        lost = Counter(one.reason for one in batch if isinstance(one, Fault))
        samples = [
            Sample(one.persona_id, one.persona, one.use_case or "given", one.text, "", one.model, "", one.number, 0, 0)
            for one in batch
            if not isinstance(one, Fault) and one.persona_id not in gone
        ]
        yield replace(SampleSums.of_accepted(samples), lost=lost)


def reference_of_file(path: str) -> GivenReference:
    """A table of a population (.csv), or texts. Raises UsageError, which names the flag, the file and the place."""
    if not path:
        return GivenReference()
    if not FILE_NAME.search(path):
        raise UsageError(f"--reference {path}: must be a table of a population, .csv, or texts, {SAMPLE_FILES}")
    try:
        identity = digest_of(path)
        is_table = bool(TABLE_NAME.search(path)) and has_columns_of_table(path)
    except (OSError, EOFError, StorageError, zlib.error) as error:
        raise UsageError(f"--reference {path}: cannot be read; name a file that is there") from error
    if is_table:
        try:
            found = read_references(path, lines_of_table("--reference", path))
        except InvalidInputError as error:
            raise UsageError(f"--reference {error}") from error
        return GivenReference(tables=tables_of_world(path, found), identity=identity)
    rows = list(found_in(path, ""))
    texts = [one.text for one in rows if not isinstance(one, Fault)]
    if not texts:
        try:
            require_sample(path, "--reference")
        except UsageError as error:
            table = f". A table of a population has the columns {','.join(TABLE_HEADER)}"
            raise UsageError(f"{error}{table if TABLE_NAME.search(path) else ''}") from None
    lost = Counter(one.reason for one in rows if isinstance(one, Fault))
    return GivenReference(reference_texts(texts), identity=identity, lost=lost)


def has_columns_of_table(path: str) -> bool:
    """Whether the first line that is no comment names the columns of a table of a population."""
    with open_decompressed(path) as file:
        head = file.read(TABLE_HEAD_BYTES).decode("utf-8", "replace").removeprefix("\ufeff")
    first = next((line for line in head.splitlines() if line.strip() and not line.startswith(COMMENT_MARK)), "")
    return tuple(next(csv.reader([first]), ())) == TABLE_HEADER


def balance_of_flags(
    balance: str, rows: int, most_weight: float, own: Mapping[str, Reference]
) -> tuple[WantedBalance | None, Any]:
    """(what is to be balanced, what decides it); (None, "") without --balance. `own`: tables of --reference.

    Raises UsageError, which names the flag, the file, its line and the remedy.
    """
    if not balance:
        if rows or most_weight:
            raise UsageError(f"--balance_{'rows' if rows else 'most_weight'}: goes with --balance, and there is none")
        return None, ""
    if 0 < most_weight < 1:
        raise UsageError(
            f"--balance_most_weight {most_weight:g}: the mean weight is 1, so 1 or more, or 0 for no bound"
        )
    try:
        if balance.endswith(".csv"):
            margins = read_margins(balance, lines_of_table("--balance", balance))
            wanted = WantedBalance(margins, dict.fromkeys(margins, balance), "error", rows, most_weight)
        else:
            tables = {**world_references(), **own}
            margins = margins_of_references([name.strip() for name in balance.split(",") if name.strip()], tables)
            sources = {name: f"{tables[name].source}, {tables[name].year}".strip(", ") for name in margins}
            wanted = WantedBalance(margins, sources, "drop", rows, most_weight)
    except MarginsError as error:
        raise UsageError(f"--balance {error}") from error
    return wanted, [wanted.margins, wanted.absent, rows, most_weight]


def lines_of_table(flag: str, path: str) -> list[str]:
    """The lines of a table. Raises UsageError."""
    try:
        with open_decompressed(path) as file:
            content = file.read(LARGEST_TABLE + 1)
        if len(content) > LARGEST_TABLE:
            raise TooLargeError(f"{flag} {path}: more than {LARGEST_TABLE:,} bytes, which no table of a population has")
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{flag} {path}: is not UTF-8; save it as such") from None
    except (OSError, StorageError) as error:
        raise UsageError(f"{flag} {path}: cannot be read; name a file that is there") from error


def tables_of_world(path: str, found: Mapping[tuple[str, str], Reference]) -> dict[str, Reference]:
    """The table of each attribute: of the world, or of the one area that there is. Raises UsageError for several."""
    tables: dict[str, Reference] = {}
    for attribute in sorted({attribute for attribute, _ in found}):
        areas = {area: one for (name, area), one in found.items() if name == attribute}
        if WORLD not in areas and len(areas) > 1:
            raise UsageError(f"--reference {path}: {attribute} of {len(areas)} areas; leave one of them")
        tables[attribute] = areas.get(WORLD) or next(iter(areas.values()))
    return tables


def digest_of(path: str) -> str:
    """A hash of what a file holds."""
    digest = hashlib.blake2b(digest_size=8)
    with open_to_read(path) as file:
        while piece := file.read(DIGESTED_BYTES):
            digest.update(piece)
    return digest.hexdigest()
