"""What a choice among a hub's personas needs: the personas, and of the other tables those that it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

import apache_beam as beam

from persona_hub.transforms.choice.choice import DIVERSE, Choice
from persona_hub.transforms.hub.reading import ReadHub
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.vectors import ReadVectors
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.synthesize.joined_rows import HubRows


@dataclass(kw_only=True)
class ReadRows(beam.PTransform):
    """Pipeline -> HubRows of a version, by block."""

    hub: Hub
    blocks: int
    choice: Choice = field(default_factory=Choice)

    def expand(self, root: beam.Pipeline) -> HubRows:
        """Reads no table that the choice does not ask for."""
        tables = {
            kind: root | f"Read {kind}" >> ReadHub(hub=self.hub, blocks=self.blocks, kind=kind, record=TABLES[kind])
            for kind in self.choice.tables
        }
        by_meaning = self.choice.method.name == DIVERSE
        vectors = (root | "ReadVectors" >> ReadVectors(hub=self.hub, blocks=self.blocks),) if by_meaning else ()
        return HubRows(root | "ReadPersonas" >> ReadHub(hub=self.hub, blocks=self.blocks), tables, vectors)
