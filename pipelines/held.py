"""What a hub holds, beside which a refresh reads, asks and compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apache_beam as beam

from transforms.hub.reading import ReadHub
from transforms.hub.versions import Hub
from transforms.records import Batch, Duplicate, Persona, Vector


class Held(NamedTuple):
    """Tables of a version by block, each in a tuple: empty where nothing is held, so that steps need not ask."""

    documents: Sequence[str] = ()  # paths: who reads the corpus looks there for what has been read
    kept: tuple[beam.PCollection[tuple[int, Batch[Persona]]], ...] = ()
    dropped: tuple[beam.PCollection[tuple[int, Batch[Duplicate]]], ...] = ()
    vectors: tuple[beam.PCollection[tuple[int, Batch[Vector]]], ...] = ()


def held_of(p: beam.Pipeline, hub: Hub | None, blocks: int) -> Held:
    """What `hub` holds."""
    if hub is None:
        return Held()
    return Held(
        documents=hub.paths("documents"),
        kept=(p | "ReadPersonas" >> ReadHub(hub=hub, blocks=blocks),),
        dropped=(p | "ReadDuplicates" >> ReadHub(hub=hub, blocks=blocks, kind="duplicates", record=Duplicate),),
        vectors=(p | "ReadVectors" >> ReadHub(hub=hub, blocks=blocks, kind="vectors", record=Vector),),
    )
