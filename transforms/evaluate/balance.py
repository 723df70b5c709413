"""WriteBalance: a table of all personas with their weight, and whether they are in the quota sample."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import apache_beam as beam
import orjson
from apache_beam.pvalue import AsDict, AsSingleton

from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluate.hub_rows import HubRows
from persona_hub.transforms.evaluate.hub_sums import HubSums
from persona_hub.transforms.evaluation.demographics.balance import Balance
from persona_hub.transforms.evaluation.demographics.cells import ATTRIBUTES, Cell
from persona_hub.transforms.evaluation.demographics.margins import WantedBalance
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import join_path
from persona_hub.transforms.records import partition_of
from persona_hub.transforms.wire.packing import unpack_object

BALANCE_FOLDER = "balance"  # of the table, beside the report
NO_PERSONA = "no persona was read; name other files, or the field of the text by --persona_field"


@dataclass(frozen=True)
class BalancePlan:
    """A balance that is to be written: for which margins, where to, in how many files."""

    wanted: WantedBalance
    output: str  # folder of the report
    shards: int = 1


@dataclass(kw_only=True)
class WriteBalance(beam.PTransform):
    """(rows, sums) -> names of the files written. A row is {"persona_id", "weight", "quota"}, as `--columns` reads it.

    Weights come of the counts of cells alone; a quota sample takes of each cell the lowest ids, as
    `quota.chosen` does, so all that is shuffled for it are ids. Neither depends on blocks.
    """

    plan: BalancePlan

    def expand(
        self, given: tuple[beam.PCollection[bytes], beam.PCollection[HubSums | None]]
    ) -> tuple[beam.PCollection[Balance], beam.PCollection[str]]:
        """Two shuffles: ids by cell, and rows by file."""
        rows, sums = given
        balance = sums | "Rake" >> beam.Map(balance_of, self.plan.wanted)
        last = (
            rows
            | "Candidates" >> beam.FlatMap(candidates_in, AsSingleton(balance)).with_output_types(tuple[str, list[str]])
            | "ByCell" >> beam.GroupByKey()
            | "Last" >> beam.Map(last_of_quota, AsSingleton(balance))
        )
        written = (
            rows
            | "Weigh" >> beam.FlatMap(weighed, AsSingleton(balance), AsDict(last), self.plan.shards)
            .with_output_types(tuple[int, bytes])
            | "ByFile" >> beam.GroupByKey()
            | "Write" >> beam.Map(write_rows, self.plan)
        )  # fmt: skip
        return balance, written


def balance_of(sums: HubSums | None, wanted: WantedBalance) -> Balance:
    """The balance of all personas. Raises InvalidInputError where there is none, or it cannot be."""
    if sums is None:
        raise InvalidInputError(NO_PERSONA)
    try:
        return Balance.of(sums.demographics.cells, wanted)
    except InvalidInputError as error:
        raise InvalidInputError(f"--balance: {error}") from error


def cells_in(rows: HubRows, balance: Balance) -> Iterator[tuple[str, Cell]]:
    """(persona_id, cell of the margins' attributes) of a block, by id."""
    places = balance.places(ATTRIBUTES)
    for one, cell in zip(rows.personas, rows.cells, strict=True):
        yield one.persona_id, tuple(cell[place] or UNSPECIFIED for place in places)


def candidates_in(packed: bytes, balance: Balance) -> Iterator[tuple[str, list[str]]]:
    """(cell, its lowest ids in a block, as many as its quota at most)."""
    found: dict[Cell, list[str]] = defaultdict(list)
    if balance.sample:
        for persona_id, cell in cells_in(unpack_object(packed), balance):
            if balance.quota(cell):
                found[cell].append(persona_id)
    for cell, ids in sorted(found.items()):
        yield named(cell), sorted(ids)[: balance.quota(cell)]


def last_of_quota(element: tuple[str, Iterable[list[str]]], balance: Balance) -> tuple[str, str]:
    """(cell, the highest id of it that is in the quota sample)."""
    cell, parts = element
    ids = sorted(one for part in parts for one in part)
    return cell, ids[balance.quota(tuple(cell.split(CELL_MARK))) - 1]


CELL_MARK = "\x1f"  # the values of a cell in its name


def named(cell: Cell) -> str:
    """A cell as a key."""
    return CELL_MARK.join(cell)


def weighed(packed: bytes, balance: Balance, last: Mapping[str, str], shards: int) -> Iterator[tuple[int, bytes]]:
    """(file, lines of rows) of a block."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for persona_id, cell in cells_in(unpack_object(packed), balance):
        row = {"persona_id": persona_id, "weight": balance.weight(cell)}
        if balance.sample:
            row["quota"] = int(persona_id <= last.get(named(cell), ""))
        found[partition_of(persona_id, shards)].append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    for shard, lines in sorted(found.items()):
        yield shard, b"".join(lines)


def write_rows(element: tuple[int, Iterable[bytes]], plan: BalancePlan) -> str:
    """Writes a file, its rows by id: they begin with it. Returns its path."""
    shard, parts = element
    lines = sorted(line for part in parts for line in part.splitlines(keepends=True))
    path = join_path(plan.output, BALANCE_FOLDER, f"part-{shard:05d}-of-{plan.shards:05d}.jsonl")
    write_bytes(path, b"".join(lines))
    return path
