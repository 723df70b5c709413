"""PublishRows: shards that are written -> files that readers look at, and statistics.json, which stands for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import orjson
from apache_beam.pvalue import AsIter

from persona_hub.transforms.counting.losses import MAX_LOST, is_most
from persona_hub.transforms.dedup_rows.statistics import (
    STATISTICS,
    Counted,
    SumCounts,
    made_statistics,
    statistics_of,
)
from persona_hub.transforms.dedup_rows.write_rows import DROPPED_ROWS, KEPT_ROWS, UNUSABLE_ROWS, Shard
from persona_hub.transforms.errors import InvalidInputError, NothingKept
from persona_hub.transforms.files.atomic import UNFINISHED, write_bytes
from persona_hub.transforms.files.storage import (
    StorageError,
    delete_files,
    delete_quietly,
    file_exists,
    files_in,
    is_local,
    join_path,
    open_to_read,
    open_to_write,
    rename_file,
    write_errors,
)
from persona_hub.transforms.records import excerpt

KINDS = (KEPT_ROWS, DROPPED_ROWS, UNUSABLE_ROWS)


@dataclass(kw_only=True)
class PublishRows(beam.PTransform):
    """(Counted, shards) -> the files under their names, and statistics.json with the `setting` beside them."""

    output: str
    setting: Mapping[str, Any]
    max_lost: float = MAX_LOST  # the share of rows that may be lost for one reason, where that is most of them

    def expand(self, given: tuple[Counted, beam.PCollection[Shard]]) -> beam.PCollection[None]:
        """Once all is counted and written."""
        counted, shards = given
        totals = counted | "Counts" >> SumCounts()
        publish = beam.Map(publish_rows, self.output, dict(self.setting), AsIter(shards), self.max_lost)
        return totals | "Publish" >> publish


def publish_rows(
    counts: Counter[str],
    output: str,
    setting: Mapping[str, Any],
    shards: Iterable[Shard],
    max_lost: float = MAX_LOST,
) -> None:
    """Gives the shards their names, in the order of their rows, and removes what is no part of the result.

    statistics.json is written last: a folder without it holds no result. Whatever ends this in between, it may be done
    again, with the same shards or with those of another run. Raises StorageError, InvalidInputError where another
    command has published into the folder meanwhile, and NothingKept where no row could be read, or most could not for
    one reason (`is_most`): then the dead letters alone get their names.
    """
    statistics = join_path(output, STATISTICS)
    found = sorted(shards)
    if file_exists(statistics):
        delete_quietly(join_path(output, shard.name) for shard in found)
        if statistics_of(output).get("fingerprint") != setting["fingerprint"]:
            raise InvalidInputError(f"--output {output}: another run has put its result there; name another folder")
        return  # the same command, run twice at once or done again
    made = made_statistics(counts, setting)
    dead, whole = made["dead_letters"], made["rows"]
    unread = 0 < whole == sum(dead.values()) or is_most(max(dead.values(), default=0), whole, max_lost)
    kinds = (UNUSABLE_ROWS,) if unread else KINDS
    found = [shard for shard in found if shard.kind in kinds]
    of_kind = {kind: [shard for shard in found if shard.kind == kind] for kind in kinds}
    named = dict(pair for kind, shards_of_kind in of_kind.items() for pair in named_shards(kind, shards_of_kind))
    there = {name: size for name, size in files_in(output) if is_shard(name)}
    with write_errors(join_path(output, "*.jsonl")):
        delete_files(join_path(output, name) for name in there.keys() - named.keys() - {shard.name for shard in found})
        for name, shard in named.items():
            if shard is None:
                open_to_write(join_path(output, name)).close()
            elif shard.name in there:
                if name in there and not is_local(output):  # HDFS does not rename onto a file
                    delete_files([join_path(output, name)])
                rename_file(join_path(output, shard.name), join_path(output, name))
            elif there.get(name) != shard.bytes:  # else it was renamed before this began anew
                raise StorageError(f"{shard.name} is gone")
        if not unread:
            write_bytes(statistics, orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
            return
    raise NothingKept(nothing_read(made, output, next(iter(named))))


def nothing_read(made: Mapping[str, Any], output: str, letters: str) -> str:
    """One line on rows of which none or hardly any could be read: why, and what the first dead letter says."""
    path = join_path(output, letters)
    with open_to_read(path) as file:
        first = orjson.loads(file.readline() or b"{}")
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in made["dead_letters"].items())
    detail = excerpt(first.get("detail", "")).rstrip(". ")
    read = made["rows"] - sum(made["dead_letters"].values())
    many = f"only {read:,}" if read else "none"
    line = f"nothing was published: {many} of {made['rows']:,} rows could be read ({reasons}); {detail}; see {path}"
    return f"{line}; if this is as it should be, --max_lost 1 publishes what is left" if read else line


def published_letters(output: str) -> Iterator[dict[str, str]]:
    """The dead letters of a result, in the order of their rows."""
    for name in sorted(name for name, _ in files_in(output) if is_shard(name) and name.startswith(UNUSABLE_ROWS)):
        with open_to_read(join_path(output, name)) as file:
            yield from map(orjson.loads, file)


def named_shards(kind: str, shards: list[Shard]) -> list[tuple[str, Shard | None]]:
    """(final name, shard); of no shards one empty file, None in place of the shard."""
    files: list[Shard | None] = [*shards] or [None]
    return [(f"{kind}-{n:05d}-of-{len(files):05d}.jsonl", shard) for n, shard in enumerate(files)]


def is_shard(name: str) -> bool:
    """Whether a file is one that a run of this job makes, finished or not."""
    kind, _, rest = name.removeprefix(UNFINISHED).partition("-")
    return kind in KINDS and (name.startswith(UNFINISHED) or ("-of-" in rest and rest.endswith(".jsonl")))
