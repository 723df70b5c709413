"""Records to batches and back: the steps of the DAG pass batches of records, other pipelines single records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch


@dataclass(kw_only=True)
class BatchRecords(beam.PTransform):
    """Records -> batches of at most `size`, as the steps of the DAG take them."""

    size: int = BATCH_RECORDS

    def __post_init__(self) -> None:
        super().__init__()
        if self.size < 1:
            raise ValueError(f"size {self.size}: must be at least 1")

    def expand(self, records: beam.PCollection[Any]) -> beam.PCollection[Batch[Any]]:
        """Batches within a bundle; its last one may be smaller."""
        sized = beam.BatchElements(min_batch_size=self.size, max_batch_size=self.size)
        return records | "Elements" >> sized | "Batch" >> beam.Map(Batch).with_output_types(Batch)


@dataclass(kw_only=True)
class UnbatchRecords(beam.PTransform):
    """Batches -> single records."""

    def expand(self, batches: beam.PCollection[Iterable[Any]]) -> beam.PCollection[Any]:
        """The records of every batch."""
        return batches | "Records" >> beam.FlatMap(lambda batch: batch)
