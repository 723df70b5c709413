"""SettleOutcome: the accepted samples of all arms, embedded, and in one place the outcome, written to ablation.json."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import orjson

from persona_hub.transforms.ablate.arm_rounds import Arms, ArmsMade, question_place
from persona_hub.transforms.ablation.outcome import ArmSamples, Primary, outcome
from persona_hub.transforms.contamination.masks import masked
from persona_hub.transforms.counting.counts import Counts, nested
from persona_hub.transforms.counting.stages import arm_stage
from persona_hub.transforms.embed_dedup.elements import KeyedPersonas
from persona_hub.transforms.embed_dedup.vectors import PersonaVectors
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import join_path, read_bytes
from persona_hub.transforms.hub.publishing import checks_of_arm
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.llm.protocol import MALFORMED_REASONS
from persona_hub.transforms.records import DeadLetter, Persona, Rejected, Sample, content_id
from persona_hub.transforms.similarity.ranks import rank_of
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import unpack_arrays

OUTCOME_FILE = "ablation.json"
GATHERED_ROWS, GATHERED_TOKENS, GATHERED_VECTORS, GATHERED_COUNTS = "rows", "tokens", "vectors", "counts"


class SampleRow(NamedTuple):
    """What the outcome needs of an accepted sample beside its vector."""

    arm: str  # use case of its samples
    place: str
    persona_id: str
    rank: int  # by which its vector is known


@dataclass(kw_only=True)
class SettleOutcome(beam.PTransform):
    """ArmsMade -> dead letters of samples without a vector. Writes the outcome of the experiment."""

    output: str
    arms: Arms
    use_case: UseCase
    primary: Primary
    embedder: EmbedderConfig
    plan: str  # its hash
    price: Price | None = None
    checks: Mapping[str, Any] = field(default_factory=dict)  # as the manifest has them

    def expand(self, given: ArmsMade) -> beam.PCollection[Batch[DeadLetter]]:
        """Embeds each sample's masked text, and gathers all in one place."""
        made = given.made
        texts = made.samples | "Texts" >> beam.Map(masked_texts, self.use_case).with_output_types(KeyedPersonas)
        embedded = texts | "Embed" >> PersonaVectors(embedder=self.embedder, blocks=1)
        rows = made.samples | "Rows" >> beam.FlatMap(rows_of_samples, self.arms)
        tokens = (
            (made.samples, made.rejected) | "Answers" >> beam.Flatten() | "Tokens" >> beam.FlatMap(tokens_of_answers)
        )
        counts = given.by_arm | "ByArm" >> beam.Map(lambda count: (0, count))
        start = made.samples.pipeline | "Outcome" >> beam.Create([(0, None)], reshuffle=False)
        _ = (
            {
                "start": start,
                GATHERED_ROWS: rows,
                GATHERED_TOKENS: tokens,
                GATHERED_VECTORS: embedded.vectors,
                GATHERED_COUNTS: counts,
            }
            | "Together" >> beam.CoGroupByKey()
            | "Settle" >> beam.Map(self.settled)
        )
        return embedded.dead_letters

    def settled(self, element: tuple[int, Mapping[str, Iterable[Any]]]) -> None:
        """Writes the outcome; done twice it is the same file."""
        found = element[1]
        vectors: dict[int, np.ndarray] = {}
        for pack in found[GATHERED_VECTORS]:
            ranks, rows = unpack_arrays(pack)
            vectors.update(zip(ranks.tolist(), rows, strict=True))
        samples = by_arm(self.arms, found[GATHERED_ROWS], vectors)
        told = outcome(samples, self.primary) | {"plan": self.plan}
        for name, cost in cost_of_arms(found[GATHERED_TOKENS], self.price).items():
            if name in self.arms:
                told["arms"][self.arms[name].arm.name]["cost"] = cost
        add_checks(told, self.arms, nested(found[GATHERED_COUNTS]), self.checks)
        write_bytes(join_path(self.output, OUTCOME_FILE), orjson.dumps(told, option=orjson.OPT_INDENT_2))


def add_to_outcome(output: str, more: Mapping[str, Any]) -> None:
    """Lays something over the outcome that was written."""
    path = join_path(output, OUTCOME_FILE)
    told = orjson.loads(read_bytes(path)) | more
    write_bytes(path, orjson.dumps(told, option=orjson.OPT_INDENT_2))


def sample_id(sample: Sample) -> str:
    """A sample's own id: its arm, persona and number."""
    return content_id(f"{sample.use_case} {sample.persona_id} {sample.number}")


def masked_texts(batch: Batch[Sample], use_case: UseCase) -> KeyedPersonas:
    """What is compared of samples, in the form in which texts are embedded: the question where there is one."""
    texts = (use_case.question_of(sample) or sample.text for sample in batch)
    return 0, Batch(
        Persona(sample_id(sample), masked(text), "", 0, "", "", "", "", "", "", "")
        for sample, text in zip(batch, texts, strict=True)
    )


def rows_of_samples(batch: Batch[Sample], arms: Arms) -> Iterator[tuple[int, SampleRow]]:
    """(0, row) of each sample."""
    for sample in batch:
        named = Persona(sample_id(sample), "", "", 0, "", "", "", "", "", "", "")
        yield 0, SampleRow(sample.use_case, question_place(sample, arms)[0], sample.persona_id, rank_of(named))


def tokens_of_answers(batch: Batch[Sample]) -> Iterator[tuple[int, tuple[str, int, int]]]:
    """(0, (arm, input and output tokens)) of each answer that was read, accepted or not."""
    for sample in batch:
        if not (isinstance(sample, Rejected) and sample.reason in MALFORMED_REASONS):
            yield 0, (sample.use_case, sample.input_tokens, sample.output_tokens)


def by_arm(arms: Arms, rows: Iterable[SampleRow], vectors: Mapping[int, Any]) -> dict[str, ArmSamples]:
    """{arm: its samples in the order of their questions}; those without a vector are left out."""
    found = defaultdict[str, list[SampleRow]](list)
    for row in rows:
        if row.rank in vectors:
            found[row.arm].append(row)
    samples = {}
    for name, one in arms.items():
        ordered = sorted(found[name], key=lambda row: row.place)
        stored = np.array([vectors[row.rank] for row in ordered], np.float16)
        whose = np.array([one.places[row.persona_id] for row in ordered], np.intp)
        samples[one.arm.name] = ArmSamples(stored, whose, one.arm.fixed)
    return samples


def cost_of_arms(tokens: Iterable[tuple[str, int, int]], price: Price | None) -> dict[str, dict[str, float | None]]:
    """{arm: answers that were read, their tokens, and dollars where the price is known}."""
    answers, taken, given = Counter[str](), Counter[str](), Counter[str]()
    for arm, came_in, went_out in tokens:
        answers[arm] += 1
        taken[arm] += came_in
        given[arm] += went_out
    return {
        arm: {
            "answers": answers[arm],
            "input_tokens": taken[arm],
            "output_tokens": given[arm],
            "usd": price.of(taken[arm], given[arm]) if price else None,
        }
        for arm in sorted(answers)
    }


def add_checks(told: dict[str, Any], arms: Arms, counts: Counts, checks: Mapping[str, Any]) -> None:
    """Adds to an outcome what became of the answers of each arm, and what the judge says, of each and of all.

    As the manifests of the arms' folders have it.
    """
    total = Counter[str]()
    for name, one in arms.items():
        own = counts.get(arm_stage(name), {})
        total.update(own)
        found = checks_of_arm(own, checks)
        del found["accepted"]  # which stands there as `samples`
        told["arms"][one.arm.name].update({key: value for key, value in found.items() if value or key != "judged"})
    if judged := checks_of_arm(total, checks)["judged"]:
        told["judged"] = judged
