"""MinHashDedup: personas -> those whose words differ from all that are kept, and the near-duplicates among them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import MINHASH_DEDUP
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.edge_payloads import unpack_decisions
from persona_hub.transforms.dedup.find_duplicates import FindDuplicates, partitions_for
from persona_hub.transforms.dedup.layout import KeyedPayload, lookups_of_kept
from persona_hub.transforms.dedup.near_duplicates import Compared, checked_plan
from persona_hub.transforms.dedup.persona_rows import (
    ExistingRows,
    PersonaLayout,
    decode_rows,
    fill_similarities,
    pack_personas,
)
from persona_hub.transforms.dedup.representatives import rounds_for
from persona_hub.transforms.records import Duplicate, Persona
from persona_hub.transforms.similarity.plan import RECALL
from persona_hub.transforms.similarity.ranks import NEW, ranks_of
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays

PersonaBlock = tuple[int, Batch[Persona]]


class Prepared(NamedTuple):
    """New personas and rows of a hub, as `MinHashDedup` takes them, with what `BucketPersonas` has made of them all."""

    personas: beam.PCollection[PersonaBlock]
    existing: tuple[beam.PCollection[KeyedPayload], ...]
    compared: tuple[Compared, ...]


PersonasToCompare = beam.PCollection[PersonaBlock] | tuple[beam.PCollection[Any], ...] | Prepared


class Deduplicated(NamedTuple):
    """What is kept and what is not, each persona that came in once."""

    kept: beam.PCollection[PersonaBlock]
    duplicates: beam.PCollection[Batch[Duplicate]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every new persona is kept or a duplicate."""
        return (Equation(MINHASH_DEDUP, "personas", ("kept", "duplicate-*")),)


@dataclass(kw_only=True)
class MinHashDedup(beam.PTransform):
    """(block, personas) -> those without an earlier kept persona at Jaccard `threshold` or more; and the others.

    Personas come unique by id, by `records.partition_of(persona_id, blocks)`, a block in one element or several.
    Earlier is lower in rank: what a hub holds, then fewer hops, then the id. Applied to the new personas, or to a
    tuple: those, then by block the rows of a hub (`persona_rows.pack_existing`), which win and do not come out;
    or to `Prepared`, whose keys are not made again. A persona without a word is kept. A threshold of 1.0 drops equal
    sets of words only. `partitions` and `rounds` are chosen by the number of blocks unless they are given.
    """

    threshold: float = 0.9
    bucket_keys: str = "minhash"
    blocks: int
    recall: float = RECALL
    partitions: int | None = None
    rounds: int | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.plan = checked_plan(self.threshold, self.bucket_keys, self.blocks, self.recall)

    def expand(self, personas: PersonasToCompare) -> Deduplicated:
        """Finds the duplicates, separates kept from dropped, and names the kept ones that represent the dropped."""
        new, existing = new_and_existing(personas)
        packed = new | "Pack" >> beam.MapTuple(pack_personas).with_output_types(KeyedPayload)
        rows = (packed, *existing) | "Rows" >> beam.Flatten() if existing else packed
        layout = PersonaLayout(self.blocks)
        compared = personas.compared if isinstance(personas, Prepared) and self.plan.kind != "prefix" else rows
        found = compared | "FindDuplicates" >> FindDuplicates(
            plan=self.plan,
            layout=layout,
            partitions=partitions_for(self.blocks) if self.partitions is None else self.partitions,
            rounds=rounds_for(self.blocks) if self.rounds is None else self.rounds,
            floor=NEW,
        )
        lookups = found.decisions | "LookUp" >> beam.FlatMap(lookups_of_kept, layout).with_output_types(KeyedArrays)
        sides = (
            {"personas": rows, "decisions": found.decisions, "lookups": lookups}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Drop"
            >> beam.ParDo(DropFromBlock(layout))
            .with_output_types(Any, dropped=KeyedPayload, names=KeyedPayload)
            .with_outputs("dropped", "names", main="kept")
        )
        duplicates = (
            {side: sides[side] for side in ("dropped", "names")}
            | "ByKept" >> beam.CoGroupByKey()
            | "Name" >> beam.FlatMapTuple(named_duplicates).with_output_types(Batch[Duplicate])
        )
        counts = (
            *count_records(MINHASH_DEDUP, "personas", new),
            *count_records(MINHASH_DEDUP, "kept", sides["kept"]),
            *count_records(MINHASH_DEDUP, "duplicate-", duplicates, field="kind"),
        )
        return Deduplicated(sides["kept"], duplicates, counts)


def new_and_existing(
    personas: PersonasToCompare,
) -> tuple[beam.PCollection[PersonaBlock], tuple[beam.PCollection[KeyedPayload], ...]]:
    """(the new ones, rows of what a hub holds)."""
    if isinstance(personas, beam.PCollection):
        return personas, ()
    return (personas.personas, personas.existing) if isinstance(personas, Prepared) else (personas[0], personas[1:])


class DroppedPersona(NamedTuple):
    """A persona that is dropped."""

    representative: int  # the rank of the kept persona
    similarity: float
    persona: Persona


class DropFromBlock(beam.DoFn):
    """One block -> kept personas; aside the dropped, by block of the kept one, and the kept ones that are looked up."""

    def __init__(self, layout: PersonaLayout):
        self.layout = layout
        self.tally = Tally(MINHASH_DEDUP)

    def process(self, element: tuple[int, dict[str, list[bytes]]]) -> Iterator[Any]:
        """Batches of at most ARRAY_RECORDS, by persona id."""
        block, sides = element
        decisions = unpack_decisions(sides["decisions"])
        where = zip(
            self.layout.locate(decisions.kept).tolist(),
            decisions.kept.tolist(),
            decisions.similarity.tolist(),
            strict=True,
        )
        gone = dict(zip(decisions.dropped.tolist(), where, strict=True))
        sought = {rank for packed in sides["lookups"] for rank in unpack_arrays(packed)[0].tolist()}
        kept: list[Persona] = []
        dropped: dict[int, list[DroppedPersona]] = {}
        names: dict[int, tuple[str, str]] = {}  # (id, text) by rank
        for rows in map(decode_rows, sides["personas"]):
            if isinstance(rows, ExistingRows):
                names |= rows.named(sought) if sought else {}
                continue
            for rank, persona in zip(ranks_of(rows).tolist(), rows, strict=True):
                if rank in sought:
                    names[rank] = (persona.persona_id, persona.text)
                if rank in gone:
                    block_of_kept, representative, similarity = gone[rank]
                    dropped.setdefault(block_of_kept, []).append(DroppedPersona(representative, similarity, persona))
                else:
                    kept.append(persona)
        self.tally.inc("kept", len(kept))
        self.tally.inc("duplicates", sum(map(len, dropped.values())))
        for batch in batches(sorted(kept, key=lambda persona: persona.persona_id), ARRAY_RECORDS):
            yield block, batch
        for block_of_kept, gone_there in dropped.items():
            yield TaggedOutput("dropped", (block_of_kept, pickle.dumps(gone_there)))
        if names:
            yield TaggedOutput("names", (block, pickle.dumps(names)))


def named_duplicates(_: int, sides: dict[str, list[bytes]]) -> Iterator[Batch[Duplicate]]:
    """The dropped personas that one block's kept ones represent, with the ids of those, by persona id."""
    names: dict[int, tuple[str, str]] = {}
    for packed in sides["names"]:
        names.update(pickle.loads(packed))
    duplicates = []
    for packed in sides["dropped"]:
        dropped: list[DroppedPersona] = pickle.loads(packed)
        kept = [names[each.representative] for each in dropped]
        similarity = [each.similarity for each in dropped]
        texts = [each.persona.text for each in dropped]
        near = fill_similarities(similarity, texts, [text for _, text in kept])
        for each, (kept_id, _text), nearness in zip(dropped, kept, near, strict=True):
            duplicates.append(Duplicate.of(each.persona, kept_id, "text", nearness))
    yield from batches(sorted(duplicates, key=lambda duplicate: duplicate.persona_id), ARRAY_RECORDS)
