"""Novelty: how many new personas a run keeps for each document and for each dollar, by hop and by source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from persona_hub.transforms.counting.counts import Key
from persona_hub.transforms.counting.sources import source_of
from persona_hub.transforms.counting.stages import NOVELTY
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.records import Document, Persona
from persona_hub.transforms.wire.batches import Batch

SOURCES = 100  # in a manifest, those with the most documents
# These begin the names of counts, and a source or a hop ends them.
DOCUMENTS, KEPT, HOP, NEW, ANSWERS = "documents ", "kept ", "hop ", "new ", "answers "


@dataclass(kw_only=True)
class Novelty(beam.PTransform):
    """(documents that went on to the model, personas kept by block) -> counts by hop, and by the `sources` largest."""

    sources: int = SOURCES

    def expand(
        self, sides: tuple[beam.PCollection[Batch[Document]], beam.PCollection[tuple[int, Batch[Persona]]]]
    ) -> beam.PCollection[tuple[Key, int]]:
        """Counts of batches, added up by source."""
        documents, kept = sides
        hops = kept | "Hops" >> beam.FlatMapTuple(count_hops).with_output_types(tuple[Key, int])
        by_source = (
            (
                documents | "Read" >> beam.FlatMap(count_sources, 0).with_output_types(tuple[str, tuple[int, int]]),
                kept | "Kept" >> beam.FlatMapTuple(kept_sources).with_output_types(tuple[str, tuple[int, int]]),
            )
            | "Both" >> beam.Flatten()
            | "BySource" >> beam.CombinePerKey(beam.combiners.TupleCombineFn(sum, sum))
            | "Largest" >> beam.combiners.Top.Of(self.sources, key=size_of)
            | "AsCounts" >> beam.FlatMap(as_counts).with_output_types(tuple[Key, int])
        )
        return (hops, by_source) | "Counts" >> beam.Flatten()


def count_hops(_: int, batch: Batch[Persona]) -> Iterator[tuple[Key, int]]:
    """Personas of a batch by hop."""
    for hop, n in sorted(Counter(persona.hop for persona in batch).items()):
        yield (NOVELTY, f"{HOP}{hop}"), n


def count_sources(batch: Batch[Any], column: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """(source, (documents, personas)) of a batch, which counts in one of the two columns."""
    for source, n in sorted(Counter(source_of(record.source) for record in batch).items()):
        yield source, (n * (column == 0), n * (column == 1))


def kept_sources(_: int, batch: Batch[Persona]) -> Iterator[tuple[str, tuple[int, int]]]:
    """As `count_sources`, of personas."""
    yield from count_sources(batch, 1)


def size_of(row: tuple[str, tuple[int, int]]) -> tuple[int, int, str]:
    """Order of sources: by documents, then by personas; equals by name, so that every runner takes the same ones."""
    source, (documents, kept) = row
    return documents, kept, source


def as_counts(rows: list[tuple[str, tuple[int, int]]]) -> Iterator[tuple[Key, int]]:
    """The sources as counts, as `rates` reads them."""
    for source, (documents, kept) in rows:
        yield (NOVELTY, f"{DOCUMENTS}{source}"), documents
        yield (NOVELTY, f"{KEPT}{source}"), kept


def costs_of(versions: Iterable[Manifest]) -> dict[str, float]:
    """US dollars by stage that had been paid when the last of some versions was published: a store counts on and on."""
    costs: dict[str, float] = {}
    for version in versions:
        for stage, row in version.usage.items():
            costs[stage] = max(costs.get(stage, 0.0), row.get("cost_usd", 0.0))
    return costs


def paid_for(made: Manifest, versions: Iterable[Manifest]) -> float:
    """US dollars that were paid for what a version adds, over all its attempts; `versions` are those of its hub.

    It is what the store has counted since the versions of other content. Attempts share their fingerprint; one that was
    killed has left no version, and its answers are used all the same.
    """
    before = costs_of(version for version in versions if version.fingerprint != made.fingerprint)
    return sum(cost - before.get(stage, 0.0) for stage, cost in costs_of([made]).items())


def rates(counts: Mapping[str, int], documents: int, cost_usd: float) -> dict[str, Any]:
    """New personas for each document, and for each dollar where one was paid: of all, by hop, and by source.

    `counts` are those of `Novelty` and, by hop, "answers" of the model and the "new" ones of them, whom nobody earlier
    resembles in words; `documents` those that went on to the model, `cost_usd` what was paid, 0 where nobody knows.
    """
    kept = sum(n for name, n in counts.items() if name.startswith(HOP))
    rate: dict[str, Any] = {"personas": kept, "per_document": ratio(kept, documents)}
    if cost_usd > 0:
        rate["per_dollar"] = ratio(kept, cost_usd)
    rate["by_hop"] = {hop: of_hop(hop, counts, documents) for hop in hops_of(counts)}
    rate["by_source"] = {
        source: {"documents": n, "personas": found, "per_document": ratio(found, n)}
        for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if name.startswith(DOCUMENTS)
        for source in [name.removeprefix(DOCUMENTS)]
        for found in [counts.get(f"{KEPT}{source}", 0)]
    }
    return rate


def hops_of(counts: Mapping[str, int]) -> list[str]:
    """The hops that gave a persona, or were asked for one."""
    return sorted({name.removeprefix(kind) for name in counts for kind in (HOP, ANSWERS) if name.startswith(kind)})


def of_hop(hop: str, counts: Mapping[str, int], documents: int) -> dict[str, Any]:
    """What a hop brought. The new ones of a hop are known where there is another after it: "per_answer" is what
    `--stop_below_novelty` goes by.
    """
    found: dict[str, Any] = {"personas": counts.get(f"{HOP}{hop}", 0)}
    found["per_document"] = ratio(found["personas"], documents)
    if answers := counts.get(f"{ANSWERS}{hop}", 0):
        found["answers"] = answers
        new = counts.get(f"{NEW}{hop}")
        if new is not None:
            found |= {"new": new, "per_answer": ratio(new, answers)}
    return found


def ratio(part: float, whole: float) -> float:
    """`part` / `whole`, 0 of nothing."""
    return round(part / whole, 4) if whole else 0.0
