"""ReadHub: the personas of a hub as a PCollection."""

from __future__ import annotations

from dataclasses import dataclass

import apache_beam as beam

from persona_hub.transforms.hub import reading
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Persona


@dataclass(kw_only=True)
class ReadHub(beam.PTransform):
    """Pipeline -> the personas of a hub's version, without those that were taken down.

    `hub` is what `open_hub` returns. Workers read whole files, as many at a time as there are workers.
    """

    hub: Hub

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, root: beam.Pipeline) -> beam.PCollection[Persona]:
        """Reads the files that the version's manifest names."""
        batches = root | "Blocks" >> reading.ReadHub(hub=self.hub, blocks=1)
        return batches | "Personas" >> beam.FlatMapTuple(lambda _, batch: batch).with_output_types(Persona)
