"""VerifyByModel: a stated answer is held for right where models that see the problem alone come to it, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.checked_by_model import UNCHECKED, CheckedByModel
from persona_hub.transforms.check_samples.solve_task import SOLVE_SAMPLING, Ballot, SolveTask, solve_prompt
from persona_hub.transforms.corpus.language import detect_language
from persona_hub.transforms.counting.counts import count_records
from persona_hub.transforms.counting.stages import check_stage, verify_stage
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.reasons import unanswered
from persona_hub.transforms.records import DeadLetter, Proof, Rejected, Sample, partition_of
from persona_hub.transforms.synthesis.checks.equality import same_answer
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesis.verify import INDEPENDENT, Verify
from persona_hub.transforms.wire.batches import Batch, batches, split_by_block

SAMPLES, BALLOTS, OPEN, DISPROVED = "samples", "ballots", "open", "disproved"
UNDECIDED = "undecided"

Same = Callable[[str, str, str], bool | None]  # (stated, other, language); None: not sure


@dataclass(kw_only=True)
class VerifyByModel(beam.PTransform):
    """Batch of samples -> those whose stated answer `verify.agree` of `verify.of` answers of a model agree with.

    All of the answers are asked for at once, and each sees only the problem. An answer that cannot be read is a vote
    against; one that nobody gave leaves the sample open, unless the others decide. `blocks`: parts of the shuffle.
    """

    use_case: UseCase
    model: ModelConfig
    verify: Verify
    prompt: Prompt = field(default_factory=solve_prompt)
    sampling: Sampling = SOLVE_SAMPLING
    same: Same = same_answer
    blocks: int = 16

    def __post_init__(self) -> None:
        super().__init__()
        if not self.verify.asks:
            raise InvalidInputError(f"--verify {self.verify}: asks no model; vote:K/N and independent do")
        self.task = SolveTask(use_case=self.use_case, prompt=self.prompt, draws=self.verify.of, sampling=self.sampling)

    def expand(self, samples: beam.PCollection[Batch[Sample]]) -> CheckedByModel:
        """Asks, and brings the answers together by block of personas."""
        name, stage = self.use_case.name, verify_stage(self.use_case.name)
        answers = samples | "Generate" >> Generate(stage=stage, task=self.task, model=self.model)
        by_block = beam.FlatMap(split_by_block, self.blocks)
        letters = beam.FlatMap(open_by_block, self.blocks)
        out = (
            {
                SAMPLES: samples | "SamplesByBlock" >> by_block,
                BALLOTS: answers.results | "BallotsByBlock" >> by_block,
                OPEN: answers.dead_letters | "OpenByBlock" >> letters,
            }
            | "Join" >> beam.CoGroupByKey()
            | "CountVotes"
            >> beam.ParDo(CountVotes(self.use_case, self.verify, self.same)).with_outputs(
                DISPROVED, UNCHECKED, main=SAMPLES
            )
        )
        counts = (
            *count_records(stage, "asked", samples, times=self.verify.of),
            *count_records(stage, "answered", answers.results),
            *count_records(check_stage(name), UNCHECKED, out[UNCHECKED]),
        )
        return CheckedByModel(out[SAMPLES], out[DISPROVED], answers.dead_letters, counts)


def open_by_block(letters: Batch[DeadLetter], blocks: int) -> Iterator[tuple[int, str]]:
    """(block, persona_id) for the questions that are still open."""
    for letter in letters:
        if unanswered(letter.reason):
            yield partition_of(letter.key, blocks), letter.key


class CountVotes(beam.DoFn):
    """(block, samples, ballots and open questions) -> samples that are proved, rejected, or still open."""

    def __init__(self, use_case: UseCase, verify: Verify, same: Same):
        self.verify = verify
        self.decide = partial(by_votes, use_case, verify, same)

    def process(self, element: Any) -> Iterator[Any]:
        """Batches of each kind; the samples of a block are held in memory."""
        _, tables = element
        ballots: dict[tuple[str, int], list[Ballot]] = {}
        for batch in tables[BALLOTS]:
            for ballot in batch:
                ballots.setdefault((ballot.persona_id, ballot.number), []).append(ballot)
        still_open = frozenset(tables[OPEN])
        proved, rejected, unchecked = list[Sample](), list[Rejected](), list[Sample]()
        for sample in (sample for batch in tables[SAMPLES] for sample in batch):
            found = ballots.get((sample.persona_id, sample.number), ())
            missing = self.verify.of - len(found) if sample.persona_id in still_open else 0
            decided = self.decide(sample, found, missing)
            if decided is None:
                unchecked.append(sample)
            elif isinstance(decided, Rejected):
                rejected.append(decided)
            else:
                proved.append(decided)
        yield from batches(proved)
        yield from (TaggedOutput(DISPROVED, batch) for batch in batches(rejected))
        yield from (TaggedOutput(UNCHECKED, batch) for batch in batches(unchecked))


def by_votes(
    use_case: UseCase, verify: Verify, same: Same, sample: Sample, ballots: Iterable[Ballot], missing: int = 0
) -> Sample | Rejected | None:
    """The sample with its proof, or rejected; None where `missing` votes may yet decide."""
    stated, language = use_case.answer_of(sample), detect_language(sample.text)
    votes = [(one.answer, same(stated, one.answer, language)) for one in sorted(ballots, key=lambda one: one.draw)]
    agreed = [answer for answer, equal in votes if equal]
    if len(agreed) >= verify.agree:
        return replace(sample, proof=Proof(str(verify), "", agreed[0], len(agreed)))
    unsure = sum(equal is None for _, equal in votes)
    if missing and len(agreed) + unsure + missing >= verify.agree:
        return None
    others = ", ".join(answer for answer, equal in votes if not equal)
    detail = f"{len(agreed)} of {verify.of} answers agree with {stated}; others: {others or 'none that can be read'}"
    if len(agreed) + unsure >= verify.agree:
        return Rejected.of(sample, UNDECIDED, detail)
    if verify.kind == INDEPENDENT:
        return Rejected.of(sample, "independent-disagreed", detail)
    return Rejected.of(sample, "votes-disagreed", detail)
