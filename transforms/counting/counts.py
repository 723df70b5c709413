"""Counts as data: what is promised to add up is counted in the graph, since a runner's counters may count twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol

import apache_beam as beam

from persona_hub.transforms.records import DeadLetter
from persona_hub.transforms.wire.batches import Batch

Key = tuple[str, str]  # stage, name
Counts = Mapping[str, Mapping[str, int]]  # {stage: {name: records}}
Sizes = tuple[beam.PCollection[tuple[Key, int]], ...]  # counts in the graph: some of each bundle, not yet added up


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


def count_records(stage: str, name: str, *collections: beam.PCollection[Any], field: str = "", times: int = 1) -> Sizes:
    """What `Count` makes of each of `collections`, all under the same names.

    (Flattened first and counted once, all their records would be held once more by the runner.)
    """
    return tuple(
        batches | f"Count {stage} {name}{field} {part}" >> Count(stage=stage, name=name, field=field, times=times)
        for part, batches in enumerate(collections)
    )


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
    `Equation("read_corpus", "records", ("document", "repeated", "skipped-*", "lost-*"))`. In `stage` it stands for
    several stages, in each of which the equation holds: `Equation("synthesize_*", "asked", ("answered", "lost-*"))`.
    """

    stage: str
    whole: str
    parts: tuple[str, ...]

    def check(self, counts: Counts) -> str:
        """Nothing if it holds in `counts`, else what does not add up, with the numbers."""
        stages = [stage for stage in counts if fnmatchcase(stage, self.stage)] if "*" in self.stage else [self.stage]
        return "; ".join(fault for stage in stages if (fault := self._check_stage(stage, counts)))

    def _check_stage(self, stage: str, counts: Counts) -> str:
        whole, *parts = [sum_of(pattern, stage, counts) for pattern in (self.whole, *self.parts)]
        if whole == sum(parts):
            return ""
        right = " + ".join(f"{part} {n}" for part, n in zip(self.parts, parts, strict=True))
        return f"{stage}: {self.whole} {whole} is not {right} (off by {whole - sum(parts):+})"


def sum_of(pattern: str, stage: str, counts: Counts) -> int:
    """The sum of the counts that a pattern names, of `stage` unless it names another."""
    other, _, name = pattern.rpartition("/")
    return sum(n for key, n in counts.get(other or stage, {}).items() if fnmatchcase(key, name))


class StepResult(Protocol):
    """What a step gives beside its collections: its counts, and the equations by which they must add up.

    What a step loses stands in its `dead_letters`, if it has any; they are counted where they are written, under
    "lost-<reason>".
    """

    @property
    def counts(self) -> Sizes:
        """Counts under the names that stand in the manifest."""

    @property
    def equations(self) -> tuple[Equation, ...]:
        """What came in goes on, or is counted under the reason why not."""


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
