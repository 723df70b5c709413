"""takedown: a hub without what came of some sources, and what stands in their place."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

import apache_beam as beam

from pipelines.arguments import inherit
from pipelines.cli import job_main
from pipelines.errors import DONE
from pipelines.held import held_vectors
from pipelines.jobs import JOB_BY_NAME
from pipelines.models import Flags
from pipelines.plan import code_version, plain
from pipelines.progress import progress
from pipelines.running import beam_options, run_pipeline, runner_name
from pipelines.sizing import blocks_for, shards_for
from pipelines.tables import WriteHub
from transforms.count import Equation
from transforms.embed_dedup import EmbedDedup
from transforms.embedding.protocol import EmbedderConfig
from transforms.hub.files import read_file, whole_file, write_lines
from transforms.hub.manifest import Manifest, fingerprint, version_name
from transforms.hub.reading import read_made
from transforms.hub.tombstones import DOCUMENT, PERSONA
from transforms.hub.vectors import WriteVectors
from transforms.hub.versions import Hub, list_runs, open_hub, path_of
from transforms.minhash_dedup import MinHashDedup
from transforms.records import Removed, Sample
from transforms.take_down import TakeDown

SAMPLES = "samples.jsonl"  # in OUTPUT/takedowns/<version>: samples that were made from personas gone
EQUATIONS = (
    Equation("take_down", "personas", ("held", "gone")),
    Equation("minhash_dedup", "personas", ("kept", "duplicate-*")),
    Equation("embed_dedup", "personas", ("kept", "duplicate-*")),
    Equation("write_hub", "personas", ("embed_dedup/kept", "take_down/moved")),
    Equation("write_hub", "removed", ("take_down/removed",)),
)


def run(flags: Flags, beam_flags: Sequence[str]) -> int:
    """Takes down; returns the exit code."""
    options = beam_options(beam_flags)
    output = flags["hub"]
    hub = open_hub(output)
    asked = inherit(JOB_BY_NAME["takedown"], flags, hub.manifest.parameters)
    sources = frozenset(asked["source"]) - hub.tombstones().unwanted
    if not sources:
        print(f"{output}: version {hub.manifest.version} is without these sources already; nothing is to be done")
        return DONE
    draft = draft_of(asked, hub, sources, runner_name(options))
    with progress():
        run_pipeline(partial(build, flags=asked, hub=hub, sources=sources, draft=draft), options)
    print("\n".join(summary(open_hub(output))))
    return DONE


def build(p: beam.Pipeline, flags: Flags, hub: Hub, sources: frozenset[str], draft: Manifest) -> None:
    """The DAG."""
    blocks = flags["partitions"] or blocks_for(hub.manifest.records_of("personas"))

    taken = p | "TakeDown" >> TakeDown(hub=hub, sources=sources, earlier=hub.tombstones().unwanted, blocks=blocks)
    texts = (taken.restored, taken.held) | "MinHashDedup" >> MinHashDedup(
        threshold=flags["minhash_threshold"], bucket_keys=flags["bucket_keys"], blocks=blocks
    )
    meanings = (texts.kept, held_vectors(p, hub, blocks, taken.held)) | "EmbedDedup" >> EmbedDedup(
        threshold=flags["embedding_threshold"], embedder=EmbedderConfig(flags["embedder"]), blocks=blocks
    )
    vectors = WriteVectors(output=flags["hub"], folder=draft.folder, blocks=blocks)

    made = {
        "tables": {
            "personas": (taken.moved, meanings.kept | "Restored" >> beam.Values()) | "Personas" >> beam.Flatten(),
            "duplicates": (texts.duplicates, meanings.duplicates) | "Duplicates" >> beam.Flatten(),
            "removed": taken.removed,
        },
        "written": {"vectors": meanings.vectors | "WriteVectors" >> vectors},
        "samples": {},
        "lost": {"nothing": p | "Nothing" >> beam.Create([], reshuffle=False)},
        "counted": {
            "take_down/personas": (taken.held, taken.gone),
            "take_down/held": taken.held,
            "take_down/gone": taken.gone,
            "take_down/moved": taken.moved,
            "take_down/restored": taken.restored,
            "take_down/removed": taken.removed,
            "hidden/personas": (taken.gone, taken.moved),
            "minhash_dedup/personas": taken.restored,
            "minhash_dedup/kept": texts.kept,
            "minhash_dedup/duplicate-{kind}": texts.duplicates,
            "embed_dedup/personas": texts.kept,
            "embed_dedup/kept": meanings.kept,
            "embed_dedup/duplicate-{kind}": meanings.duplicates,
        },
    }
    _ = made | "WriteHub" >> WriteHub(
        output=flags["hub"],
        run=draft.version,
        draft=draft,
        pii="keep",
        shards=shards_for(hub.manifest.records_of("personas")),
        times={},
        equations=EQUATIONS,
        needs=(),
    )


def draft_of(flags: Flags, hub: Hub, sources: frozenset[str], runner: str) -> Manifest:
    """The manifest, but for what the job finds out. Parameters stay the hub's: a refresh takes them from here."""
    content = fingerprint({"takedown": sources, "of": hub.manifest.version})
    return Manifest(
        version=version_name(hub.manifest.version, content),
        parent=hub.manifest.version,
        base=hub.manifest.version,
        fingerprint=content,
        files=hub.manifest.files,
        hidden=hub.manifest.hidden,
        parameters={**hub.manifest.parameters, **plain({"source": sorted(sources), "partitions": flags["partitions"]})},
        prompts=hub.manifest.prompts,
        models=hub.manifest.models,
        usage=hub.manifest.usage,
        runner=runner,
        code_version=code_version(),
    )


def summary(hub: Hub) -> Iterator[str]:
    """What went, what came back, and which samples were made from those gone."""
    manifest = hub.manifest
    counts = manifest.counts["take_down"]
    removed = [row for path in hub.own_paths("removed") for row in read_file(path, Removed)]
    documents = sum(row.kind == DOCUMENT for row in removed)
    if not documents:
        yield "no document of this hub goes with these sources (table `documents` has them); no refresh reads them"
    yield (
        f"{documents:,} documents and "
        f"{counts.get('gone', 0):,} personas gone, {counts.get('moved', 0):,} stay by another document, "
        f"{manifest.counts.get('embed_dedup', {}).get('kept', 0):,} near-duplicates came back"
    )
    yield f"hub           {path_of(hub.output, manifest.folder)}  ({manifest.records_of('personas'):,} personas)"
    folder = path_of(hub.output, f"takedowns/{manifest.version}")
    by_use_case: Counter[str] = Counter()
    with whole_file(folder, SAMPLES) as file:
        gone = {row.key for row in removed if row.kind == PERSONA}
        write_lines(file, counted(samples_of(hub, gone), by_use_case))
    if by_use_case:
        yield f"samples       {path_of(folder, SAMPLES)}  ({sum(by_use_case.values()):,} were made from those gone)"


def counted(rows: Iterator[dict[str, object]], tally: Counter[str]) -> Iterator[dict[str, object]]:
    """The rows, counted by use case as they pass."""
    for row in rows:
        tally[str(row["use_case"])] += 1
        yield row


def samples_of(hub: Hub, gone: AbstractSet[str]) -> Iterator[dict[str, object]]:
    """Where the samples lie that were made from personas which are gone; not their texts."""
    for use_case, run in list_runs(hub.output):
        for sample in read_made(hub.output, run, "samples", Sample):
            if sample.persona_id in gone:
                yield {
                    "use_case": use_case,
                    "run": run.run,
                    "persona_id": sample.persona_id,
                    "number": sample.number,
                }


if __name__ == "__main__":
    sys.exit(job_main("takedown"))
