"""The personas of hop 0, before the filter: those that a model makes of a corpus, and those that exist."""

from __future__ import annotations

from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PCollection

from persona_hub.pipelines.planning.plan import BuildPlan
from persona_hub.transforms.counting.counts import StepResult
from persona_hub.transforms.extract_persona.extract_persona import ExtractPersona
from persona_hub.transforms.read_corpus.documents_table import DocumentsTable
from persona_hub.transforms.read_corpus.read_corpus import Limits, ReadCorpus
from persona_hub.transforms.read_hub.existing_hub import ExistingHub
from persona_hub.transforms.read_personas.read_personas import ReadPersonas


class FirstPersonas(NamedTuple):
    """Personas of hop 0, and what was read for them."""

    personas: PCollection[Any]  # Batch[Persona]
    documents: PCollection[Any]  # Batch[Document] that they are of
    outcomes: PCollection[Any]  # Batch[DocumentOutcome] of all that was read
    columns: tuple[PCollection[Any], ...]  # Batch[GivenColumns] of personas that exist
    steps: tuple[StepResult, ...]


def first_personas(p: beam.Pipeline, plan: BuildPlan, existing: ExistingHub) -> FirstPersonas:
    """What the corpus and the files of personas bring, of which there may be one or both."""
    found = []
    if plan.files:
        found.append(of_corpus(p, plan, existing))
    if plan.given:
        found.append(of_files(p, plan, existing))
    if len(found) == 1:
        return found[0]
    return FirstPersonas(
        personas=[one.personas for one in found] | "FirstPersonas" >> beam.Flatten(),
        documents=[one.documents for one in found] | "FirstDocuments" >> beam.Flatten(),
        outcomes=[one.outcomes for one in found] | "AllDocuments" >> beam.Flatten(),
        columns=tuple(columns for one in found for columns in one.columns),
        steps=tuple(step for one in found for step in one.steps),
    )


def of_corpus(p: beam.Pipeline, plan: BuildPlan, existing: ExistingHub) -> FirstPersonas:
    """The personas that a model makes of the corpus."""
    corpus = p | "ReadCorpus" >> corpus_reader(plan, existing)
    extracted = corpus.documents | "ExtractPersona" >> extraction(plan)
    outcomes = (corpus.outcomes, extracted.dead_letters) | "Documents" >> DocumentsTable()
    return FirstPersonas(extracted.personas, corpus.documents, outcomes, (), (corpus, extracted))


def of_files(p: beam.Pipeline, plan: BuildPlan, existing: ExistingHub) -> FirstPersonas:
    """The personas that exist. No model is asked for them."""
    read = p | "ReadPersonas" >> personas_reader(plan, existing)
    return FirstPersonas(read.personas, read.documents, read.outcomes, (read.columns,), (read,))


def corpus_reader(plan: BuildPlan, existing: ExistingHub) -> ReadCorpus:
    """The step that reads what the hub does not hold yet."""
    options = plan.options
    return ReadCorpus(
        files=plan.files,
        text_field=options.text_field,
        languages=frozenset(options.language),
        max_documents=options.max_documents,
        known=existing.documents,
        unwanted=existing.unwanted,
        min_characters=options.min_characters,
        max_characters=options.max_characters,
        limits=Limits(zstd_window_mb=options.zstd_window_mb),
    )


def personas_reader(plan: BuildPlan, existing: ExistingHub) -> ReadPersonas:
    """The same of files of personas."""
    options = plan.options
    return ReadPersonas(
        files=plan.given,
        fields=options.persona_field,
        languages=frozenset(options.language),
        max_personas=options.max_personas,
        pii=options.pii,
        known=existing.documents,
        unwanted=existing.unwanted,
        limits=Limits(zstd_window_mb=options.zstd_window_mb),
    )


def extraction(plan: BuildPlan) -> ExtractPersona:
    """The step that asks about documents."""
    return ExtractPersona(
        model=plan.model,
        prompt=plan.extract,
        personas_per_document=plan.options.personas_per_document,
        persona_language=plan.options.persona_language,
        sampling=plan.sampling,
    )
