"""How many rows were kept, dropped and lost, as counted in the graph, and the file that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
import orjson

from persona_hub.transforms.counting.lost_files import lost_files
from persona_hub.transforms.dedup.chunks import unpack_unusable
from persona_hub.transforms.files.storage import join_path, open_to_read
from persona_hub.transforms.records import DeadLetter
from persona_hub.transforms.wire.batches import Batch

STATISTICS = "statistics.json"


class Counted(NamedTuple):
    """What the statistics are taken from."""

    text: beam.PCollection[Mapping[str, int]]  # of `DropRows`: {"kept": n, "dropped": n}
    unusable: beam.PCollection[tuple[int, bytes]]  # (chunk, its rows that cannot be read, packed)
    files: beam.PCollection[tuple[str, int]]  # of `ReadRows`: what tells files that are lost
    without_words: beam.PCollection[tuple[int, int]]  # (chunk, rows in it)
    meaning: tuple[beam.PCollection[Mapping[str, int]], ...] = ()  # as `text`, where meanings were compared
    without_vector: tuple[beam.PCollection[Batch[DeadLetter]], ...] = ()
    language: tuple[beam.PCollection[Mapping[str, int]], ...] = ()  # as `text`, where languages were compared


class SumCounts(beam.PTransform):
    """Counted -> one Counter, under the names of `made_statistics`."""

    def expand(self, counted: Counted) -> beam.PCollection[Counter[str]]:
        """Adds up in one place."""
        counts = [
            counted.text | "CountText" >> beam.Map(named_counts, "text"),
            counted.unusable | "CountBroken" >> beam.Map(broken_counts),
            counted.without_words | "CountWithoutWords" >> beam.Map(lambda n: Counter({"without_words": n[1]})),
            counted.files | "CountFiles" >> beam.MapTuple(lambda name, n: Counter({name: n})),
            *(one | "CountMeaning" >> beam.Map(named_counts, "meaning") for one in counted.meaning),
            *(one | "CountLanguage" >> beam.Map(named_counts, "language") for one in counted.language),
            *(letters | "CountWithoutVector" >> beam.Map(unembedded_counts) for letters in counted.without_vector),
        ]
        return counts | "Counts" >> beam.Flatten() | "Sum" >> beam.CombineGlobally(sum_counts)


def named_counts(counts: Mapping[str, int], kind: str) -> Counter[str]:
    """Counts of `DropRows` under the names of the statistics."""
    return Counter({f"kept after {kind}": counts["kept"], f"dropped {kind}": counts["dropped"]})


def broken_counts(element: tuple[int, bytes]) -> Counter[str]:
    """Dead letters by reason."""
    return Counter(f"dead {row.reason}" for row in unpack_unusable(element[1]))


def unembedded_counts(batch: Batch[DeadLetter]) -> Counter[str]:
    """Rows without a vector by reason; they stay."""
    return Counter(f"vector {letter.reason}" for letter in batch)


def sum_counts(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """One counter out of many."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def made_statistics(counts: Counter[str], setting: Mapping[str, Any]) -> dict[str, Any]:
    """What statistics.json says: rows = kept + dropped + dead letters, and the `setting` that they came from."""
    languages = ["language"] if "across_languages" in setting else []
    dropped = {kind: counts[f"dropped {kind}"] for kind in ("text", "meaning", *languages)}
    dead = {name[5:]: n for name, n in sorted(counts.items()) if name.startswith("dead ")}
    last = "text" if setting["embedding"] == "off" else list(dropped)[-1]
    kept = counts[f"kept after {last}"]
    return {
        "rows": kept + sum(dropped.values()) + sum(dead.values()),
        "kept": kept,
        "dropped": dropped,
        "dead_letters": dead,
        "lost_files": lost_files(counts),
        "without_words": counts["without_words"],
        "without_vector": {name[7:]: n for name, n in sorted(counts.items()) if name.startswith("vector ")},
        **setting,
    }


def statistics_of(output: str) -> dict[str, Any]:
    """What a run has published."""
    path = join_path(output, STATISTICS)
    with open_to_read(path) as file:
        made: dict[str, Any] = orjson.loads(file.read())
    return made
