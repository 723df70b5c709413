"""What a check that asks a model gives back, and what there is to count of it."""

from __future__ import annotations

from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.counting.counts import Equation, Sizes
from persona_hub.transforms.counting.stages import judge_stage, verify_stage
from persona_hub.transforms.records import DeadLetter, Rejected, Sample
from persona_hub.transforms.wire.batches import Batch

UNCHECKED = "unchecked"  # samples that a model should have looked at, and gave no answer about


class CheckedByModel(NamedTuple):
    """The samples that go on, those that do not, and the questions that nobody answered.

    `counts`: questions and answers under the check's own stage, "unchecked" under that of the use case's checks.
    """

    samples: beam.PCollection[Batch[Sample]]
    rejected: beam.PCollection[Batch[Rejected]]
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every question is answered or lost, for each use case."""
        stages = (verify_stage("*"), judge_stage("*"))
        return tuple(Equation(stage, "asked", ("answered", "lost-*")) for stage in stages)
