"""takedown: a hub without what came of some sources, and what stands in their place."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import apache_beam as beam

from persona_hub.pipelines.cli.command_options import TakedownOptions
from persona_hub.pipelines.cli.exit_status import DONE, JobError
from persona_hub.pipelines.cli.log_lines import say, say_lines
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.embedders import across_of, check_embedder
from persona_hub.pipelines.planning.models import called_models, embedder_of
from persona_hub.pipelines.planning.named_sources import SHOWN_SOURCES, named_sources, some_of
from persona_hub.pipelines.planning.plan import code_version
from persona_hub.pipelines.planning.sizing import blocks_for, shards_for
from persona_hub.pipelines.planning.store_choice import absolute
from persona_hub.pipelines.planning.trust import continued
from persona_hub.pipelines.purge import run_purge
from persona_hub.pipelines.reporting.affected_samples import FILE, FOLDER, list_samples
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.cluster_personas.cluster_personas import ClusterPersonas, PersonasAndVectors
from persona_hub.transforms.counting.counts import count_records
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import TAKE_DOWN
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.persona_rows import pack_existing
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embedding.across_languages import AcrossLanguages
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.hub.clusters import ReadClusters
from persona_hub.transforms.hub.manifest import Manifest, fingerprint, version_name
from persona_hub.transforms.hub.showing.samples import personas_gone
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.tombstones import REMOVED_DOCUMENT, REMOVED_PERSONA, REMOVED_SOURCE
from persona_hub.transforms.hub.vectors import WriteVectors
from persona_hub.transforms.hub.versions import Hub, list_versions, open_hub, path_of
from persona_hub.transforms.minhash_dedup.minhash_dedup import MinHashDedup
from persona_hub.transforms.read_hub.existing_hub import existing_vectors
from persona_hub.transforms.records import Tombstone, excerpt
from persona_hub.transforms.store.registry import NO_STORE
from persona_hub.transforms.take_down.moved_attributes import MovedAttributes
from persona_hub.transforms.take_down.naming import FoundNames, find_names, one_of_several
from persona_hub.transforms.take_down.take_down import TakeDown
from persona_hub.transforms.write_hub.attributes_of import AttributesOf
from persona_hub.transforms.write_hub.write_hub import HubContents, WriteHub

RECORDED_SOURCES = 100  # in a manifest; the table `removed` has all of them


def take_down_sources(options: TakedownOptions, beam_flags: Sequence[str]) -> int:
    """Takes down; returns the exit code."""
    return run_job(partial(plan_takedown, options), options, beam_flags)


def plan_takedown(options: TakedownOptions, where: Where) -> TakedownJob:
    """The plan of a takedown. Raises ValueErrors that name the flag and the remedy."""
    hub = open_hub(options.hub)
    asked = continued(options, hub)
    if asked.response_store not in ("", NO_STORE):
        absolute(asked.response_store)  # one that is no address is reported before anything is done
    given, earlier = named_sources(asked), hub.tombstones().unwanted
    if given - earlier:
        check_embedder(asked, hub, where)
    names = find_names(tables_of_documents(hub), given - earlier, earlier)
    if names.strange == given:
        raise JobError(
            f"{hub.output}: no document has {some_of(names.strange)}; nothing is taken down, and no version is made. "
            f"{meant_by(names)}`persona-hub versions --sources` lists what there is"
        )
    sources = (names.found | names.strange) - earlier if names.found - earlier else frozenset[str]()
    say_several(names)
    return TakedownJob(
        options=asked,
        hub=hub,
        named=(given & earlier) | names.found | sources,
        sources=sources,
        names=names,
        embedder=embedder_of(asked, where) if sources else EmbedderConfig(),
        across=across_of(asked) if sources else None,
        runner=where.runner,
    )


def tables_of_documents(hub: Hub) -> Iterator[str]:
    """Paths of the tables of documents: of the version, then of the others, which a purge erases in, too."""
    own = hub.paths("documents")
    yield from own
    every = {entry.path for made in list_versions(hub.output) for entry in made.files_of("documents")}
    yield from sorted({path_of(hub.output, path) for path in every} - set(own))


def say_several(names: FoundNames) -> None:
    """Says which of the names are ids that several files have."""
    several = sorted(names.files.items())
    lines = [f"note          {one_of_several(name, files)}" for name, files in several[:SHOWN_SOURCES]]
    if len(several) > SHOWN_SOURCES:
        lines.append(f"note          so are {len(several) - SHOWN_SOURCES:,} more of the names")
    if lines:
        say_lines(lines)


def meant_by(names: FoundNames) -> str:
    """What the hub calls that which some of the strange names may mean, as a sentence; "" where nothing is like it."""
    shown = sorted(names.strange)[:SHOWN_SOURCES]
    like = list(dict.fromkeys(one for name in shown for one in names.like(name)))[:SHOWN_SOURCES]
    return f"The hub has {', '.join(map(excerpt, like))}. " if like else ""


@dataclass(frozen=True, kw_only=True)
class TakedownJob:
    """Makes a version without what came of some sources, and with --purge erases their text."""

    options: TakedownOptions  # those that were not given are as the hub was built
    hub: Hub
    named: frozenset[str]  # sources that are gone afterwards, those of takedowns before among them
    sources: frozenset[str]  # without those
    names: FoundNames  # what the hub has of those that were given and were not taken down before
    embedder: EmbedderConfig
    across: AcrossLanguages | None
    runner: str

    @property
    def store(self) -> str:
        """The embedder's store, if it is a paid one."""
        return self.embedder.calls.store if self.embedder.calls else ""

    @property
    def called(self) -> Sequence[CalledModel]:
        """The embedder."""
        return called_models(None, self.embedder, self.hub)

    @property
    def done(self) -> bool:
        """Whether all sources were taken down before."""
        return not self.sources

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        options, hub, sources = self.options, self.hub, self.sources
        draft = draft_takedown(options, hub, sources, self.runner)
        blocks = options.partitions or blocks_for(hub.manifest.records_of("personas"))

        taken = p | "TakeDown" >> TakeDown(hub=hub, sources=sources, earlier=hub.tombstones().unwanted, blocks=blocks)
        existing = taken.staying | "Existing" >> beam.MapTuple(pack_existing).with_output_types(KeyedPayload)
        texts = (taken.restored, existing) | "MinHashDedup" >> MinHashDedup(
            threshold=options.minhash_threshold, bucket_keys=options.bucket_keys, blocks=blocks
        )
        stored = existing_vectors(p, hub, blocks, existing)
        meanings = (texts.kept, stored) | "EmbedDedup" >> EmbedDedup(
            threshold=options.embedding_threshold, embedder=self.embedder, blocks=blocks, across=self.across
        )
        people = (taken.staying, meanings.kept)
        clustered = (
            PersonasAndVectors(
                people, meanings.vectors, (stored.vectors,), (p | "ReadClusters" >> ReadClusters(hub=hub),)
            )
            | "ClusterPersonas" >> ClusterPersonas()
        )
        moved = taken.moved | "MovedAttributes" >> MovedAttributes(hub=hub, blocks=blocks)
        tables = {
            "personas": (taken.moved, meanings.kept | "Restored" >> beam.Values()) | "Personas" >> beam.Flatten(),
            "members": clustered.members,
            "clusters": clustered.clusters,
            "duplicates": (texts.duplicates, meanings.duplicates) | "Duplicates" >> beam.Flatten(),
            "attributes": (moved, meanings.kept | "AttributesOf" >> AttributesOf()) | "Attributes" >> beam.Flatten(),
            "removed": taken.removed,
        }
        vectors = meanings.vectors | "WriteVectors" >> WriteVectors(
            output=options.hub, folder=draft.folder, blocks=blocks
        )
        counts = count_records(TAKE_DOWN, "attributes", moved)
        contents = HubContents(tables, {}, (taken, texts, meanings, clustered), (vectors,), counts)
        _ = contents | "WriteHub" >> WriteHub(
            output=options.hub,
            draft=draft,
            pii="keep",
            shards=shards_for(hub.manifest.records_of("personas")),
            needs=(),
        )

    def report(self) -> int:
        """Says what went and what came back; then purges, if that is asked for."""
        options = self.options
        if self.done:
            rest = "" if options.purge else "; nothing is to be done (--purge erases the text that files still hold)"
            say(f"{options.hub}: version {self.hub.manifest.version} is without these sources already{rest}")
            for line in lists_made_good(self.hub, self.named):
                say_lines([line])
        else:
            say_lines(takedown_summary(open_hub(options.hub), options.purge))
        if strange := self.names.strange:
            noted = "" if self.done else "; later refreshes will skip them"
            like = f". {meant_by(self.names)}".rstrip(". ")
            sources = f"{quantity(len(strange), 'source')}, as {some_of(strange)}"
            say_lines([f"no document   of {sources}{noted}{like}"])
        return run_purge(options, self.named) if options.purge else DONE


def draft_takedown(options: TakedownOptions, hub: Hub, sources: frozenset[str], runner: str) -> Manifest:
    """The manifest, but for what the job finds out. Parameters stay the hub's: a refresh takes them from here."""
    content = fingerprint({"takedown": sources, "of": hub.manifest.version})
    given = {"source": sorted(sources)} if len(sources) <= RECORDED_SOURCES else {"sources": len(sources)}
    return Manifest(
        version=version_name(hub.manifest.version, content),
        parent=hub.manifest.version,
        base=hub.manifest.version,
        fingerprint=content,
        files=hub.manifest.files,
        hidden=hub.manifest.hidden,
        parameters={**hub.manifest.parameters, **given, "partitions": options.partitions},
        prompts=hub.manifest.prompts,
        models=hub.manifest.models,
        usage=hub.manifest.usage,
        runner=runner,
        code_version=code_version(),
    )


def takedown_summary(hub: Hub, is_purged: bool = False) -> Iterator[str]:
    """What went, what came back, and which samples were made from those gone; a purge says itself what is left."""
    manifest = hub.manifest
    counts = manifest.counts["take_down"]
    removed = [row for path in hub.own_paths("removed") for row in read_file(path, Tombstone)]
    documents = sum(row.kind == REMOVED_DOCUMENT for row in removed)
    if not documents:
        yield "no document goes: each stays by another address; later refreshes will skip these sources"
    yield (
        f"{quantity(documents, 'document')} and "
        f"{quantity(counts.get('gone', 0), 'persona')} gone, "
        f"{counts.get('supported', 0):,} kept because another document supports them, "
        f"{manifest.counts.get('embed_dedup', {}).get('kept', 0):,} came back that had been near-duplicates"
    )
    if not is_purged:
        personas = quantity(manifest.records_of("personas"), "persona")
        yield f"hub           {path_of(hub.output, manifest.folder)}  ({personas})"
    gone = {row.key for row in removed if row.kind == REMOVED_PERSONA}
    yield from listed_samples(hub, manifest.version, gone)


def listed_samples(hub: Hub, version: str, gone: AbstractSet[str]) -> Iterator[str]:
    """Writes the list of the samples that were made from those gone with a version, and says where it is."""
    if listed := list_samples(hub.output, version, gone):
        where = path_of(hub.output, f"{FOLDER}/{version}/{FILE}")
        yield f"samples       {where}  ({len(listed):,} made from those gone)"


def lists_made_good(hub: Hub, named: frozenset[str]) -> Iterator[str]:
    """The lists of the takedowns of `named`, which one that was killed after it had published has not written."""
    still_gone: frozenset[str] | None = None
    for version, entries in groupby(hub.manifest.files_of("removed"), lambda entry: entry.folder.rpartition("/")[2]):
        rows = [row for entry in entries for row in read_file(path_of(hub.output, entry.path), Tombstone)]
        if any(row.kind == REMOVED_SOURCE and row.key in named for row in rows):
            still_gone = personas_gone(hub) if still_gone is None else still_gone
            gone = {row.key for row in rows if row.kind == REMOVED_PERSONA}
            yield from listed_samples(hub, version, gone & still_gone)


if __name__ == "__main__":
    sys.exit(run_command("takedown", take_down_sources))
