"""What rounds of questions have in common: which samples go on, what a round has brought, what all have given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.check_samples.check_samples import ACCEPTED, REJECTED, SampleBatches
from persona_hub.transforms.counting.counts import Key, count_records
from persona_hub.transforms.reasons import unanswered
from persona_hub.transforms.records import DeadLetter, Rejected, Sample
from persona_hub.transforms.synthesize.one_round import RoundResult
from persona_hub.transforms.synthesize.synthesized import Synthesized
from persona_hub.transforms.wire.batches import Batch

SURPLUS, NOT_ASKED = "surplus", "not-asked"
SURPLUS_TAG = "surplus"
LEFT_OPEN = "open"  # among what a round has brought: its questions that nobody answered

CountOf = Callable[[Batch[Sample]], Iterator[tuple[str, int]]]  # of accepted samples


def parted(batch: Batch[Sample], goes_on: Callable[[Sample], bool]) -> Iterator[Any]:
    """Of a batch of accepted samples those that go on; aside, the surplus, rejected. At most one batch of each kind."""
    kept, surplus = Batch[Sample](), Batch[Rejected]()
    for sample in batch:
        if goes_on(sample):
            kept.append(sample)
        else:
            surplus.append(Rejected.of(sample, SURPLUS, "it passed every check; there were enough before it"))
    if kept:
        yield kept
    if surplus:
        yield TaggedOutput(SURPLUS_TAG, surplus)


def brought_by(result: RoundResult, count: CountOf, n: int) -> beam.PCollection[tuple[str, int]]:
    """What round `n` has brought, in all: its accepted samples by the names of `count`, and LEFT_OPEN."""
    brought = (
        result.accepted | f"Accepted {n}" >> beam.FlatMap(count),
        *(letters | f"Open {n} {i}" >> beam.FlatMap(count_open) for i, letters in enumerate(result.dead_letters)),
    )
    return brought | f"Brought {n}" >> beam.Flatten() | f"Sum {n}" >> beam.CombinePerKey(sum)


def count_open(batch: Batch[DeadLetter]) -> Iterator[tuple[str, int]]:
    """How many questions of a batch of dead letters are open."""
    if n := sum(1 for letter in batch if unanswered(letter.reason)):
        yield LEFT_OPEN, n


def whole_result(
    results: Sequence[RoundResult],
    kept: Sequence[SampleBatches],
    surplus: Sequence[beam.PCollection[Batch[Rejected]]],
    stage: str,
    not_asked: beam.PCollection[tuple[Key, int]],
) -> Synthesized:
    """What all rounds together have given. `kept`, `surplus`: of the accepted samples of each, counted in `stage`."""
    return Synthesized(
        samples=kept | "Samples" >> beam.Flatten(),
        rejected=(*(part for one in results for part in (*one.rejected, one.unread)), *surplus)
        | "Rejected" >> beam.Flatten(),
        dead_letters=[part for one in results for part in one.dead_letters] | "DeadLetters" >> beam.Flatten(),
        counts=(
            *(size for one in results for size in one.counts),
            *count_records(stage, ACCEPTED, *kept),
            *count_records(stage, REJECTED, *surplus, field="reason"),
            not_asked,
        ),
    )
