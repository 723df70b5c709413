"""The last steps that `build` and `synthesize` share: samples of every use case, and what is counted of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.records import Persona
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.synthesize import Synthesize, Synthesized
from persona_hub.transforms.synthesize.take_personas import TakePersonas
from persona_hub.transforms.wire.batches import Batch


class Samples:
    """Samples of some use cases, made from the personas of a hub."""

    def __init__(
        self,
        personas: beam.PCollection[tuple[int, Batch[Persona]]],
        use_cases: Sequence[UseCase],
        model: ModelConfig,
        personas_to_use: int,
        samples_per_persona: int,
    ):
        self.per_persona = samples_per_persona
        self.taken: Any = personas | "TakePersonas" >> TakePersonas(n=personas_to_use) if use_cases else None
        self.by_name: Mapping[str, Synthesized] = {
            use_case.name: self.taken
            | f"Synthesize {use_case.name}"
            >> Synthesize(use_case=use_case, model=model, samples_per_persona=self.per_persona)
            for use_case in use_cases
        }

    @property
    def made(self) -> Mapping[str, beam.PCollection[Any]]:
        """The samples by use case."""
        return {name: synthesized.samples for name, synthesized in self.by_name.items()}

    @property
    def lost(self) -> Mapping[str, beam.PCollection[Any]]:
        """The dead letters by use case."""
        return {name: synthesized.dead_letters for name, synthesized in self.by_name.items()}

    @property
    def counted(self) -> Mapping[str, beam.PCollection[Any]]:
        """What was asked and what was answered."""
        counted: dict[str, beam.PCollection[Any]] = {}
        for name, samples in self.made.items():
            counted |= {f"synthesize_{name}/asked": self.taken, f"synthesize_{name}/answered": samples}
        return counted

    @property
    def times(self) -> Mapping[str, int]:
        """How many questions a persona stands for."""
        return {f"synthesize_{name}/asked": self.per_persona for name in self.by_name}
