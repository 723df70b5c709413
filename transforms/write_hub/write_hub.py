"""What a job leaves: a hub's tables, the counts that must add up, and the moment from which readers see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.counting.counts import CountDeadLetters, Equation, Sizes, StepResult, count_records
from persona_hub.transforms.counting.losses import MAX_LOST
from persona_hub.transforms.counting.stages import READ_CORPUS, READ_PERSONAS, WRITE_HUB
from persona_hub.transforms.hub.manifest import BaseManifest, FileEntry, Manifest, RunManifest
from persona_hub.transforms.hub.schemas import JSON_RECORDS, TABLES
from persona_hub.transforms.records import DeadLetter, Persona, Provenance, Rejected, Sample
from persona_hub.transforms.synthesize.synthesized import Synthesized
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.write_hub.publish import Publish, WriteRecords
from persona_hub.transforms.write_hub.scrub_dead_letters import ScrubDeadLetters, ScrubRejected

RECORDS_READ = tuple(
    f"{stage}/{outcome}"
    for stage in (READ_CORPUS, READ_PERSONAS)
    for outcome in ("document", "known-elsewhere", "repeated", "skipped-*")
)
NEWS = tuple(
    label for label in RECORDS_READ if label.endswith(("/document", "/known-elsewhere"))
)  # or an address of one known
# What is written was counted by the steps that it comes from, whichever job they belong to.
WRITTEN = (
    Equation(WRITE_HUB, "personas", ("embed_dedup/kept", "take_down/moved", "compact/personas")),
    Equation(WRITE_HUB, "documents", (*RECORDS_READ, "compact/documents")),
    Equation(WRITE_HUB, "provenance", ("unique_personas/personas", "compact/provenance")),
    Equation(WRITE_HUB, "duplicates", ("minhash_dedup/duplicate-*", "embed_dedup/duplicate-*", "compact/duplicates")),
    Equation(WRITE_HUB, "attributes", ("embed_dedup/kept", "take_down/attributes", "compact/attributes")),
    Equation(WRITE_HUB, "members", ("cluster_personas/assigned",)),
    Equation(WRITE_HUB, "clusters", ("cluster_personas/clusters",)),
    Equation(WRITE_HUB, "removed", ("take_down/removed", "compact/removed")),
    Equation(WRITE_HUB, "dead_letters", ("dead_letters/letters",)),
)


class HubContents(NamedTuple):
    """What a job has made, as `WriteHub` takes it."""

    tables: Mapping[str, beam.PCollection[Any]]  # by name, as `hub.schemas.TABLES` has them
    samples: Mapping[str, Synthesized]  # by use case; each is a step, too
    steps: tuple[StepResult, ...] = ()  # whose counts and dead letters are gathered
    files: tuple[beam.PCollection[FileEntry], ...] = ()  # entries of what a step has written itself
    counts: Sizes = ()  # of what is no step's


@dataclass(kw_only=True)
class WriteHub(beam.PTransform):
    """HubContents -> the version, or the run, published.

    Tables become Avro in hub/VERSION, samples and dead letters JSON Lines in folders of the version or run. Nothing is
    published unless the equations of all steps hold, and those of what is written.
    """

    output: str
    draft: Manifest | RunManifest  # complete but for files, counts, usage and time
    pii: str
    shards: int
    equations: tuple[Equation, ...] = ()  # beside those of the steps
    needs: Sequence[str] = NEWS  # a version that adds to another, and has none of these, is not published
    response_store: str = ""
    priced: bool = True
    max_lost: float = MAX_LOST
    own_spend: bool = True

    def expand(self, contents: HubContents) -> beam.PCollection[BaseManifest]:
        """Writes, counts, publishes."""
        run = self.draft.version if isinstance(self.draft, Manifest) else self.draft.run
        steps = (*contents.steps, *contents.samples.values())
        files = [
            *contents.files,
            *(
                table | f"Write {name}" >> self.write(f"hub/{run}", name, TABLES[name])
                for name, table in contents.tables.items()
            ),
            *(
                made.samples | f"Write samples {name}" >> self.write(f"samples/{name}/{run}", "samples", Sample)
                for name, made in contents.samples.items()
            ),
            *(
                made.rejected
                | f"Scrub rejected {name}" >> ScrubRejected(pii=self.pii)
                | f"Write rejected {name}" >> self.write(f"samples/{name}/{run}", "rejected", Rejected)
                for name, made in contents.samples.items()
            ),
        ]
        counts = [*contents.counts, *(counted for step in steps for counted in step.counts)]
        if lost := dead_letters_of(steps):
            letters = lost | "Lost" >> beam.Flatten() | ScrubDeadLetters(pii=self.pii)
            files.append(
                letters | "Write dead letters" >> self.write(f"dead_letters/{run}", "dead_letters", DeadLetter)
            )
            counts += [letters | "Count reasons" >> CountDeadLetters()]
            counts += count_records("dead_letters", "letters", letters)
        return {
            "files": files | "Files" >> beam.Flatten(),
            "counts": counts | "Counts" >> beam.Flatten(),
        } | "Publish" >> Publish(
            output=self.output,
            draft=self.draft,
            equations=(*equations_of(steps), *self.equations),
            needs=self.needs,
            response_store=self.response_store,
            priced=self.priced,
            max_lost=self.max_lost,
            own_spend=self.own_spend,
        )

    def write(self, folder: str, name: str, record: type) -> WriteRecords:
        """The writer of one table."""
        format = "jsonl" if record in JSON_RECORDS else "avro"
        return WriteRecords(
            output=self.output, folder=folder, prefix=name, record=record, shards=self.shards, format=format
        )


def equations_of(steps: Sequence[StepResult]) -> tuple[Equation, ...]:
    """Those of the steps, each once, and those of what is written."""
    return tuple(dict.fromkeys([*(equation for step in steps for equation in step.equations), *WRITTEN]))


def dead_letters_of(steps: Sequence[StepResult]) -> tuple[beam.PCollection[Batch[DeadLetter]], ...]:
    """What the steps have lost."""
    return tuple(step.dead_letters for step in steps if hasattr(step, "dead_letters"))


@dataclass(kw_only=True)
class ProvenanceOf(beam.PTransform):
    """Personas of each hop -> how they came about."""

    def expand(self, hops: tuple[beam.PCollection[Batch[Persona]], ...]) -> beam.PCollection[Batch[Provenance]]:
        """Each hop's rows first: they are a third of the personas' size."""
        rows = [
            personas | f"Hop {hop}" >> beam.Map(provenance_of).with_output_types(Batch)
            for hop, personas in enumerate(hops)
        ]
        return rows | "AllHops" >> beam.Flatten()


def provenance_of(batch: Batch[Persona]) -> Batch[Provenance]:
    """How each persona of a batch came about."""
    return Batch(Provenance(p.persona_id, p.document_id, p.source, p.parent_id, p.relation, p.hop) for p in batch)
