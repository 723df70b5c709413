"""Samples as the rows of a search for near-duplicates: how they lie in blocks, and their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from persona_hub.transforms.contamination.bags import bag_tokens
from persona_hub.transforms.records import Sample, partition_of
from persona_hub.transforms.similarity.arrays import I64, U64, Numbers
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.shingles import Tokens
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import unpack_object

FIRST_DIGITS, NUMBER_BITS = 10, 23  # of a rank: 40 bits of a persona's id, and a number among the samples with these
MOST_SAMPLES = 1 << NUMBER_BITS

Origin = tuple[bool, Batch[Sample]]  # whether they are new, and samples


@dataclass(frozen=True)
class SampleLayout:
    """Samples in blocks by the id of their persona: `records.partition_of(persona_id, blocks)`."""

    blocks: int
    mask: bool

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """Ranks and bags of what `ranked` has packed."""
        ranks, samples = unpack_object(payload)
        return ranks, self.tokens(samples)

    def tokens(self, samples: Iterable[Sample]) -> Tokens:
        """The bags of samples."""
        return bag_tokens([sample.text for sample in samples], self.mask)

    def locate(self, ranks: Numbers) -> Numbers:
        """The block of each rank."""
        first = (ranks & U64(NEW - 1)) >> U64(NUMBER_BITS + 4 * FIRST_DIGITS - 32)  # 32 bits of the id
        return (first * U64(self.blocks) >> U64(32)).astype(I64)


def by_block(batch: Batch[Sample], blocks: int, new: bool) -> Iterator[tuple[int, Origin]]:
    """The samples of a batch, one element for each block that occurs."""
    parts: dict[int, Batch[Sample]] = {}
    for sample in batch:
        parts.setdefault(partition_of(sample.persona_id, blocks), Batch()).append(sample)
    for block, samples in parts.items():
        yield block, (new, samples)


def ranked(elements: Iterable[Origin]) -> Iterator[tuple[bool, Numbers, list[Sample]]]:
    """All samples of a block -> (True, ranks, the new ones), (False, ranks, the earlier ones), each in its order.

    It is the same however they come. An earlier one that comes twice is one, and one that answers the very question of
    a new one is left out: a run that asks again what an earlier one asked has the same answers.
    """
    sides: dict[bool, list[Sample]] = {True: [], False: []}
    for new, samples in elements:
        sides[new] += samples
    again = set(map(question_of, sides[True]))
    sides[False] = [sample for sample in sides[False] if question_of(sample) not in again]
    for new, side in sides.items():
        ordered = sorted(side if new else set(side), key=order_of_sample)
        yield new, ranks_of_samples(ordered, new), ordered


def question_of(sample: Sample) -> tuple[str, int, str, str]:
    """What tells the questions of a use case apart."""
    return sample.persona_id, sample.number, sample.prompt_hash, sample.model


def order_of_sample(sample: Sample) -> tuple[str, int, str]:
    """Sort key of samples: one of a persona and a number is alone in a run, and several runs may have one each."""
    return sample.persona_id, sample.number, sample.text


def ranks_of_samples(samples: Sequence[Sample], new: bool) -> Numbers:
    """The ranks of a block's samples, which are in order: 64 bits, each its own, in the same order.

    That is `NEW` or 0; the first bits of the persona's id; the number of the sample among those with these bits.
    """
    ranks = []
    for digits, group in groupby(samples, key=lambda sample: int(sample.persona_id[:FIRST_DIGITS], 16)):
        members = len(list(group))
        if members > MOST_SAMPLES:
            raise ValueError(f"{members:,} samples of one persona; up to {MOST_SAMPLES:,} can be told apart")
        ranks += [NEW * new | digits << NUMBER_BITS | number for number in range(members)]
    return np.array(ranks, U64)


def persona_digits(rank: int) -> str:
    """The first digits of the id of the persona whose sample has a rank."""
    return f"{(rank & NEW - 1) >> NUMBER_BITS:0{FIRST_DIGITS}x}"
