"""The last steps that `build` and `synthesize` share: samples of every use case, and what is counted of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam

from pipelines.models import Flags
from pipelines.sizing import personas_to_use
from pipelines.tables import Collections
from transforms.calls.protocol import ModelConfig
from transforms.records import Batch, Persona
from transforms.synthesis.use_case import UseCase
from transforms.synthesize import Synthesize, Synthesized
from transforms.take_personas import TakePersonas


class Samples:
    """Samples of some use cases, made from the personas of a hub."""

    def __init__(
        self,
        personas: beam.PCollection[tuple[int, Batch[Persona]]],
        use_cases: Sequence[UseCase],
        model: ModelConfig,
        flags: Flags,
    ):
        self.per_persona = flags["samples_per_persona"]
        self.taken: Any = personas | "TakePersonas" >> TakePersonas(n=personas_to_use(flags)) if use_cases else None
        self.by_name: Mapping[str, Synthesized] = {
            use_case.name: self.taken
            | f"Synthesize {use_case.name}"
            >> Synthesize(use_case=use_case, model=model, samples_per_persona=self.per_persona)
            for use_case in use_cases
        }

    @property
    def made(self) -> Collections:
        """The samples by use case."""
        return {name: synthesized.samples for name, synthesized in self.by_name.items()}

    @property
    def lost(self) -> Collections:
        """The dead letters by use case."""
        return {name: synthesized.dead_letters for name, synthesized in self.by_name.items()}

    @property
    def counted(self) -> Collections:
        """What was asked and what was answered."""
        counted: dict[str, beam.PCollection[Any]] = {}
        for name, samples in self.made.items():
            counted |= {f"synthesize_{name}/asked": self.taken, f"synthesize_{name}/answered": samples}
        return counted

    @property
    def times(self) -> Mapping[str, int]:
        """How many questions a persona stands for."""
        return {f"synthesize_{name}/asked": self.per_persona for name in self.by_name}
