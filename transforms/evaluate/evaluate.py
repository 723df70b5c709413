"""EvaluateRows: the personas of a hub or of files, and samples -> the sections of its report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsList, AsSingleton

from persona_hub.transforms.counting.lost_files import lost_files
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluate.balance import BALANCE_FOLDER, NO_PERSONA, BalancePlan, WriteBalance
from persona_hub.transforms.evaluate.documents import DocumentsOfPersonas, GroundingJudge, JudgeDocuments, reasons_in
from persona_hub.transforms.evaluate.hub_rows import (
    ATTRIBUTE_ROWS,
    MEMBER_ROWS,
    PERSONA_ROWS,
    VECTOR_ROWS,
    HubRows,
    attribute_cells,
    evaluated_personas,
    leaves_of_members,
    rows_of_block,
)
from persona_hub.transforms.evaluate.hub_sums import (
    DuplicateSums,
    HubSums,
    SecondPass,
    merged_duplicates,
    merged_sums,
    second_pass,
)
from persona_hub.transforms.evaluate.sample_sums import SampledSample, SampleSums, merged_samples, sums_of_file
from persona_hub.transforms.evaluate.sampled import SampleBlocks, Sampled
from persona_hub.transforms.evaluate.sections.demographics import demographics_section
from persona_hub.transforms.evaluate.sections.diversity import diversity_section
from persona_hub.transforms.evaluate.sections.documents import told_of_documents, told_of_judge
from persona_hub.transforms.evaluate.sections.fidelity import fidelity_section
from persona_hub.transforms.evaluate.sections.novelty import novelty_section
from persona_hub.transforms.evaluate.sections.quality import quality_section
from persona_hub.transforms.evaluate.sections.repetition import repetition_section
from persona_hub.transforms.evaluate.sections.samples import BesideHub, Owner, told_of_samples
from persona_hub.transforms.evaluation.demographics.balance import Balance
from persona_hub.transforms.evaluation.diversity.distinct_clusters import cluster_labels
from persona_hub.transforms.evaluation.hash_sample import HashSample
from persona_hub.transforms.hub.reading import ReadHub
from persona_hub.transforms.hub.vectors import ReadVectors
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.read_corpus.read_corpus import ReadCorpus
from persona_hub.transforms.records import Attributes, Duplicate, Member
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch
from persona_hub.transforms.wire.packing import pack_object, unpack_object


@dataclass(frozen=True)
class Evaluated:
    """What came out."""

    sections: Mapping[str, Any]  # {name: figures, groups and tables}; None for one that is missing
    sampled: Sampled  # personas, by hash
    samples: SampleSums
    lost: Mapping[str, int] = field(default_factory=dict)  # {reason: rows or files that could not be read}
    lost_files: Mapping[str, int] = field(default_factory=dict)  # {file of which no persona was read: its rows}
    lacking: tuple[int, int] = (0, 0)  # documents of sampled personas that the corpus has not, of so many
    owned: int = 0  # sampled samples whose persona is among those evaluated


PackedRows = bytes  # HubRows by `pack_object`: blocks are read three times, and wait on disk, not in memory


class EvaluatedRows(NamedTuple):
    """What is evaluated, by block."""

    rows: beam.PCollection[PackedRows]
    duplicates: beam.PCollection[DuplicateSums]  # parts
    lost: beam.PCollection[str]  # why what could not be read could not, each row or file
    files: beam.PCollection[tuple[str, int]]  # of files, as `FilesOfPiece.counts` names them


@dataclass(kw_only=True)
class EvaluateRows(beam.PTransform):
    """EvaluatedRows -> one Evaluated. Nothing in it depends on blocks, sharding or runner."""

    compared: BesideHub
    sample_files: Sequence[str] = ()  # of samples and rejected ones
    read: Callable[[str], Iterator[SampleSums]] = sums_of_file  # one of these
    balance: BalancePlan | None = None  # a table of weights that is written before the report
    corpus: ReadCorpus | None = None  # of the documents that personas are compared with
    judge: GroundingJudge | None = None  # that compares them, too

    def expand(self, given: EvaluatedRows) -> beam.PCollection[Evaluated]:
        """Blocks are joined once, and walked over twice: the sample decides what is counted of all."""
        rows, root = given.rows, given.rows.pipeline
        sampled = rows | "Sample" >> beam.CombineGlobally(SampleBlocks())
        second = sampled | "Second" >> beam.Map(second_pass, self.compared.persona_threshold)
        sums = (
            rows
            | "AddUp" >> beam.Map(sums_of_rows, AsSingleton(second))
            | "AllRows" >> beam.CombineGlobally(merged_sums)
        )
        duplicates = given.duplicates | "AllDuplicates" >> beam.CombineGlobally(merged_duplicates)
        more: dict[str, Any] = {}
        unread = given.lost
        if self.balance:
            found, written = (rows, sums) | "Balance" >> WriteBalance(plan=self.balance)
            more = {"balance": AsSingleton(found), "written": AsList(written)}  # so no report is without its table
        if self.corpus:
            of_documents = rows | "Documents" >> DocumentsOfPersonas(corpus=self.corpus)
            reasons = of_documents.lost | "Reasons" >> beam.FlatMap(reasons_in).with_output_types(str)
            unread = (given.lost, reasons) | "Unread" >> beam.Flatten()
            more |= {"first": AsSingleton(of_documents.sample), "documents": AsSingleton(of_documents.documents)}
            if self.judge:
                judged = of_documents | "Judge" >> JudgeDocuments(judge=self.judge)
                more |= {"verdicts": AsSingleton(judged.verdicts), "unjudged": AsSingleton(judged.lost)}
        lost = unread | "CountReasons" >> beam.combiners.Count.PerElement() | "AllReasons" >> beam.combiners.ToDict()
        files = given.files | "SumFiles" >> beam.CombinePerKey(sum) | "AllFiles" >> beam.combiners.ToDict()
        samples = (
            root
            | "SampleFiles" >> beam.Create(list(self.sample_files), reshuffle=False)
            | "SpreadFiles" >> beam.Reshuffle()
            | "ReadSamples" >> beam.FlatMap(self.read)
            | "AllSamples" >> beam.CombineGlobally(merged_samples)
        )
        owners = (
            rows | "Owners" >> beam.FlatMap(owners_in, AsSingleton(samples)) | "AllOwners" >> beam.combiners.ToDict()
        )
        return sums | "Sections" >> beam.Map(
            evaluated,
            self.compared,
            AsSingleton(sampled),
            AsSingleton(duplicates),
            AsSingleton(samples),
            AsSingleton(owners),
            AsSingleton(lost),
            AsSingleton(files),
            **more,
        )


@dataclass(kw_only=True)
class ReadHubRows(beam.PTransform):
    """Pipeline -> EvaluatedRows of a version: personas meet their attributes, clusters and vectors by block."""

    hub: Hub
    blocks: int

    def expand(self, root: beam.Pipeline) -> EvaluatedRows:
        """One shuffle."""

        def table(kind: str, record: type) -> beam.PCollection[Any]:
            read = ReadHub(hub=self.hub, blocks=self.blocks, kind=kind, record=record, size=ARRAY_RECORDS)
            return root | f"Read {kind}" >> read

        personas = root | "ReadPersonas" >> ReadHub(hub=self.hub, blocks=self.blocks, size=ARRAY_RECORDS)
        rows = (
            {
                PERSONA_ROWS: personas
                | "Personas" >> beam.MapTuple(evaluated_personas).with_output_types(tuple[int, bytes]),
                ATTRIBUTE_ROWS: table("attributes", Attributes)
                | "Cells" >> beam.MapTuple(attribute_cells).with_output_types(tuple[int, bytes]),
                MEMBER_ROWS: table("members", Member)
                | "Leaves" >> beam.MapTuple(leaves_of_members).with_output_types(tuple[int, bytes]),
                VECTOR_ROWS: root | "ReadVectors" >> ReadVectors(hub=self.hub, blocks=self.blocks),
            }
            | "ByBlock" >> beam.CoGroupByKey()
            | "Joined" >> beam.MapTuple(joined_rows).with_output_types(bytes)
        )
        duplicates = table("duplicates", Duplicate) | "Count" >> beam.MapTuple(sums_of_duplicates)
        nothing = root | "NothingLost" >> beam.Create([], reshuffle=False)
        return EvaluatedRows(rows, duplicates, nothing, nothing)


def joined_rows(_: int, tables: Mapping[str, Any]) -> PackedRows:
    """All of a block."""
    return pack_object(rows_of_block(tables))


def sums_of_rows(packed: PackedRows, second: SecondPass) -> HubSums:
    """The sums of a block."""
    return second.sums_of(unpack_object(packed))


def sums_of_duplicates(_: int, batch: Batch[Duplicate]) -> DuplicateSums:
    """The sums of a batch."""
    return DuplicateSums.of(batch)


def owners_in(packed: PackedRows, samples: SampleSums) -> Iterator[tuple[str, Owner]]:
    """(id, cluster and vector) of the personas of a block that sampled samples were made with."""
    wanted = {one.persona_id for one in samples.accepted.payloads}
    if not wanted:
        return
    rows: HubRows = unpack_object(packed)
    for at, (one, cluster) in enumerate(zip(rows.ids, rows.clusters, strict=True)):
        if one in wanted:
            yield one, (cluster, rows.stored(at))


def evaluated(
    sums: HubSums | None,
    compared: BesideHub,
    sampled: Sampled,
    duplicates: DuplicateSums,
    samples: SampleSums,
    owners: Mapping[str, Owner],
    lost: Mapping[str, int],
    files: Mapping[str, int],
    balance: Balance | None = None,
    written: Sequence[str] = (),
    first: HashSample | None = None,
    documents: Mapping[str, str] = MappingProxyType({}),
    verdicts: Mapping[str, int] | None = None,
    unjudged: Mapping[str, int] = MappingProxyType({}),
) -> Evaluated:
    """All sections. Raises InvalidInputError where there is no persona."""
    if sums is None:
        raise InvalidInputError(NO_PERSONA)
    labels = cluster_labels(sampled.vectors, compared.persona_threshold)
    accepted: list[SampledSample] = samples.accepted.payloads
    others = {"samples": [one.text for one in accepted], "reference": list(compared.reference_texts)}
    diversity = diversity_section(sampled, sums, labels, compared.persona_threshold, others)
    told = told_of_samples(samples, sampled, owners, compared)
    if told.distinct:
        diversity["samples_by_meaning"] = told.distinct
    if told.beside:
        diversity["meaning_beside"] = list(told.beside)
    compared_with = told_of_documents(first, documents, compared.embedder) if first else None
    beside = compared_with.figures if compared_with else {}
    lacking = (compared_with.lacking, compared_with.named) if compared_with else (0, 0)
    aside = {"documents": compared_with.sought, **told_of_judge(verdicts, unjudged)} if compared_with else None
    fidelity = fidelity_section(sampled, sums, {**told.matched, **beside}, told.reached, aside)
    demographics = demographics_section(sums.demographics, compared.references)
    if balance:
        demographics |= {**balance.section(), "balance_table": f"{BALANCE_FOLDER}/: {quantity(len(written), 'file')}"}
    sections = {
        "diversity": diversity,
        "repetition": repetition_section(sampled, sums, duplicates),
        "demographics": demographics,
        "fidelity": fidelity,
        "quality": quality_section(compared.runs, samples) if compared.runs else None,
        "novelty": novelty_section(sampled, sums, duplicates, labels, compared.cost_usd),
    }
    owned = sum(one.persona_id in owners for one in accepted)
    return Evaluated(sections, sampled, samples, dict(sorted(lost.items())), lost_files(files), lacking, owned)
