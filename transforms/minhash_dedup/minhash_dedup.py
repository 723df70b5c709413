"""MinHashDedup: personas -> those whose words differ from all that are kept, and the near-duplicates among them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np

from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import MINHASH_DEDUP
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.find_duplicates import FindDuplicates, partitions_for
from persona_hub.transforms.dedup.near_duplicates import Compared, checked_plan
from persona_hub.transforms.dedup.persona_rows import (
    PersonaLayout,
    is_held,
    pack_personas,
    similarities,
    unpack_held,
    unpack_personas,
)
from persona_hub.transforms.dedup.representatives import rounds_for
from persona_hub.transforms.dedup.rows import Packed, by_block
from persona_hub.transforms.records import Duplicate, Persona
from persona_hub.transforms.similarity.plan import RECALL
from persona_hub.transforms.similarity.ranks import NEW, ranks_of
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches
from persona_hub.transforms.wire.packing import unpack_arrays

ByBlock = tuple[int, Batch[Persona]]


class Prepared(NamedTuple):
    """New personas and rows of a hub, as `MinHashDedup` takes them, with what `BucketPersonas` has made of them all."""

    personas: beam.PCollection[ByBlock]
    held: tuple[beam.PCollection[Packed], ...]
    compared: tuple[Compared, ...]


Personas = beam.PCollection[ByBlock] | tuple[beam.PCollection[Any], ...] | Prepared


class Deduplicated(NamedTuple):
    """What is kept and what is not, each persona that came in once."""

    kept: beam.PCollection[ByBlock]
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
    tuple: those, then by block the rows of what a hub holds (`persona_rows.pack_held`), which win and do not come out;
    or to `Prepared`, whose keys are not made again. A persona without a word is kept. A threshold of 1.0 drops equal
    sets of words only. `partitions` and `rounds` go by the blocks unless told.
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

    def expand(self, personas: Personas) -> Deduplicated:
        """Finds the duplicates, parts kept from dropped, and names the kept ones that stand for the dropped."""
        new, held = parted(personas)
        packed = new | "Pack" >> beam.MapTuple(pack_personas).with_output_types(Packed)
        rows = (packed, *held) | "Rows" >> beam.Flatten() if held else packed
        layout = PersonaLayout(self.blocks)
        compared = personas.compared if isinstance(personas, Prepared) and self.plan.kind != "prefix" else rows
        found = compared | "FindDuplicates" >> FindDuplicates(
            plan=self.plan,
            layout=layout,
            partitions=partitions_for(self.blocks) if self.partitions is None else self.partitions,
            rounds=rounds_for(self.blocks) if self.rounds is None else self.rounds,
            floor=NEW,
        )
        wanted = found.decisions | "Wanted" >> beam.FlatMap(wanted_names, layout).with_output_types(Packed)
        sides = (
            {"personas": rows, "decisions": found.decisions, "wanted": wanted}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Part"
            >> beam.ParDo(Part(layout))
            .with_output_types(Any, dropped=Packed, names=Packed)
            .with_outputs("dropped", "names", main="kept")
        )
        duplicates = (
            {side: sides[side] for side in ("dropped", "names")}
            | "ByKept" >> beam.CoGroupByKey()
            | "Name" >> beam.FlatMapTuple(name_kept).with_output_types(Batch[Duplicate])
        )
        counts = (
            *count_records(MINHASH_DEDUP, "personas", new),
            *count_records(MINHASH_DEDUP, "kept", sides["kept"]),
            *count_records(MINHASH_DEDUP, "duplicate-", duplicates, field="kind"),
        )
        return Deduplicated(sides["kept"], duplicates, counts)


def parted(personas: Personas) -> tuple[beam.PCollection[ByBlock], tuple[beam.PCollection[Packed], ...]]:
    """(the new ones, rows of what a hub holds)."""
    if isinstance(personas, beam.PCollection):
        return personas, ()
    return (personas.personas, personas.held) if isinstance(personas, Prepared) else (personas[0], personas[1:])


def wanted_names(element: Packed, layout: PersonaLayout) -> Iterator[Packed]:
    """(block of the kept, the ranks there whose ids are asked for)."""
    kept = np.unique(unpack_arrays(element[1])[1])
    yield from by_block(layout, kept, kept)


class Part(beam.DoFn):
    """One block -> kept personas; aside the dropped, by block of their kept ones, and the kept ones asked for."""

    def __init__(self, layout: PersonaLayout):
        self.layout = layout
        self.tally = Tally(MINHASH_DEDUP)

    def process(self, element: tuple[int, dict[str, list[bytes]]]) -> Iterator[Any]:
        """Batches of at most ARRAY_RECORDS, by persona id."""
        block, sides = element
        gone: dict[int, tuple[int, float]] = {}
        for packed in sides["decisions"]:
            ranks, kept_ranks, similarity = (column.tolist() for column in unpack_arrays(packed))
            gone.update(zip(ranks, zip(kept_ranks, similarity, strict=True), strict=True))
        wanted = {rank for packed in sides["wanted"] for rank in unpack_arrays(packed)[0].tolist()}
        kept: list[Persona] = []
        dropped: dict[int, list[tuple[int, float, Persona]]] = {}
        names: dict[int, tuple[str, str]] = {}
        for payload in sides["personas"]:
            if is_held(payload):
                names |= unpack_held(payload).named(wanted) if wanted else {}
                continue
            personas = unpack_personas(payload)
            for rank, persona in zip(ranks_of(personas).tolist(), personas, strict=True):
                if rank in wanted:
                    names[rank] = (persona.persona_id, persona.text)
                if rank in gone:
                    keeper, similarity = gone[rank]
                    home = int(self.layout.locate(np.array([keeper], np.uint64))[0])
                    dropped.setdefault(home, []).append((keeper, similarity, persona))
                else:
                    kept.append(persona)
        self.tally.inc("kept", len(kept))
        self.tally.inc("duplicates", sum(map(len, dropped.values())))
        for batch in batches(sorted(kept, key=lambda persona: persona.persona_id), ARRAY_RECORDS):
            yield block, batch
        for home, rows in dropped.items():
            yield beam.pvalue.TaggedOutput("dropped", (home, pickle.dumps(rows)))
        if names:
            yield beam.pvalue.TaggedOutput("names", (block, pickle.dumps(names)))


def name_kept(_: int, sides: dict[str, list[bytes]]) -> Iterator[Batch[Duplicate]]:
    """The dropped of one block of kept ones, with the ids of those, by persona id."""
    names: dict[int, tuple[str, str]] = {}
    for packed in sides["names"]:
        names.update(pickle.loads(packed))
    duplicates = []
    for packed in sides["dropped"]:
        keepers, found, personas = zip(*pickle.loads(packed), strict=True)
        kept = [names[keeper] for keeper in keepers]
        nearness = similarities(found, [persona.text for persona in personas], [text for _, text in kept])
        for persona, (kept_id, _text), near in zip(personas, kept, nearness, strict=True):
            duplicates.append(Duplicate.of(persona, kept_id, "text", near))
    yield from batches(sorted(duplicates, key=lambda duplicate: duplicate.persona_id), ARRAY_RECORDS)
