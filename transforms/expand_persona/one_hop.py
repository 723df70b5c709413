"""OneHop: the personas that a hop found -> those that are related to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.counts import Sizes, count_records
from persona_hub.transforms.counting.stages import EXPAND_PERSONA, NOVELTY
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.near_duplicates import Compared, NearDuplicates
from persona_hub.transforms.expand_persona.relation_task import RelationTask
from persona_hub.transforms.expand_persona.stop_below_novelty import FoundAndAnswers, StopBelowNovelty
from persona_hub.transforms.expand_persona.unique_personas import PersonasAndKnownIds, Unique, UniquePersonas
from persona_hub.transforms.filter_persona.filter_persona import FilterPersona
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.records import DeadLetter, Persona
from persona_hub.transforms.similarity.ranks import rank_of
from persona_hub.transforms.wire.batches import Batch, batches

LOW_NOVELTY = "not-expanded-novelty"  # counts personas that were not asked about since their hop brought too little
PersonaBatches = beam.PCollection[Batch[Persona]]


class HopInput(NamedTuple):
    """What a hop starts from. Tuples of collections are flattened only where they are used."""

    found: beam.PCollection[tuple[int, Batch[Persona]]]  # by the hop before, unique, by block
    answers: tuple[PersonaBatches, ...]  # what the model answered at that hop; none at hop 0
    known_ids: tuple[beam.PCollection[tuple[int, bytes]], ...]  # of all personas so far, as `packed_ids` packs them
    compared: tuple[Compared, ...]  # all personas so far, as the search for near-duplicates takes them


class HopResult(NamedTuple):
    """What a hop brings. A persona of `HopInput.found` is in `asked` or `passed_over`, unless novelty was too low."""

    unique: Unique  # the new personas
    asked: PersonaBatches
    passed_over: PersonaBatches  # they resemble a persona that was found earlier
    answered: PersonaBatches  # what the model gave, before the filter
    accepted: PersonaBatches  # what passed the filter
    dead_letters: tuple[beam.PCollection[Batch[DeadLetter]], ...]
    counts: Sizes  # with those of the filter and of UniquePersonas


@dataclass(kw_only=True)
class OneHop(beam.PTransform):
    """`HopInput` -> `HopResult` of the next hop."""

    task: RelationTask
    model: ModelConfig
    accept: FilterPersona
    near_duplicates: NearDuplicates
    novelty: StopBelowNovelty
    blocks: int

    def expand(self, before: HopInput) -> HopResult:
        """Passes over what resembles an earlier persona, asks about the rest, filters and folds the answers."""
        near = before.compared | "NearDuplicates" >> self.near_duplicates
        by_resemblance = (
            {"personas": before.found, "near": near}
            | "ByBlock" >> beam.CoGroupByKey()
            | "PassOver" >> beam.ParDo(PassOverNearDuplicates()).with_outputs("passed_over", main="others")
        )
        by_novelty = FoundAndAnswers(by_resemblance.others, before.answers) | "StopBelowNovelty" >> self.novelty
        generated = by_novelty.asked | "Generate" >> Generate(stage=EXPAND_PERSONA, task=self.task, model=self.model)
        filtered = generated.results | "Filter" >> self.accept
        new = PersonasAndKnownIds(filtered.personas, before.known_ids) | "Unique" >> UniquePersonas(blocks=self.blocks)
        asked, not_expanded = by_novelty.asked, by_novelty.not_expanded
        counts = (
            *count_records(EXPAND_PERSONA, "personas", before.found),
            *count_records(EXPAND_PERSONA, "expanded", asked),
            *count_records(EXPAND_PERSONA, "passed-over", by_resemblance.passed_over),
            *count_records(EXPAND_PERSONA, LOW_NOVELTY, *not_expanded),
            *count_records(EXPAND_PERSONA, "asked", asked, times=self.task.per_persona),
            *count_records(EXPAND_PERSONA, "answered", generated.results),
            *count_records(NOVELTY, "new ", asked, *not_expanded, field="hop"),
            *count_records(NOVELTY, "answers ", generated.results, field="hop"),
            *filtered.counts,
            *new.counts,
        )
        return HopResult(
            unique=new,
            asked=asked,
            passed_over=by_resemblance.passed_over,
            answered=generated.results,
            accepted=filtered.personas,
            dead_letters=(generated.dead_letters, filtered.dead_letters),
            counts=counts,
        )


class PassOverNearDuplicates(beam.DoFn):
    """One block's personas and the ranks of those which resemble an earlier one -> the others; aside, the former."""

    def __init__(self) -> None:
        self.tally = Tally(EXPAND_PERSONA)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """Batches in order of the ids."""
        _, sides = element
        near = {rank for ranks in sides["near"] for rank in ranks}
        others, passed_over = split_by_rank(sides["personas"], near)
        self.tally.inc("passed-over", len(passed_over))
        yield from batches(others)
        for batch in batches(passed_over):
            yield TaggedOutput("passed_over", batch)


def split_by_rank(groups: Iterable[Batch[Persona]], ranks: set[int]) -> tuple[list[Persona], list[Persona]]:
    """(the personas whose ranks are not in `ranks`, those whose ranks are)."""
    others: list[Persona] = []
    named: list[Persona] = []
    for group in groups:
        for persona in group:
            (named if rank_of(persona) in ranks else others).append(persona)
    return others, named
