"""ExpandPersona: who is in close relationship with a persona, hop after hop.

A hop asks only about personas which resemble no earlier one: each near-duplicate that is passed over saves a call, and
so do all of its descendants. Which personas stay in the hub is decided later, over all hops at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.counts import Equation, Sizes
from persona_hub.transforms.counting.stages import EXPAND_PERSONA, UNIQUE_PERSONAS
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.near_duplicates import BucketPersonas, Compared, NearDuplicates
from persona_hub.transforms.dedup.persona_rows import unpack_existing
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.expand_persona.one_hop import HopInput, HopResult, OneHop, PersonaBatches
from persona_hub.transforms.expand_persona.relation_task import RelationTask, expand_prompt
from persona_hub.transforms.expand_persona.stop_below_novelty import StopBelowNovelty
from persona_hub.transforms.expand_persona.unique_personas import PersonasAndKnownIds, UniquePersonas, packed_ids
from persona_hub.transforms.filter_persona.filter_persona import FilterPersona
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.records import HOP_LIMIT, DeadLetter, Duplicate, Persona
from persona_hub.transforms.wire.batches import Batch


class PersonasAndHub(NamedTuple):
    """New personas, and by block what the hub that they are added to holds: one collection of each kind, or none."""

    personas: PersonaBatches
    kept: tuple[beam.PCollection[KeyedPayload], ...] = ()  # rows, as `persona_rows.pack_existing` makes them
    dropped: tuple[beam.PCollection[tuple[int, Batch[Duplicate]]], ...] = ()


class Expanded(NamedTuple):
    """All personas of all hops, and what did not become one.

    What is only looked at comes by hop, in a tuple: a runner would hold all of a flattened collection once more.
    """

    personas: beam.PCollection[tuple[int, Batch[Persona]]]  # unique, by block
    compared: tuple[Compared, ...]  # what the search for near-duplicates takes of them, and of the hub's
    asked: tuple[PersonaBatches, ...]
    passed_over: tuple[PersonaBatches, ...]  # not asked about, since they resemble an earlier one
    accepted: tuple[PersonaBatches, ...]  # what passed the filter, beginning with the personas of hop 0
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes  # of all hops

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every unique persona of a hop is expanded or not; every question is answered or lost; equals become one."""
        return (
            Equation(EXPAND_PERSONA, "personas", ("expanded", "passed-over", "not-expanded-*")),
            Equation(EXPAND_PERSONA, "asked", ("answered", "lost-*")),
            Equation(UNIQUE_PERSONAS, "personas", ("unique", "identical")),
        )


@dataclass(kw_only=True)
class ExpandPersona(beam.PTransform):
    """Personas of hop 0 -> those and their relations over `hops` hops, unique and by block.

    Applied to batches of new personas, or to `PersonasAndHub`: a persona is not asked about if the hub has it already,
    or if it resembles one that the hub has kept. A hop that brings fewer new personas than `stop_below_novelty` for
    each answer is the last.
    """

    model: ModelConfig
    accept: FilterPersona  # what every new persona must pass
    blocks: int
    hops: int = 6
    per_persona: int = 1
    threshold: float = 0.9
    bucket_keys: str = "minhash"
    stop_below_novelty: float = 0.0
    prompt: Prompt = field(default_factory=expand_prompt)
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        if not 0 <= self.hops < HOP_LIMIT:
            raise InvalidInputError(f"--expand_hops {self.hops}: must be from 0 to {HOP_LIMIT - 1}")
        if self.per_persona < 1:
            raise InvalidInputError(f"--expand_per_persona {self.per_persona}: must be at least 1")
        self.novelty = StopBelowNovelty(least=self.stop_below_novelty)

    def expand(self, given: PersonaBatches | PersonasAndHub) -> Expanded:
        """The hops, unrolled. With two of them the graph is

        hop 0   given                   -> unique 0
        hop 1   unique 0 -> asked about -> unique 1   whose ids are not of the hub or hop 0
        hop 2   unique 1 -> asked about -> unique 2   whose ids are not of the hub, hop 0 or hop 1
        """
        start = given if isinstance(given, PersonasAndHub) else PersonasAndHub(given)
        bucket = BucketPersonas(threshold=self.threshold, bucket_keys=self.bucket_keys, blocks=self.blocks)
        known_ids = ids_of_hub(start)
        compared: list[Compared] = [rows | "Bucket hub" >> replace(bucket, new=False) for rows in start.kept]

        first = PersonasAndKnownIds(start.personas, known_ids) | "Hop 0" >> UniquePersonas(blocks=self.blocks)
        compared.append(first.personas | "Bucket 0" >> replace(bucket))
        unique, hops = [first], list[HopResult]()
        for hop in range(1, self.hops + 1):
            found = unique[-1].personas
            ids = found | f"Ids {hop - 1}" >> beam.MapTuple(packed_ids).with_output_types(tuple[int, bytes])
            known_ids = (*known_ids, ids)
            answers = tuple(result.answered for result in hops[-1:])
            before = HopInput(found, answers, known_ids, tuple(compared))
            hops.append(before | f"Hop {hop}" >> self.one_hop(hop))
            unique.append(hops[-1].unique)
            compared.append(unique[-1].personas | f"Bucket {hop}" >> replace(bucket))

        nothing = start.personas.pipeline | "Nothing" >> beam.Create([], reshuffle=False)
        dead_letters = [nothing, *(letters for result in hops for letters in result.dead_letters)]
        return Expanded(
            personas=[one.personas for one in unique] | "Personas" >> beam.Flatten(),
            compared=tuple(compared),
            asked=tuple(result.asked for result in hops),
            passed_over=tuple(result.passed_over for result in hops),
            accepted=(start.personas, *(result.accepted for result in hops)),
            dead_letters=dead_letters | "DeadLetters" >> beam.Flatten(),
            counts=(*first.counts, *(size for result in hops for size in result.counts)),
        )

    def one_hop(self, hop: int) -> OneHop:
        """The transform of hop `hop`, which asks about the personas of the hop before."""
        return OneHop(
            task=RelationTask(hop, self.per_persona, self.prompt, self.sampling),
            model=self.model,
            accept=self.accept,
            near_duplicates=NearDuplicates(
                threshold=self.threshold, bucket_keys=self.bucket_keys, blocks=self.blocks, hop=hop - 1
            ),
            novelty=self.novelty,
            blocks=self.blocks,
        )


def ids_of_hub(start: PersonasAndHub) -> tuple[beam.PCollection[tuple[int, bytes]], ...]:
    """The ids of all personas that the hub has kept or dropped, by block."""
    kept = [rows | "Ids kept" >> beam.MapTuple(ids_of_rows).with_output_types(tuple[int, bytes]) for rows in start.kept]
    dropped = [
        rows | "Ids dropped" >> beam.MapTuple(packed_ids).with_output_types(tuple[int, bytes]) for rows in start.dropped
    ]
    return (*kept, *dropped)


def ids_of_rows(block: int, payload: bytes) -> tuple[int, bytes]:
    """The ids of rows of a hub, as `packed_ids`."""
    return block, bytes.fromhex(unpack_existing(payload).ids.tobytes().decode())
