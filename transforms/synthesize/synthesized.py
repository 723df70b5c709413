"""Synthesized: what came of the personas, for one use case."""

from __future__ import annotations

from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.check_samples.check_samples import EQUATIONS
from persona_hub.transforms.counting.counts import Equation, Sizes
from persona_hub.transforms.counting.stages import judge_stage, synthesize_stage, verify_stage
from persona_hub.transforms.records import DeadLetter, Rejected, Sample
from persona_hub.transforms.wire.batches import Batch


class Synthesized(NamedTuple):
    """The samples that are kept, those that are not, and the questions without an answer."""

    samples: beam.PCollection[Batch[Sample]]
    rejected: beam.PCollection[Batch[Rejected]]
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every question is answered or lost, and every answer accepted or rejected, for each use case."""
        stages = (synthesize_stage("*"), verify_stage("*"), judge_stage("*"))
        return (*(Equation(stage, "asked", ("answered", "lost-*")) for stage in stages), *EQUATIONS)
