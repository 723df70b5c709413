"""SynthesizeUseCases: samples of several use cases, which `build` and `synthesize` end with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.records import Persona
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.synthesize import Synthesize, Synthesized
from persona_hub.transforms.synthesize.take_personas import TakePersonas
from persona_hub.transforms.wire.batches import Batch


@dataclass(kw_only=True)
class SynthesizeUseCases(beam.PTransform):
    """(block, personas) -> {name of a use case: what came of the personas}, nothing where there is no use case."""

    use_cases: Sequence[UseCase]
    model: ModelConfig
    personas: int = 0  # to use; 0: all
    samples_per_persona: int = 1
    blocks: int = 16  # parts of a shuffle

    def expand(self, personas: beam.PCollection[tuple[int, Batch[Persona]]]) -> dict[str, Synthesized]:
        """The same personas for each use case."""
        if not self.use_cases:
            return {}
        taken = personas | "TakePersonas" >> TakePersonas(n=self.personas)
        return {
            use_case.name: taken
            | use_case.name
            >> Synthesize(
                use_case=use_case,
                model=self.model,
                samples_per_persona=self.samples_per_persona,
                blocks=self.blocks,
            )
            for use_case in self.use_cases
        }
