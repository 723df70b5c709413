"""build: corpus, or personas that exist -> hub of personas (-> samples)."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.option import recorded_values
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.first_personas import first_personas
from persona_hub.pipelines.planning.embedders import models_entry, models_of_threshold, warn_of_threshold
from persona_hub.pipelines.planning.models import called_models
from persona_hub.pipelines.planning.own_spend import is_own_spend
from persona_hub.pipelines.planning.plan import BuildPlan, code_version, plan_build
from persona_hub.pipelines.planning.samples.judges import judge_entry
from persona_hub.pipelines.planning.samples.use_cases import named_use_cases
from persona_hub.pipelines.planning.trust import note_settings
from persona_hub.pipelines.reporting.lost_files import made_by, report_lost_files
from persona_hub.pipelines.reporting.partial import report_partial
from persona_hub.pipelines.reporting.server_words import server_words
from persona_hub.pipelines.reporting.summary import already_done, build_summary, nothing_new, unmade_use_cases
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.ask_attributes.ask_attributes import AskAttributes, PersonasAndRows
from persona_hub.transforms.ask_attributes.attributes_task import attributes_prompt
from persona_hub.transforms.cluster_personas.cluster_personas import ClusterPersonas, PersonasAndVectors
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.expand_persona.expand_persona import ExpandPersona, PersonasAndHub
from persona_hub.transforms.filter_persona.filter_persona import FilterPersona
from persona_hub.transforms.hub.manifest import BaseManifest, Manifest
from persona_hub.transforms.hub.vectors import WriteVectors
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.minhash_dedup.minhash_dedup import MinHashDedup, Prepared
from persona_hub.transforms.read_hub.existing_hub import read_existing
from persona_hub.transforms.synthesize.joined_rows import HubRows
from persona_hub.transforms.synthesize.use_cases import SynthesizeUseCases
from persona_hub.transforms.wire.batches import split_by_block
from persona_hub.transforms.write_hub.attributes_of import AttributesOf
from persona_hub.transforms.write_hub.novelty import Novelty
from persona_hub.transforms.write_hub.write_hub import HubContents, ProvenanceOf, WriteHub


def build_hub(options: BuildOptions, beam_flags: Sequence[str]) -> int:
    """Builds the hub; returns the exit code."""
    return run_job(partial(plan_build_job, options), options, beam_flags)


def plan_build_job(options: BuildOptions, where: Where) -> BuildJob:
    """The plan of a build, whose settings later commands may take over. Raises what `plan_build` does."""
    job = BuildJob(plan_build(options, where), where.runner)
    warn_of_threshold(job.plan.options)
    note_settings(options.output, options)
    return job


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
    def called(self) -> Sequence[CalledModel]:
        """Language model and embedder."""
        model = self.plan.model if self.plan.asks else None
        return called_models(model, self.plan.embedder, self.plan.base, self.plan.checks.judge)

    @property
    def done(self) -> bool:
        """Whether the version was published before."""
        return self.plan.done is not None

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        plan, options = self.plan, self.plan.options
        accept = FilterPersona(pii=options.pii, persona_language=options.persona_language)
        existing = read_existing(p, plan.base, plan.blocks)  # nothing, but for a refresh

        first = first_personas(p, plan, existing)
        filtered = first.personas | "FilterPersona" >> accept
        known = PersonasAndHub(filtered.personas, existing.kept, existing.dropped)
        expanded = known | "ExpandPersona" >> expansion(plan, accept)
        texts = Prepared(expanded.personas, existing.kept, expanded.compared) | "MinHashDedup" >> MinHashDedup(
            threshold=options.minhash_threshold, bucket_keys=options.bucket_keys, blocks=plan.blocks
        )
        meanings = (texts.kept, *existing.vectors) | "EmbedDedup" >> EmbedDedup(
            threshold=options.embedding_threshold, embedder=plan.embedder, blocks=plan.blocks, across=plan.across
        )
        clustered = (
            PersonasAndVectors(
                (meanings.kept, *existing.personas), meanings.vectors, existing.stored_vectors, existing.clusters
            )
            | "ClusterPersonas" >> ClusterPersonas()
        )
        described = PersonasAndRows(
            meanings.kept, meanings.kept | "AttributesOf" >> AttributesOf(columns=first.columns, pii=options.pii)
        ) | "AskAttributes" >> attributes_reader(plan)
        of_personas = {"attributes": described.rows, "members": clustered.members}
        rows = HubRows(meanings.kept, rows_to_choose_by(plan, of_personas), (meanings.vectors,))
        samples = rows | "Synthesize" >> SynthesizeUseCases(
            use_cases=plan.use_cases, model=plan.model, choice=plan.choice, checks=plan.checks, blocks=plan.blocks
        )
        tables = {
            "personas": meanings.kept,
            "centroids": meanings.centroids,
            "attributes": described.rows,
            "members": clustered.members,
            "clusters": clustered.clusters,
            "duplicates": (texts.duplicates, meanings.duplicates) | "Duplicates" >> beam.Flatten(),
            "provenance": expanded.accepted | "Provenance" >> ProvenanceOf(),
            "documents": first.outcomes,
        }
        vectors = meanings.vectors | "WriteVectors" >> WriteVectors(
            output=options.output, folder=f"hub/{plan.version}", blocks=plan.blocks
        )
        novelty = (first.documents, meanings.kept) | "Novelty" >> Novelty()
        steps = (*first.steps, filtered, expanded, texts, meanings, clustered, described)
        _ = HubContents(tables, samples, steps, (vectors,), (novelty,)) | "WriteHub" >> WriteHub(
            output=options.output,
            draft=draft_version(plan, self.runner),
            pii=options.pii,
            shards=plan.shards,
            response_store=plan.store,
            priced=plan.priced,
            max_lost=options.max_lost,
            own_spend=is_own_spend(options.output, plan.store),
        )

    def report(self) -> int:
        """Says what the version holds, or that there is nothing new."""
        plan, output = self.plan, self.plan.options.output
        current = open_hub(output).manifest
        if plan.done:
            return report_done(plan, plan.done, current)
        unchanged = plan.base and current.version != plan.version and not current.partial
        say(nothing_new(output, current.version, plan.version) if unchanged else build_summary(output))
        own = current if current.version in (plan.version, plan.replaces) else None
        lost = report_lost_files(output, made_by(output, plan.version) or own or BaseManifest())
        words = server_words(output, current.version, current.partial)
        return report_partial(current.partial, plan.model, words, current.counts) or lost


def report_done(plan: BuildPlan, done: Manifest, current: Manifest) -> int:
    """Says that the version is there, and how the samples are made that are asked for and lacking."""
    options, output = plan.options, plan.options.output
    lacking = unmade_use_cases(output, done, [use_case.name for use_case in plan.use_cases])
    say(already_done(output, done, current.version, lacking))
    lost = report_lost_files(output, done) if options.max_lost < 1 else DONE
    if not lacking:
        say("for more samples: persona-hub synthesize")
        return lost
    given = [
        name
        for name, use_case in zip(named_use_cases(options), plan.use_cases, strict=True)
        if use_case.name in lacking
    ]
    command = ["persona-hub", "synthesize", "--hub", output, "--output", output, "--use_case", ",".join(given)]
    say(f"samples of {', '.join(lacking)} are lacking; they are made by: {shlex.join(command)}")
    return BUDGET_SPENT


def expansion(plan: BuildPlan, accept: FilterPersona) -> ExpandPersona:
    """The step that asks about personas, hop by hop."""
    options = plan.options
    return ExpandPersona(
        model=plan.model,
        prompt=plan.expand,
        hops=options.expand_hops,
        per_persona=options.expand_per_persona,
        threshold=options.minhash_threshold,
        bucket_keys=options.bucket_keys,
        stop_below_novelty=options.stop_below_novelty,
        sampling=plan.sampling,
        accept=accept,
        blocks=plan.blocks,
    )


def attributes_reader(plan: BuildPlan) -> AskAttributes:
    """The step that asks what personas' texts say of them, if a model is to tell."""
    return AskAttributes(
        by=plan.options.attributes,
        model=plan.model,
        prompt=plan.attributes or attributes_prompt(),
        sampling=plan.sampling,
        blocks=plan.blocks,
    )


def rows_to_choose_by(plan: BuildPlan, tables: Mapping[str, Any]) -> dict[str, Any]:
    """Of the tables of rows of personas those that the choice asks for, by block."""
    return {
        kind: tables[kind] | f"ByBlock {kind}" >> beam.FlatMap(split_by_block, plan.blocks)
        for kind in plan.choice.tables
    }


def embedder_entry(plan: BuildPlan) -> dict[str, str]:
    """The embedder and its threshold in the manifest."""
    before = models_of_threshold(plan.options, plan.base.manifest.models if plan.base else {})
    return models_entry(plan.embedder, plan.options.embedding_threshold, before)


def draft_version(plan: BuildPlan, runner: str) -> Manifest:
    """The manifest, but for what the job finds out."""
    return Manifest(
        version=plan.version,
        parent=plan.parent,
        base=plan.base.manifest.version if plan.base else "",
        files=plan.base.manifest.files if plan.base else (),
        hidden=plan.base.manifest.hidden if plan.base else {},
        replaces=plan.replaces,
        fingerprint=plan.fingerprint,
        parameters=recorded_values(plan.options),
        prompts=plan.prompts,
        models={
            **({"llm": plan.model.name} if plan.asks else {}),
            **embedder_entry(plan),
            **judge_entry(plan.checks.judge),
        },
        checks=plan.checked,
        repairs=plan.model.repairs,
        token_limits=plan.token_limits,
        runner=runner,
        code_version=code_version(),
    )


if __name__ == "__main__":
    sys.exit(run_command("build", build_hub))
