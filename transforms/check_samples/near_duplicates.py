"""DropNearDuplicates: of samples that differ in few words, or only in names and numbers, the first goes on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection, TaggedOutput

from persona_hub.transforms.check_samples.checked import REJECTED_TAG, Checked
from persona_hub.transforms.check_samples.sample_rows import Origin, SampleLayout, by_block, persona_digits, ranked
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.edge_payloads import unpack_decisions
from persona_hub.transforms.dedup.find_duplicates import VerifiedPairs
from persona_hub.transforms.dedup.in_one_place import duplicates_in_one_place
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.representatives import Representatives, rounds_for
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.similarity.arrays import U64, Numbers
from persona_hub.transforms.similarity.plan import LOWEST_PARTITION, Plan
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.representatives import Decisions
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches
from persona_hub.transforms.wire.packing import pack_object, unpack_object

NEAR_DUPLICATE = "near-duplicate-sample"
NEW_TAG = "new"
SURE_RECALL = 0.999999  # of pairs exactly at the threshold, for texts too long for exact keys


@dataclass(kw_only=True)
class DropNearDuplicates(beam.PTransform):
    """(new samples, earlier ones ...) -> the new ones that differ from all before; the others, with whose they are.

    Samples are alike if the Jaccard similarity of their bags of words (`contamination.bags`) is `threshold` or more,
    0.5 to 1.0. A new sample goes on unless it is like an earlier one, or like a new one that goes on and comes before
    it by persona id and number. Earlier ones do not come out. Neither order nor sharding make a difference. `mask`:
    names and numbers are left out of account, but for a threshold of 1.0, which drops equal bags only. `blocks`: 1
    brings all samples, new and earlier, to one worker and shuffles once, which is best for up to some 50,000; for more,
    one for each 20,000. What goes on is the same. It is the search that dedup has: exact for texts of up to 60 words,
    and for longer ones above the threshold; exactly at it one pair in a million may be missed.
    """

    stage: str
    threshold: float = 0.9
    mask: bool = True
    blocks: int = 1

    def __post_init__(self) -> None:
        super().__init__()
        if not 0.5 <= self.threshold <= 1.0:
            raise InvalidInputError(f"threshold {self.threshold} of near-duplicate samples: 0.5 to 1.0")
        if self.blocks < 1:
            raise InvalidInputError(f"blocks is {self.blocks}; at least 1")
        keys = "partition" if self.threshold >= LOWEST_PARTITION else "minhash"
        self.plan = Plan.of(self.threshold, keys, SURE_RECALL)

    @property
    def masks(self) -> bool:
        """Whether names and numbers are masked."""
        return self.mask and self.threshold < 1

    def expand(self, samples: tuple[PCollection[Batch[Sample]], ...]) -> Checked:
        """Samples by block, the search, and back to the samples."""
        keyed = tuple(
            part | f"Part {n}" >> beam.FlatMap(by_block, self.blocks, not n).with_output_types(tuple[int, Origin])
            for n, part in enumerate(samples)
        )
        blocks = keyed | "Samples" >> beam.Flatten() | "ByBlock" >> beam.GroupByKey()
        layout = SampleLayout(self.blocks, self.masks)
        if self.blocks == 1:
            drop = DropInOnePlace(self.stage, self.plan, layout)
            return rejected_aside(blocks | "DropInOnePlace" >> typed(beam.ParDo(drop)))
        rows = blocks | "Rank" >> beam.FlatMapTuple(ranked_elements).with_output_types(
            KeyedPayload, new=KeyedPayload
        ).with_outputs(NEW_TAG, main="rows")
        stage = f"{self.stage}.near_duplicates"  # of counters of rows and keys, which are not samples
        pairs = VerifiedPairs(plan=self.plan, layout=layout, partitions=self.blocks, stage=stage, floor=NEW)
        choice = Representatives(layout=layout, partitions=self.blocks, rounds=rounds_for(self.blocks))
        decisions = (rows["rows"] | "VerifiedPairs" >> pairs).pairs | "Representatives" >> choice
        return rejected_aside(
            {"samples": rows[NEW_TAG], "decisions": decisions}
            | "WithDecisions" >> beam.CoGroupByKey()
            | "Drop" >> typed(beam.ParDo(DropByDecisions(self.stage, self.plan)))
        )


def typed(drop: beam.ParDo) -> beam.PTransform:
    """What puts out samples, and aside those that are rejected."""
    return drop.with_output_types(Batch, rejected=Batch).with_outputs(REJECTED_TAG, main="samples")


def rejected_aside(checked: Any) -> Checked:
    """Both outputs."""
    return Checked(checked["samples"], checked[REJECTED_TAG])


def ranked_elements(block: int, elements: Iterable[Origin]) -> Iterator[Any]:
    """All samples of a block -> (block, packed ranks and samples); the new ones aside, too."""
    for new, ranks, samples in ranked(elements):
        for start in range(0, len(samples), ARRAY_RECORDS):
            part = slice(start, start + ARRAY_RECORDS)
            element = block, pack_object((ranks[part], samples[part]))
            yield element
            if new:
                yield TaggedOutput(NEW_TAG, element)


class Dropping(beam.DoFn):
    """What puts out the samples that go on, and aside the others."""

    def __init__(self, stage: str, plan: Plan):
        self.tally = Tally(stage)
        self.plan = plan

    def parted(self, ranks: Numbers, samples: Sequence[Sample], decisions: Decisions) -> Iterator[Any]:
        """Batches of the samples that go on, and of the others."""
        gone = dict(zip(decisions.dropped.tolist(), range(len(decisions.dropped)), strict=True))
        kept: list[Sample] = []
        rejected: list[Rejected] = []
        for rank, sample in sorted(zip(ranks.tolist(), samples, strict=True), key=itemgetter(0)):
            if rank in gone:
                whose, similarity = decisions.kept[gone[rank]], decisions.similarity[gone[rank]]
                rejected.append(Rejected.of(sample, NEAR_DUPLICATE, self.detail(int(whose), float(similarity))))
            else:
                kept.append(sample)
        self.tally.inc(f"rejected-{NEAR_DUPLICATE}", len(rejected))
        yield from batches(kept)
        yield from (TaggedOutput(REJECTED_TAG, batch) for batch in batches(rejected))

    def detail(self, rank: int, similarity: float) -> str:
        """Whose sample it is like, and how much."""
        whose = "of" if rank & NEW else "made before, of"
        measure = f"at least {self.plan.threshold}" if math.isnan(similarity) else f"{similarity:.2f}"
        return f"Jaccard similarity {measure} to a sample {whose} the persona {persona_digits(rank)}..."


class DropByDecisions(Dropping):
    """New samples of a block and decisions -> those that go on; aside, the others."""

    def process(self, element: tuple[int, dict[str, Iterable[bytes]]]) -> Iterator[Any]:
        """Batches in order of persona id and number."""
        _, sides = element
        parts = [(np.empty(0, U64), []), *map(unpack_object, sides["samples"])]
        samples = [sample for _, some in parts for sample in some]
        yield from self.parted(
            np.concatenate([ranks for ranks, _ in parts]), samples, unpack_decisions(sides["decisions"])
        )


class DropInOnePlace(Dropping):
    """All samples -> the new ones that go on; aside, the others."""

    def __init__(self, stage: str, plan: Plan, layout: SampleLayout):
        super().__init__(stage, plan)
        self.layout = layout

    def process(self, element: tuple[int, Iterable[Origin]]) -> Iterator[Any]:
        """Batches in order of persona id and number."""
        (_, new, samples), (_, earlier, others) = ranked(element[1])
        tokens = self.layout.tokens([*samples, *others])
        decisions = duplicates_in_one_place(np.concatenate([new, earlier]), tokens, self.plan, NEW)
        yield from self.parted(new, samples, decisions)
