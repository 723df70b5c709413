"""WriteStatistics: how many rows were kept, dropped and lost, as counted in the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import orjson

from persona_hub.transforms.dedup.chunks import UnusableRow
from persona_hub.transforms.files.storage import join_path, open_to_read, open_to_write
from persona_hub.transforms.records import DeadLetter
from persona_hub.transforms.wire.batches import Batch

STATISTICS = "statistics.json"


class Counted(NamedTuple):
    """What the statistics are taken from."""

    text: beam.PCollection[Mapping[str, int]]  # of `DropRows`: {"kept": n, "dropped": n}
    unusable: beam.PCollection[tuple[int, list[UnusableRow]]]
    without_words: beam.PCollection[tuple[int, int]]  # (chunk, rows in it)
    meaning: tuple[beam.PCollection[Mapping[str, int]], ...] = ()  # as `text`, where meanings were compared
    without_vector: tuple[beam.PCollection[Batch[DeadLetter]], ...] = ()


@dataclass(kw_only=True)
class WriteStatistics(beam.PTransform):
    """Counted -> statistics.json in `output`, beside the `setting`."""

    output: str
    setting: Mapping[str, Any]

    def expand(self, counted: Counted) -> beam.PCollection[None]:
        """Adds up in one place."""
        counts = [
            counted.text | "CountText" >> beam.Map(named_counts, "text"),
            counted.unusable | "CountBroken" >> beam.Map(broken_counts),
            counted.without_words | "CountWithoutWords" >> beam.Map(lambda n: Counter({"without_words": n[1]})),
            *(one | "CountMeaning" >> beam.Map(named_counts, "meaning") for one in counted.meaning),
            *(letters | "CountWithoutVector" >> beam.Map(unembedded_counts) for letters in counted.without_vector),
        ]
        totals = counts | "Counts" >> beam.Flatten() | "Sum" >> beam.CombineGlobally(sum_counts)
        return totals | "Write" >> beam.Map(write_statistics, self.output, dict(self.setting))


def named_counts(counts: Mapping[str, int], kind: str) -> Counter[str]:
    """Counts of `DropRows` under the names of the statistics."""
    return Counter({f"kept after {kind}": counts["kept"], f"dropped {kind}": counts["dropped"]})


def broken_counts(element: tuple[int, list[UnusableRow]]) -> Counter[str]:
    """Dead letters by reason."""
    return Counter(f"dead {row.reason}" for row in element[1])


def unembedded_counts(batch: Batch[DeadLetter]) -> Counter[str]:
    """Rows without a vector by reason; they stay."""
    return Counter(f"vector {letter.reason}" for letter in batch)


def sum_counts(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """One counter out of many."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def write_statistics(counts: Counter[str], output: str, setting: Mapping[str, Any]) -> None:
    """statistics.json: rows = kept + dropped + dead letters, and the `setting` that they came from."""
    dropped = {kind: counts[f"dropped {kind}"] for kind in ("text", "meaning")}
    dead = {name[5:]: n for name, n in sorted(counts.items()) if name.startswith("dead ")}
    kept = counts["kept after text" if setting["embedding"] == "off" else "kept after meaning"]
    made = {
        "rows": kept + sum(dropped.values()) + sum(dead.values()),
        "kept": kept,
        "dropped": dropped,
        "dead_letters": dead,
        "without_words": counts["without_words"],
        "without_vector": {name[7:]: n for name, n in sorted(counts.items()) if name.startswith("vector ")},
        **setting,
    }
    path = join_path(output, STATISTICS)
    with open_to_write(path) as file:
        file.write(orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def statistics_of(output: str) -> dict[str, Any]:
    """What `write_statistics` has written."""
    path = join_path(output, STATISTICS)
    with open_to_read(path) as file:
        made: dict[str, Any] = orjson.loads(file.read())
    return made
