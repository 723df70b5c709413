"""DropContaminated: samples that stand in a benchmark, word for word or with other names and numbers, do not go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection, TaggedOutput

from persona_hub.transforms.check_samples.benchmark_files import Benchmark, benchmarks_of, read_rows
from persona_hub.transforms.check_samples.checked import REJECTED_TAG, Checked
from persona_hub.transforms.contamination.benchmark import SHARE, BenchmarkIndex, SharedRow, check_share
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.wire.batches import Batch

CONTAMINATED = "contaminated"
SHOWN_NAME = 100  # characters of a path in a detail, the last ones
INDEXES = 2  # that a process keeps: all use cases of a run are compared with the same benchmarks


@dataclass(frozen=True)
class Loaded:
    """Benchmarks that are ready to be compared with."""

    index: BenchmarkIndex
    places: list[str]  # of each row: the file and the place in it

    def detail(self, found: SharedRow) -> str:
        """What a sample has of a row, for people."""
        return f"{self.places[found.row]}: {found.measure}"


@dataclass(kw_only=True)
class DropContaminated(beam.PTransform):
    """Batch of samples -> those that share too little with every row of the benchmarks; the others with the row.

    A sample is rejected if it has `share` of a row's runs of 8 words, or `masked_share` of the row's runs of 4 words
    after numbers and names are masked on both sides, wherever they stand in it (`contamination.benchmark`). Each sample
    is judged by itself, so order and sharding make no difference. `against`: files as `benchmarks_of` takes them, or
    what it gave, so that several transforms read them once. Each worker process reads the benchmarks again, once, and
    fails if they have changed. Raises InvalidInputError for files that cannot be read and shares out of range.
    """

    stage: str
    against: Sequence[str | Benchmark]
    field: str = ""  # of the text of a row, where a file is named without one; "": the first known one that is filled
    share: float = SHARE
    masked_share: float = SHARE

    def __post_init__(self) -> None:
        super().__init__()
        check_share("share", self.share)
        check_share("masked_share", self.masked_share)
        names = [one for one in self.against if isinstance(one, str)]
        known = [one for one in self.against if isinstance(one, Benchmark)]
        self.benchmarks = (*known, *(benchmarks_of(names, self.field) if names or not known else ()))

    def expand(self, samples: PCollection[Batch[Sample]]) -> Checked:
        """One pass."""
        check = CheckContamination(self.stage, self.benchmarks, self.share, self.masked_share)
        checked = samples | "CheckContamination" >> beam.ParDo(check).with_output_types(
            Batch, rejected=Batch
        ).with_outputs(REJECTED_TAG, main="samples")
        return Checked(checked.samples, checked[REJECTED_TAG])


class CheckContamination(beam.DoFn):
    """Batch of samples -> those that are kept; aside, those that are rejected."""

    def __init__(self, stage: str, benchmarks: tuple[Benchmark, ...], share: float, masked_share: float):
        self.benchmarks, self.shares = benchmarks, (share, masked_share)
        self.tally = Tally(stage)

    def setup(self) -> None:
        """Reads the benchmarks unless this process has them."""
        self.loaded = load(self.benchmarks, *self.shares)

    def process(self, batch: Batch[Sample]) -> Iterator[Any]:
        """No batch is empty."""
        kept, rejected = drop_contaminated(batch, self.loaded)
        self.tally.inc(f"rejected-{CONTAMINATED}", len(rejected))
        if kept:
            yield kept
        if rejected:
            yield TaggedOutput(REJECTED_TAG, rejected)


def drop_contaminated(samples: Iterable[Sample], loaded: Loaded) -> tuple[Batch[Sample], Batch[Rejected]]:
    """(the samples that are kept, those that are rejected), each in their order."""
    kept: Batch[Sample] = Batch()
    rejected: Batch[Rejected] = Batch()
    samples = list(samples)
    for sample, found in zip(samples, loaded.index.find([one.text for one in samples]), strict=True):
        if found is None:
            kept.append(sample)
        else:
            rejected.append(Rejected.of(sample, CONTAMINATED, loaded.detail(found)))
    return kept, rejected


_loading = Lock()  # threads of a process that begin together wait for one to read


def load(benchmarks: tuple[Benchmark, ...], share: float = SHARE, masked_share: float = SHARE) -> Loaded:
    """Benchmarks, read once in a process. Raises CorpusError if they have changed since `benchmarks_of`."""
    with _loading:
        return _load(benchmarks, share, masked_share)


@lru_cache(INDEXES)
def _load(benchmarks: tuple[Benchmark, ...], share: float, masked_share: float) -> Loaded:
    places: list[str] = []

    def texts() -> Iterator[str]:
        for benchmark in benchmarks:
            name = end_of_path(benchmark.name)
            for row in read_rows(benchmark):
                places.append(f"{name}, {row.place}")
                yield row.text

    return Loaded(BenchmarkIndex.of(texts(), share, masked_share), places)


def end_of_path(name: str) -> str:
    """The end of a path, which tells more than its beginning."""
    return name if len(name) <= SHOWN_NAME else f"…{name[1 - SHOWN_NAME :]}"
