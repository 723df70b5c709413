"""build: corpus -> hub of personas (-> samples)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.models import Flags
from persona_hub.pipelines.planning.plan import BuildPlan, code_version, plain, plan_build
from persona_hub.pipelines.planning.sizing import personas_to_use
from persona_hub.pipelines.reporting.partial import report_partial
from persona_hub.pipelines.reporting.summary import already_done, build_summary, nothing_new
from persona_hub.pipelines.runners.job import run_job
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.expand_persona.expand_persona import LOW_NOVELTY, ExpandPersona, PersonasAndHub
from persona_hub.transforms.extract_persona.extract_persona import ExtractPersona
from persona_hub.transforms.filter_persona.filter_persona import FilterPersona
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.vectors import WriteVectors
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.minhash_dedup.minhash_dedup import MinHashDedup, Prepared
from persona_hub.transforms.read_corpus.documents_table import DocumentsTable
from persona_hub.transforms.read_corpus.read_corpus import ReadCorpus
from persona_hub.transforms.read_hub.held import held_of
from persona_hub.transforms.synthesize.use_cases import Samples
from persona_hub.transforms.write_hub.novelty import Novelty
from persona_hub.transforms.write_hub.write_hub import ProvenanceOf, WriteHub


def build_hub(flags: Flags, beam_flags: Sequence[str]) -> int:
    """Builds the hub; returns the exit code."""
    return run_job(lambda where: BuildJob(plan_build(flags, where), where.runner), flags, beam_flags)


@dataclass(frozen=True)
class BuildJob:
    """Makes the version that is planned: the first of a hub, or with a base the one after it."""

    plan: BuildPlan
    runner: str  # as the manifest names it

    @property
    def store(self) -> str:
        """The store of the model, or else of the embedder."""
        return self.plan.store

    @property
    def done(self) -> bool:
        """Whether the version was published before."""
        return self.plan.done is not None

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        plan, flags = self.plan, self.plan.flags
        accept = FilterPersona(pii=flags["pii"], persona_language=flags["persona_language"])
        held = held_of(p, plan.base, plan.blocks)  # nothing, but for a refresh

        corpus = p | "ReadCorpus" >> ReadCorpus(
            files=plan.files,
            text_field=flags["text_field"],
            languages=frozenset(flags["language"]),
            max_documents=flags["max_documents"],
            known=held.documents,
            unwanted=held.unwanted,
            min_characters=flags["min_characters"],
            max_characters=flags["max_characters"],
        )
        extracted = corpus.documents | "ExtractPersona" >> ExtractPersona(
            model=plan.model,
            prompt=plan.extract,
            personas_per_document=flags["personas_per_document"],
            persona_language=flags["persona_language"],
            sampling=plan.sampling,
        )
        filtered = extracted.personas | "FilterPersona" >> accept
        expanded = PersonasAndHub(filtered.personas, held.kept, held.dropped) | "ExpandPersona" >> ExpandPersona(
            model=plan.model,
            prompt=plan.expand,
            hops=flags["expand_hops"],
            per_persona=flags["expand_per_persona"],
            threshold=flags["minhash_threshold"],
            bucket_keys=flags["bucket_keys"],
            stop_below_novelty=flags["stop_below_novelty"],
            sampling=plan.sampling,
            accept=accept,
            blocks=plan.blocks,
        )
        texts = Prepared(expanded.personas, held.kept, expanded.compared) | "MinHashDedup" >> MinHashDedup(
            threshold=flags["minhash_threshold"], bucket_keys=flags["bucket_keys"], blocks=plan.blocks
        )
        meanings = (texts.kept, *held.vectors) | "EmbedDedup" >> EmbedDedup(
            threshold=flags["embedding_threshold"], embedder=plan.embedder, blocks=plan.blocks
        )
        samples = Samples(
            meanings.kept, plan.use_cases, plan.model, personas_to_use(flags), flags["samples_per_persona"]
        )

        made = {
            "tables": {
                "personas": meanings.kept,
                "centroids": meanings.centroids,
                "duplicates": (texts.duplicates, meanings.duplicates) | "Duplicates" >> beam.Flatten(),
                "provenance": expanded.accepted | "Provenance" >> ProvenanceOf(),
                "documents": (corpus.outcomes, extracted.dead_letters) | "Documents" >> DocumentsTable(),
            },
            "counts": {"novelty": (corpus.documents, meanings.kept) | "Novelty" >> Novelty()},
            "written": {
                "vectors": meanings.vectors
                | "WriteVectors"
                >> WriteVectors(output=flags["output"], folder=f"hub/{plan.version}", blocks=plan.blocks)
            },
            "samples": samples.made,
            "lost": {
                "read": corpus.dead_letters,
                "extract": extracted.dead_letters,
                "filter": filtered.dead_letters,
                "expand": expanded.dead_letters,
                "embed": meanings.dead_letters,
                **samples.lost,
            },
            "counted": {
                "read_corpus/records": (corpus.outcomes, corpus.known, corpus.dead_letters),
                "read_corpus/known": corpus.known,
                "read_corpus/{outcome}": corpus.outcomes,
                "extract_persona/documents": corpus.documents,
                "extract_persona/asked": corpus.documents,
                "extract_persona/answered": extracted.personas,
                "expand_persona/personas": expanded.frontier,
                "expand_persona/expanded": expanded.asked,
                "expand_persona/passed-over": expanded.passed_over,
                f"expand_persona/{LOW_NOVELTY}": expanded.not_expanded,
                "expand_persona/asked": expanded.asked,
                "expand_persona/answered": expanded.generated,
                "filter_persona/personas": (extracted.personas, *expanded.generated),
                "filter_persona/kept": expanded.accepted,
                "unique_personas/personas": expanded.accepted,
                "unique_personas/unique": expanded.personas,
                "unique_personas/identical": expanded.identical,
                "minhash_dedup/personas": expanded.personas,
                "minhash_dedup/kept": texts.kept,
                "minhash_dedup/duplicate-{kind}": texts.duplicates,
                "embed_dedup/personas": texts.kept,
                "embed_dedup/kept": meanings.kept,
                "embed_dedup/duplicate-{kind}": meanings.duplicates,
                "novelty/new {hop}": (*expanded.asked, *expanded.not_expanded),
                "novelty/answers {hop}": expanded.generated,
                **samples.counted,
            },
        }
        _ = made | "WriteHub" >> WriteHub(
            output=flags["output"],
            run=plan.version,
            draft=draft_version(plan, self.runner),
            pii=flags["pii"],
            shards=plan.shards,
            response_store=plan.store,
            priced=plan.priced,
            times={
                "extract_persona/asked": flags["personas_per_document"],
                "expand_persona/asked": flags["expand_per_persona"],
                **samples.times,
            },
        )

    def report(self) -> int:
        """Says what the version holds, or that there is nothing new."""
        plan, output = self.plan, self.plan.flags["output"]
        if plan.done:
            print(already_done(output, plan.done))
            return DONE
        current = open_hub(output).manifest
        unchanged = plan.base and current.version != plan.version and not current.partial
        print(nothing_new(output, current.version, plan.version) if unchanged else build_summary(output))
        return report_partial(current.partial, plan.model)


def draft_version(plan: BuildPlan, runner: str) -> Manifest:
    """The manifest, but for what the job finds out."""
    return Manifest(
        version=plan.version,
        parent=plan.parent,
        base=plan.base.manifest.version if plan.base else "",
        files=plan.base.manifest.files if plan.base else (),
        replaces=plan.replaces,
        fingerprint=plan.fingerprint,
        parameters=plain(plan.flags),
        prompts=plan.prompts,
        models={"llm": plan.model.name, "embedder": plan.embedder.name},
        runner=runner,
        code_version=code_version(),
    )


if __name__ == "__main__":
    sys.exit(run_command("build", build_hub))
