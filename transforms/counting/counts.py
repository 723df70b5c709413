"""Counts as data: what is promised to add up is counted in the graph, since a runner's counters may count twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import apache_beam as beam

from persona_hub.transforms.records import DeadLetter
from persona_hub.transforms.wire.batches import Batch

Key = tuple[str, str]  # stage, name
Counts = Mapping[str, Mapping[str, int]]  # {stage: {name: records}}


class CountsDoNotAddUp(RuntimeError):
    """Records were lost or made twice: a fault of this program, never of its user."""


def count_batch(element: Any, stage: str, name: str, field: str, times: int = 1) -> Iterator[tuple[Key, int]]:
    """Counts of a batch, or of a keyed batch: under `name`, or under `name` and the value of `field`."""
    batch = element[1] if isinstance(element, tuple) else element
    if not field:
        yield (stage, name), len(batch) * times
        return
    for value, n in sorted(Counter(getattr(record, field) for record in batch).items()):
        yield (stage, f"{name}{value}"), n


def count_dead_letters(batch: Batch[DeadLetter]) -> Iterator[tuple[Key, int]]:
    """Counts of dead letters under the stage and the reason that they name: (read_corpus, "lost-gzip-truncated")."""
    for (stage, reason), n in sorted(Counter((letter.stage, letter.reason) for letter in batch).items()):
        yield (stage, f"lost-{reason}"), n


@dataclass(kw_only=True)
class Count(beam.PTransform):
    """Batches, keyed or not -> ((stage, name), records), one element for each batch.

    With `field`, one for each value of it, and `name` is what stands before the value: `Count(stage="read_corpus",
    field="outcome")` counts outcomes, `Count(stage="dedup", name="duplicate-", field="kind")` duplicates by kind.
    `times` is how many of what is counted a record stands for: the questions asked about it, say.
    """

    stage: str
    name: str = ""
    field: str = ""
    times: int = 1

    def __post_init__(self) -> None:
        if not (self.name or self.field):
            raise ValueError("Count: needs a name, a field, or both")

    def expand(self, batches: beam.PCollection[Any]) -> beam.PCollection[tuple[Key, int]]:
        """Counts each batch."""
        count = beam.FlatMap(count_batch, self.stage, self.name, self.field, self.times)
        return batches | "Count" >> count.with_output_types(tuple[Key, int])


@dataclass(kw_only=True)
class CountDeadLetters(beam.PTransform):
    """Batches of dead letters -> ((stage, "lost-<reason>"), records), by what each letter says."""

    def expand(self, batches: beam.PCollection[Batch[DeadLetter]]) -> beam.PCollection[tuple[Key, int]]:
        """Counts each batch."""
        return batches | "Count" >> beam.FlatMap(count_dead_letters).with_output_types(tuple[Key, int])


@dataclass(frozen=True)
class Equation:
    """What came into a stage is the sum of what came of it.

    `whole` and `parts` are names of counts of `stage`, or of another as "stage/name"; "*" stands for any characters:
    `Equation("read_corpus", "records", ("document", "repeated", "skipped-*", "lost-*"))`.
    """

    stage: str
    whole: str
    parts: tuple[str, ...]

    def check(self, counts: Counts) -> str:
        """Nothing if it holds in `counts`, else what does not add up, with the numbers."""
        whole = self._sum(self.whole, counts)
        parts = [self._sum(part, counts) for part in self.parts]
        if whole == sum(parts):
            return ""
        right = " + ".join(f"{part} {n}" for part, n in zip(self.parts, parts, strict=True))
        return f"{self.stage}: {self.whole} {whole} is not {right} (off by {whole - sum(parts):+})"

    def _sum(self, pattern: str, counts: Counts) -> int:
        stage, _, name = pattern.rpartition("/")
        return sum(n for key, n in counts.get(stage or self.stage, {}).items() if fnmatchcase(key, name))


def nested(counts: Iterable[tuple[Key, int]]) -> dict[str, dict[str, int]]:
    """Counts by stage and name, both sorted; those of one key are added."""
    totals: Counter[Key] = Counter()
    for key, n in counts:
        totals[key] += n
    tree: dict[str, dict[str, int]] = {}
    for (stage, name), n in sorted(totals.items()):
        tree.setdefault(stage, {})[name] = n
    return tree


def verify(counts: Counts, equations: Sequence[Equation]) -> None:
    """Raises CountsDoNotAddUp naming every equation that does not hold."""
    faults = [fault for equation in equations if (fault := equation.check(counts))]
    if faults:
        raise CountsDoNotAddUp(
            "nothing was published, since records were lost or made twice; this is a fault of persona-hub, please "
            "report it: " + "; ".join(faults)
        )
