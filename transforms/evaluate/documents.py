"""The documents of a sample of personas, out of the corpus that a hub was built of: it stores none of their texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsSingleton

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.stages import JUDGE_DOCUMENTS
from persona_hub.transforms.evaluate.hub_rows import HubRows
from persona_hub.transforms.evaluation.hash_sample import HashSample, row_keys
from persona_hub.transforms.judging.grounding import GroundingTask, PersonaOfDocument
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.read_corpus.read_corpus import ReadCorpus
from persona_hub.transforms.records import DeadLetter, Document
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.wire.packing import unpack_object

FIRST_ROWS = 1_000  # with documents of 6,000 characters 6 MB
QUESTIONS_AT_ONCE = 50  # questions in a batch, so that workers share them
FIRST_HOP = "first hop"  # the purpose by which the sample is drawn
OF_DOCUMENT = "text"  # origin of a persona that a document gave


class FirstPersona(NamedTuple):
    """A persona that was made of a document."""

    text: str
    language: str
    document_id: str
    vector: bytes  # float16; b"" without one


class OfDocuments(NamedTuple):
    """What is compared."""

    sample: beam.PCollection[HashSample]  # one, of FirstPersona
    documents: beam.PCollection[dict[str, str]]  # one: {document_id: text}, of those that the corpus has
    lost: beam.PCollection[Batch[DeadLetter]]  # of what could not be read


@dataclass(kw_only=True)
class DocumentsOfPersonas(beam.PTransform):
    """Packed rows -> a hash sample of personas of hop 0, and their documents.

    A document is known by its id, a hash of its text as a model has seen it: of a long file that was read in parts,
    the part. So the corpus is to be read as it was for the hub.
    """

    corpus: ReadCorpus

    def expand(self, rows: beam.PCollection[bytes]) -> OfDocuments:
        """One pass over rows, one over the corpus."""
        sample = rows | "FirstHop" >> beam.CombineGlobally(FirstHopBlocks())
        read = rows.pipeline | "ReadCorpus" >> self.corpus
        documents = (
            read.documents
            | "Wanted" >> beam.FlatMap(wanted_documents, AsSingleton(sample)).with_output_types(tuple[str, str])
            | "ById" >> beam.combiners.ToDict()
        )
        return OfDocuments(sample, documents, read.dead_letters)


def with_first_personas(sample: HashSample, rows: HubRows) -> HashSample:
    """A sample with the personas of a block that documents gave; payloads are made of those that may stay."""
    places = [at for at, one in enumerate(rows.personas) if one.hop == 0 and one.origin == OF_DOCUMENT]
    ids = [rows.ids[at] for at in places]

    def payload(k: int) -> FirstPersona:
        one = rows.personas[places[k]]
        return FirstPersona(one.text, one.language, one.document_id, rows.stored(places[k]))

    return sample.add_rows(row_keys(ids, sample.purpose), ids, payload)


class FirstHopBlocks(beam.CombineFn):
    """HubRows, packed -> HashSample."""

    def create_accumulator(self) -> HashSample:
        """Nothing."""
        return HashSample(FIRST_ROWS, FIRST_HOP)

    def add_input(self, accumulator: HashSample, element: bytes) -> HashSample:
        """Takes in a block."""
        return with_first_personas(accumulator, unpack_object(element))

    def merge_accumulators(self, accumulators: Iterable[HashSample]) -> HashSample:
        """Several as one."""
        whole = self.create_accumulator()
        for one in accumulators:
            whole = whole.merged(one)
        return whole

    def extract_output(self, accumulator: HashSample) -> HashSample:
        """The sample."""
        return accumulator


def wanted_documents(batch: Batch[Document], sample: HashSample) -> Iterator[tuple[str, str]]:
    """(id, text) of the documents of sampled personas."""
    wanted = {one.document_id for one in sample.payloads}
    return ((one.document_id, one.text) for one in batch if one.document_id in wanted)


@dataclass(frozen=True)
class GroundingJudge:
    """Who judges personas by their documents, and how many."""

    model: ModelConfig
    task: GroundingTask
    personas: int = 200


class Groundings(NamedTuple):
    """What came of the questions."""

    verdicts: beam.PCollection[dict[str, int]]  # one: {verdict: personas}
    lost: beam.PCollection[dict[str, int]]  # one: {reason: questions without an answer that can be read}


@dataclass(kw_only=True)
class JudgeDocuments(beam.PTransform):
    """OfDocuments -> what a judge says of the first of the sample, of each document one."""

    judge: GroundingJudge

    def expand(self, given: OfDocuments) -> Groundings:
        """As many questions as personas."""
        asked = (
            given.sample
            | "Questions" >> beam.FlatMap(questions_of, AsSingleton(given.documents), self.judge.personas)
            .with_output_types(Batch)
            | "Spread" >> beam.Reshuffle()
        )  # fmt: skip
        answers = asked | "Generate" >> Generate(stage=JUDGE_DOCUMENTS, task=self.judge.task, model=self.judge.model)
        verdicts = (
            answers.results
            | "Each" >> beam.FlatMap(list).with_output_types(str)
            | "CountVerdicts" >> beam.combiners.Count.PerElement()
            | "Verdicts" >> beam.combiners.ToDict()
        )
        lost = (
            answers.dead_letters
            | "Reasons" >> beam.FlatMap(reasons_in).with_output_types(str)
            | "CountReasons" >> beam.combiners.Count.PerElement()
            | "Lost" >> beam.combiners.ToDict()
        )
        return Groundings(verdicts, lost)


def one_of_each(sample: HashSample, documents: Mapping[str, str]) -> list[tuple[str, FirstPersona]]:
    """(id, persona) of a sample in its order whose document is there, the first of each document."""
    found: dict[str, tuple[str, FirstPersona]] = {}
    for persona_id, one in zip(sample.ids, sample.payloads, strict=True):
        if one.document_id in documents:
            found.setdefault(one.document_id, (persona_id, one))
    return list(found.values())


def questions_of(sample: HashSample, documents: Mapping[str, str], n: int) -> Iterator[Batch[PersonaOfDocument]]:
    """The first n of them, by which a judge is asked."""
    people = one_of_each(sample, documents)[:n]
    yield from batches(
        (PersonaOfDocument(key, one.text, documents[one.document_id]) for key, one in people), QUESTIONS_AT_ONCE
    )


def reasons_in(batch: Batch[DeadLetter]) -> Iterator[str]:
    """Why what could not be read could not."""
    return (one.reason for one in batch)
