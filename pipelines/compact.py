"""compact: a chain of versions -> one that names files of its own only, without the rows that it hides."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam

from persona_hub.pipelines.cli.command_options import CompactOptions
from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.plan import code_version
from persona_hub.pipelines.planning.sizing import blocks_for, shards_for
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.job import run_job
from persona_hub.transforms.cluster_personas.cluster_personas import ClusterPersonas, PersonasAndVectors
from persona_hub.transforms.counting.counts import Equation, count_records
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import COMPACT, WRITE_HUB
from persona_hub.transforms.hub.clusters import ReadClusters
from persona_hub.transforms.hub.manifest import Manifest, fingerprint, version_name
from persona_hub.transforms.hub.reading import ReadHub
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.tombstones import NEVER_AGAIN, REMOVED_PERSONA
from persona_hub.transforms.hub.vectors import ReadCentroids, vector_arrays
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.records import Tombstone, Vector
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays
from persona_hub.transforms.write_hub.attributes_of import CompleteAttributes
from persona_hub.transforms.write_hub.write_hub import HubContents, WriteHub

KEYS = {  # of the tables that are read by block
    "personas": "persona_id",
    "provenance": "persona_id",
    "duplicates": "persona_id",
    "documents": "document_id",
    "vectors": "persona_id",
    "attributes": "persona_id",
}
VECTORS = Equation(WRITE_HUB, "vectors", (f"{COMPACT}/vectors",))
REMEMBERED = (*NEVER_AGAIN, REMOVED_PERSONA)  # tombstones that hide nothing any more: a purge must know whom they took


def compact_hub(options: CompactOptions, beam_flags: Sequence[str]) -> int:
    """Folds the versions; returns the exit code."""
    return run_job(
        lambda where: CompactJob(open_hub(options.hub), options.partitions, where.runner), options, beam_flags
    )


@dataclass(frozen=True)
class CompactJob:
    """Folds the versions that a hub's current one came from."""

    hub: Hub
    partitions: int
    runner: str
    store: str = ""  # nothing is asked

    @property
    def called(self) -> Sequence[CalledModel]:
        """None."""
        return ()

    @property
    def done(self) -> bool:
        """Whether the version has files of its own only, and all tables that one of this release has."""
        made = self.hub.manifest
        lacks = made.files_of("personas") and not made.files_of("attributes")
        lacks = lacks or (made.files_of("vectors") and not made.files_of("clusters"))
        return not lacks and all(entry.folder == made.folder for entry in made.files)

    def build(self, p: beam.Pipeline) -> None:
        """The DAG: each table, as readers see it."""
        hub, draft = self.hub, draft_compacted(self.hub, self.runner)
        personas = hub.manifest.records_of("personas")
        blocks = self.partitions or blocks_for(personas)

        shown = {
            kind: p | f"Read {kind}" >> ReadHub(hub=hub, blocks=blocks, kind=kind, record=TABLES[kind], key=key)
            for kind, key in KEYS.items()
        }
        both = {kind: shown[kind] for kind in ("personas", "attributes")}
        shown["attributes"] = both | "CompleteAttributes" >> CompleteAttributes()
        clustered = PersonasAndVectors(
            (shown["personas"],),
            shown["vectors"] | "PackVectors" >> beam.MapTuple(packed_vectors).with_output_types(KeyedArrays),
            (),
            (p | "ReadClusters" >> ReadClusters(hub=hub),),
        ) | "ClusterPersonas" >> ClusterPersonas(everybody=True)
        kept = [Tombstone(key, kind) for kind, key in sorted(hub.tombstones().removed) if kind in REMEMBERED]
        shown["removed"] = p | "NeverAgain" >> beam.Create([Batch(kept)] if kept else [], reshuffle=False)

        tables = {
            **shown,
            "centroids": p | "Read centroids" >> ReadCentroids(hub=hub),
            "members": clustered.members,
            "clusters": clustered.clusters,
        }
        counts = tuple(counted for kind, table in shown.items() for counted in count_records(COMPACT, kind, table))
        _ = HubContents(tables, {}, (clustered,), counts=counts) | "WriteHub" >> WriteHub(
            output=hub.output, draft=draft, pii="keep", shards=shards_for(personas), equations=(VECTORS,), needs=()
        )

    def report(self) -> int:
        """Says how many files there were and are."""
        before, output = self.hub.manifest, self.hub.output
        if self.done:
            say(f"{output}: version {before.version} has files of its own only; nothing is to be done")
            return DONE
        after = open_hub(output).manifest
        personas, files = quantity(after.records_of("personas"), "persona"), quantity(len(after.files), "file")
        say(
            f"{output}: version {after.version} has {personas} in {files} where {before.version} has "
            f"{len(before.files):,}; `persona-hub gc --keep 1` removes those"
        )
        return DONE


def packed_vectors(block: int, rows: Batch[Vector]) -> KeyedArrays:
    """A batch of a block's vectors as ids and vectors."""
    return block, pack_arrays(*vector_arrays(rows))


def draft_compacted(hub: Hub, runner: str) -> Manifest:
    """The manifest, but for what the job finds out: it adds nothing to its parent, and takes over no file."""
    before = hub.manifest
    content = fingerprint({"compact": before.version})
    return Manifest(
        version=version_name(before.version, content),
        parent=before.version,
        base=before.version,
        fingerprint=content,
        parameters=before.parameters,
        prompts=before.prompts,
        models=before.models,
        usage=before.usage,
        runner=runner,
        code_version=code_version(),
    )


if __name__ == "__main__":
    sys.exit(run_command("compact", compact_hub))
