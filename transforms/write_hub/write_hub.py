"""What a build leaves: the hub's tables, the counts that must add up, and the moment from which readers see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from persona_hub.transforms.counting.counts import Count, CountDeadLetters, Equation
from persona_hub.transforms.hub.manifest import Made
from persona_hub.transforms.hub.schemas import JSON_RECORDS, TABLES
from persona_hub.transforms.records import DeadLetter, Persona, Provenance, Sample
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.write_hub.publish import Publish, WriteRecords
from persona_hub.transforms.write_hub.scrub_dead_letters import ScrubDeadLetters

Collections = Mapping[str, Any]  # PCollections by name

NEWS = ("read_corpus/document", "read_corpus/known-elsewhere")  # a document, or an address of one read before
# What comes into a step goes on, or is counted under the reason why not.
EQUATIONS = (
    Equation("read_corpus", "records", ("document", "repeated", "known", "known-elsewhere", "skipped-*", "lost-*")),
    Equation("read_corpus", "document", ("extract_persona/documents",)),
    Equation("extract_persona", "asked", ("answered", "lost-*")),
    Equation("expand_persona", "personas", ("expanded", "passed-over", "not-expanded-*")),
    Equation("expand_persona", "asked", ("answered", "lost-*")),
    Equation("filter_persona", "personas", ("kept", "lost-*")),
    Equation("unique_personas", "personas", ("unique", "identical")),
    Equation("minhash_dedup", "personas", ("kept", "duplicate-*")),
    Equation("embed_dedup", "personas", ("kept", "duplicate-*", "lost-*")),
    Equation("write_hub", "personas", ("embed_dedup/kept",)),
    Equation(
        "write_hub",
        "documents",
        ("read_corpus/document", "read_corpus/repeated", "read_corpus/known-elsewhere", "read_corpus/skipped-*"),
    ),
    Equation("write_hub", "provenance", ("unique_personas/personas",)),
    Equation("write_hub", "duplicates", ("minhash_dedup/duplicate-*", "embed_dedup/duplicate-*")),
    Equation("write_hub", "dead_letters", ("dead_letters/letters",)),
)


def sample_equations(use_case: str) -> tuple[Equation, ...]:
    """What was asked of the model for a use case is answered or lost."""
    return (Equation(f"synthesize_{use_case}", "asked", ("answered", "lost-*")),)


@dataclass(kw_only=True)
class WriteHub(beam.PTransform):
    """{"tables", "written", "samples", "lost", "counted", "counts"} by name -> the version, or the run, published.

    Tables become Avro in hub/`run`, samples and dead letters JSON Lines in folders of the run. `counted` are the
    collections whose sizes stand in the manifest, by "stage/name" or, by the values of a field, "stage/name{field}";
    several in a tuple are counted together. (Flattened first, all their records would be held once more.)
    "counts" are counts already, "written" entries of files that a step has written. `times` says for how many questions
    a record of a counted collection stands.
    """

    output: str
    run: str
    draft: Made
    pii: str
    shards: int
    times: Mapping[str, int]
    equations: tuple[Equation, ...] = EQUATIONS
    needs: Sequence[str] = NEWS  # a version that adds to another, and has none of these, is not published
    response_store: str = ""
    priced: bool = True

    def expand(self, made: Mapping[str, Collections]) -> beam.PCollection[Made]:
        """Writes, counts, publishes."""
        run = self.run
        files = [
            *made["written"].values(),
            *(
                table | f"Write {name}" >> self.write(f"hub/{run}", name, TABLES[name])
                for name, table in made["tables"].items()
            ),
            *(
                samples | f"Write samples {name}" >> self.write(f"samples/{name}/{run}", "samples", Sample)
                for name, samples in made["samples"].items()
            ),
        ]
        lost = tuple(made["lost"].values()) | "Lost" >> beam.Flatten() | ScrubDeadLetters(pii=self.pii)
        files.append(lost | "Write dead letters" >> self.write(f"dead_letters/{run}", "dead_letters", DeadLetter))
        counts = [
            batches | f"Count {label} {part}" >> count(label, self.times.get(label, 1))
            for label, counted in made["counted"].items()
            for part, batches in enumerate(counted if isinstance(counted, tuple) else (counted,))
        ]
        counts += [lost | "Count reasons" >> CountDeadLetters(), lost | "Count lost" >> count("dead_letters/letters")]
        counts += made.get("counts", {}).values()
        equations = (*self.equations, *(equation for name in made["samples"] for equation in sample_equations(name)))
        return {
            "files": files | "Files" >> beam.Flatten(),
            "counts": counts | "Counts" >> beam.Flatten(),
        } | "Publish" >> Publish(
            output=self.output,
            draft=self.draft,
            equations=equations,
            needs=self.needs,
            response_store=self.response_store,
            priced=self.priced,
        )

    def write(self, folder: str, name: str, record: type) -> WriteRecords:
        """The writer of one table."""
        format = "jsonl" if record in JSON_RECORDS else "avro"
        return WriteRecords(
            output=self.output, folder=folder, prefix=name, record=record, shards=self.shards, format=format
        )


def count(label: str, times: int = 1) -> Count:
    """The count that "stage/name" or "stage/name{field}" stands for."""
    stage, _, name = label.partition("/")
    name, _, field = name.rstrip("}").partition("{")
    return Count(stage=stage, name=name, field=field, times=times)


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
