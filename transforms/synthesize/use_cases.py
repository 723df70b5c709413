"""SynthesizeUseCases: samples of several use cases, which `build` and `synthesize` end with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.check_samples import SampleBatches
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.choice.choice import Choice
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.accepted.wanted import Wanted
from persona_hub.transforms.synthesize.choose_personas import ChoosePersonas
from persona_hub.transforms.synthesize.joined_rows import HubRows
from persona_hub.transforms.synthesize.synthesize import Synthesize
from persona_hub.transforms.synthesize.synthesized import Synthesized


@dataclass(kw_only=True)
class SynthesizeUseCases(beam.PTransform):
    """HubRows -> {name of a use case: what came of the chosen personas}, nothing where there is no use case."""

    use_cases: Sequence[UseCase]
    model: ModelConfig
    choice: Choice = field(default_factory=Choice)
    checks: Checks = field(default_factory=Checks)
    wanted: Wanted | None = None
    earlier: Mapping[str, SampleBatches] = field(default_factory=dict)  # {use case: samples of earlier runs}
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
                checks=self.checks,
                wanted=self.wanted,
                earlier=(self.earlier[use_case.name],) if use_case.name in self.earlier else (),
                seed=self.choice.seed,
                blocks=self.blocks,
            )
            for use_case in self.use_cases
        }
