"""ChoosePersonas: the same personas of a hub at every run, whatever the order or the number of workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.choice.choice import DIVERSE, STRATIFIED, Choice
from persona_hub.transforms.choice.order import Place, drawn_place, lowest
from persona_hub.transforms.choice.shares import equal_shares
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Persona
from persona_hub.transforms.synthesize.choose_diverse import ChooseDiverse
from persona_hub.transforms.synthesize.joined_rows import EligiblePersonas, HubRows, KeyedEligible
from persona_hub.transforms.wire.batches import Batch

Shares = Mapping[str, int]  # {stratum: how many of it}
SharePlaces = tuple[int, list[Place]]  # the share of a stratum, and places of its personas


@dataclass(frozen=True)
class LastPersona(Persona):
    """The last persona of a choice, of which fewer samples are made than of the others."""

    samples: int


class Lowest(NamedTuple):
    """The personas chosen of a stratum: how many, and the place of the last."""

    personas: int
    last: Place


@dataclass(kw_only=True)
class ChoosePersonas(beam.PTransform):
    """HubRows -> batches of the personas that `choice` names; the last as a LastPersona if it gives fewer samples."""

    choice: Choice = field(default_factory=Choice)

    def __post_init__(self) -> None:
        super().__init__()
        if self.choice.method.name != "random" and not self.choice.personas:
            raise InvalidInputError(
                f"--choose {self.choice.method}: of how many? Name --max_samples N; without it all personas are used"
            )

    def expand(self, rows: HubRows) -> beam.PCollection[Batch[Persona]]:
        """Finds the ids first, then lets pass whom they name."""
        choice = self.choice
        eligible = rows | "Eligible" >> EligiblePersonas(choice=choice)
        if not choice.personas:
            return eligible | "All" >> beam.MapTuple(lambda _, found: Batch(persona for _, persona in found))
        if choice.method.name == DIVERSE:
            ids = (eligible, rows.vectors[0]) | "Diverse" >> ChooseDiverse(n=choice.personas, seed=choice.seed)
            return eligible | "Take" >> beam.FlatMap(
                take_named, choice, beam.pvalue.AsSingleton(ids, default_value=[])
            ).with_output_types(Batch[Persona])
        shares: Shares | beam.pvalue.AsSingleton = {"": choice.personas}
        if choice.method.name == STRATIFIED:
            counted = eligible | "Strata" >> beam.FlatMap(count_strata) | "Count" >> beam.CombinePerKey(sum)
            shares = beam.pvalue.AsSingleton(
                counted
                | "Collect" >> beam.combiners.ToDict()
                | "Shares" >> beam.Map(equal_shares, choice.personas).with_output_types(dict)
            )
        found = (
            eligible
            | "Places" >> beam.FlatMap(places_by_stratum, choice, shares)
            | "Lowest" >> beam.CombinePerKey(LowestPlaces())
        )
        return eligible | "Take" >> beam.FlatMap(take_lowest, choice, beam.pvalue.AsDict(found)).with_output_types(
            Batch[Persona]
        )


def count_strata(element: KeyedEligible) -> Iterator[tuple[str, int]]:
    """(stratum, personas of it) of a batch."""
    counts: dict[str, int] = {}
    for stratum, _ in element[1]:
        counts[stratum] = counts.get(stratum, 0) + 1
    yield from sorted(counts.items())


def places_by_stratum(element: KeyedEligible, choice: Choice, shares: Shares) -> Iterator[tuple[str, SharePlaces]]:
    """(stratum, (its share, the places of a batch that may be within it))."""
    places: dict[str, list[Place]] = {}
    for stratum, persona in element[1]:
        places.setdefault(stratum, []).append(drawn_place(persona.persona_id, choice.seed))
    for stratum, found in sorted(places.items()):
        if share := shares.get(stratum, 0):
            yield stratum, (share, lowest(found, share))


class LowestPlaces(beam.CombineFn):
    """(share, places) of a stratum -> the lowest places up to its share.

    Lists grow to twice the share before they are sorted, so a place is compared a few times and not once a batch.
    """

    def create_accumulator(self) -> SharePlaces:
        return 0, []

    def add_input(self, accumulator: SharePlaces, element: SharePlaces) -> SharePlaces:
        return self.merge_accumulators([accumulator, element])

    def merge_accumulators(self, accumulators: Iterable[SharePlaces]) -> SharePlaces:
        share, places = 0, list[Place]()
        for one, found in accumulators:
            share = max(share, one)
            places = lowest([*places, *found], share) if len(places) + len(found) > 2 * share else [*places, *found]
        return share, places

    def extract_output(self, accumulator: SharePlaces) -> Lowest:
        share, places = accumulator
        found = lowest(places, share)
        return Lowest(len(found), found[-1] if found else ("", ""))


def take_lowest(element: KeyedEligible, choice: Choice, found: Mapping[str, Lowest]) -> Iterator[Batch[Persona]]:
    """The personas of a batch that are within their stratum's share."""
    complete = sum(one.personas for one in found.values()) >= choice.personas
    last = max((one.last for one in found.values()), default=("", ""))
    taken = Batch[Persona]()
    for stratum, persona in element[1]:
        place = drawn_place(persona.persona_id, choice.seed)
        if stratum in found and place <= found[stratum].last:
            taken.append(with_samples(persona, choice, is_last=complete and place == last))
    if taken:
        yield taken


def take_named(element: KeyedEligible, choice: Choice, ids: list[str]) -> Iterator[Batch[Persona]]:
    """The personas of a batch whose ids are among those chosen."""
    last = ids[-1] if len(ids) == choice.personas else ""
    named = frozenset(ids)
    taken = Batch(
        with_samples(persona, choice, is_last=persona.persona_id == last)
        for _, persona in element[1]
        if persona.persona_id in named
    )
    if taken:
        yield taken


def with_samples(persona: Persona, choice: Choice, is_last: bool) -> Persona:
    """The persona, as a LastPersona where it is the last and gives fewer samples."""
    if not is_last or choice.samples_of_last == choice.each:
        return persona
    return LastPersona(**vars(persona), samples=choice.samples_of_last)
