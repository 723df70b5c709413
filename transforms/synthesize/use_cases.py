"""SynthesizeUseCases: samples of several use cases, which `build` and `synthesize` end with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.choice.choice import Choice
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.choose_personas import ChoosePersonas
from persona_hub.transforms.synthesize.joined_rows import HubRows
from persona_hub.transforms.synthesize.synthesize import Synthesize, Synthesized


@dataclass(kw_only=True)
class SynthesizeUseCases(beam.PTransform):
    """HubRows -> {name of a use case: what came of the chosen personas}, nothing where there is no use case."""

    use_cases: Sequence[UseCase]
    model: ModelConfig
    choice: Choice = field(default_factory=Choice)
    blocks: int = 16  # parts of a shuffle

    def expand(self, rows: HubRows) -> dict[str, Synthesized]:
        """The same personas for each use case."""
        if not self.use_cases:
            return {}
        chosen = rows | "ChoosePersonas" >> ChoosePersonas(choice=self.choice)
        return {
            use_case.name: chosen
            | use_case.name
            >> Synthesize(
                use_case=use_case,
                model=self.model,
                samples_per_persona=self.choice.each,
                blocks=self.blocks,
            )
            for use_case in self.use_cases
        }
