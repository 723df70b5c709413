"""UniqueSamples: of samples of one text the first goes on. Weak models give one problem to many personas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PCollection, TaggedOutput

from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.llm.forms import words_of
from persona_hub.transforms.records import REPEATS_SAMPLE, DeadLetter, Sample, excerpt, partition_of, text_id
from persona_hub.transforms.wire.batches import Batch, batches

LABEL_WORDS = 8  # a text of fewer may be a label, which many personas share
LABEL_CHARACTERS = 200  # in which so many words are sought
DEAD_LETTERS = "dead_letters"

Keyed = tuple[str, Sample]  # `text_id` of the text, "" of a label
Order = tuple[str, int]  # id of the persona, number of the sample


class DistinctSamples(NamedTuple):
    """Samples of different texts, and the others."""

    samples: PCollection[Batch[Sample]]
    dead_letters: PCollection[Batch[DeadLetter]]


@dataclass(kw_only=True)
class UniqueSamples(beam.PTransform):
    """Batch of samples of one use case -> those with the smallest persona id and number of their text.

    Texts are equal but for case, compatibility forms and white space. One GroupByKey, of some 0.3 KB a sample: what
    it costs is a hundredth of what the call costs that made the sample.
    """

    stage: str
    partitions: int

    def expand(self, samples: PCollection[Batch[Sample]]) -> DistinctSamples:
        """Brings equal texts together."""
        out = (
            samples
            | "ByText" >> beam.FlatMap(split_by_text, self.partitions).with_output_types(tuple[int, Batch[Keyed]])
            | "Group" >> beam.GroupByKey()
            | "KeepFirst" >> beam.ParDo(KeepFirst(self.stage)).with_outputs(DEAD_LETTERS, main="samples")
        )
        return DistinctSamples(out.samples, out[DEAD_LETTERS])


def split_by_text(batch: Batch[Sample], partitions: int) -> Iterator[tuple[int, Batch[Keyed]]]:
    """(partition of the text's id, samples with that id), one element for each partition that occurs."""
    groups: dict[int, Batch[Keyed]] = {}
    for sample in batch:
        key = text_id(sample.text)
        label = len(words_of(sample.text[:LABEL_CHARACTERS])) < LABEL_WORDS
        groups.setdefault(partition_of(key, partitions), Batch()).append(("" if label else key, sample))
    yield from groups.items()


def order_of(sample: Sample) -> Order:
    """Sort key of samples of one text."""
    return (sample.persona_id, sample.number)


class KeepFirst(beam.DoFn):
    """Samples of a partition -> the first of each text; aside, letters for the others.

    Reads its group twice, so that no more than the ids and a batch is held.
    """

    def __init__(self, stage: str):
        self.stage = stage
        self.tally = Tally(stage)

    def process(self, element: tuple[int, Iterable[Batch[Keyed]]]) -> Iterator[Any]:
        """Batches of samples and of letters."""
        _, groups = element
        first: dict[str, Order] = {}
        for key, sample in (keyed for group in groups for keyed in group):
            if key:
                first[key] = min(first.get(key, order_of(sample)), order_of(sample))
        dead: list[DeadLetter] = []

        def kept() -> Iterator[Sample]:
            for key, sample in (keyed for group in groups for keyed in group):
                if not key or first[key] == order_of(sample):
                    yield sample
                else:
                    dead.append(self.letter(sample, first[key]))

        yield from batches(kept())
        self.tally.inc(REPEATS_SAMPLE, len(dead))
        yield from (TaggedOutput(DEAD_LETTERS, batch) for batch in batches(dead))

    def letter(self, sample: Sample, first: Order) -> DeadLetter:
        """Why a sample does not go on."""
        detail = f"sample {sample.number}; its text is that of sample {first[1]} of persona {first[0]}"
        return DeadLetter(self.stage, REPEATS_SAMPLE, sample.persona_id, detail, excerpt(sample.text))
