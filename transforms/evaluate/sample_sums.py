"""Sums over samples, accepted and rejected: counts, scores, examples, and a hash sample of the accepted ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import orjson

from persona_hub.transforms.evaluation.group_means import GroupMeans
from persona_hub.transforms.evaluation.hash_sample import HashSample, row_keys
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.records import Rejected, Sample, content_id, excerpt
from persona_hub.transforms.synthesis.verify import INDEPENDENT, VOTE
from persona_hub.transforms.wire.batches import ARRAY_RECORDS

SAMPLED_SAMPLES = 2_000  # whose texts are compared, and of which MATCHED are embedded
EXAMPLES_OF_ERROR = 3  # of each use case and reason
SHOWN_TEXT = 600  # characters of an example
MOST_ERRORS = 400  # use cases by reasons: rarer ones beyond are counted, and have no examples
Named = tuple[str, str]  # use case, and a proof or a reason


class SampledSample(NamedTuple):
    """An accepted sample of the hash sample."""

    text: str
    use_case: str
    persona_id: str
    persona: str


@dataclass(frozen=True)
class SampleSums:
    """What is added up over samples. Weighs the texts of SAMPLED_SAMPLES."""

    accepted: HashSample = field(default_factory=lambda: HashSample(SAMPLED_SAMPLES, "samples"))
    proofs: Mapping[Named, int] = field(default_factory=dict)
    agreed: Mapping[str, GroupMeans] = field(default_factory=dict)  # by use case: answers that agreed, of votes
    scores: Mapping[str, GroupMeans] = field(default_factory=dict)  # by use case: a judge's, 0 to 1
    errors: Mapping[Named, int] = field(default_factory=dict)
    examples: Mapping[Named, HashSample] = field(default_factory=dict)
    damaged: Mapping[str, int] = field(default_factory=dict)  # by use case: rows whose scores cannot be read
    lost: Mapping[str, int] = field(default_factory=dict)  # {reason: rows of anyone's file that are no sample}

    @classmethod
    def of_accepted(cls, samples: list[Sample]) -> SampleSums:
        """Of samples that passed every check."""
        ids = [sample_name(one) for one in samples]
        chosen = [SampledSample(one.text, one.use_case, one.persona_id, one.persona) for one in samples]
        proofs = Counter((one.use_case, one.proof.kind or "none") for one in samples)
        agreed = [float(one.proof.agreed) if is_vote(one.proof.kind) else np.nan for one in samples]
        return cls(
            accepted=cls().accepted.add(ids, chosen),
            proofs=proofs,
            agreed=means_of("agreed", samples, agreed),
            scores=means_of("score", samples, [score_in(one) for one in samples]),
            damaged=damaged_scores(samples),
        )

    @classmethod
    def of_rejected(cls, rejected: list[Rejected]) -> SampleSums:
        """Of samples that did not."""
        by_error: dict[Named, list[Rejected]] = {}
        for one in rejected:
            by_error.setdefault((one.use_case, one.reason), []).append(one)
        examples = {
            name: HashSample(EXAMPLES_OF_ERROR, "errors").add(
                [sample_name(one) for one in ones],
                [(excerpt(one.detail), one.text[:SHOWN_TEXT], one.persona[:SHOWN_TEXT]) for one in ones],
            )
            for name, ones in by_error.items()
        }
        scores = means_of("score", rejected, [score_in(one) for one in rejected])
        return cls(
            errors=Counter({name: len(ones) for name, ones in by_error.items()}),
            examples=examples,
            scores=scores,
            damaged=damaged_scores(rejected),
        )

    def merged(self, other: SampleSums) -> SampleSums:
        """Both."""
        return SampleSums(
            self.accepted.merged(other.accepted),
            dict(Counter(self.proofs) + Counter(other.proofs)),
            merged_by_name(self.agreed, other.agreed),
            merged_by_name(self.scores, other.scores),
            dict(Counter(self.errors) + Counter(other.errors)),
            merged_by_name(self.examples, other.examples),
            dict(Counter(self.damaged) + Counter(other.damaged)),
            dict(Counter(self.lost) + Counter(other.lost)),
        )


def sample_name(sample: Sample) -> str:
    """A sample's own id: two runs may have the same one."""
    parts = (sample.persona_id, sample.use_case, str(sample.number), sample.prompt_hash, sample.model)
    return content_id("\0".join(parts) + sample.text)


def score_in(sample: Sample) -> float:
    """A judge's score, NaN where there is none, or none that can be read."""
    if not sample.scores:
        return np.nan
    try:
        found = orjson.loads(sample.scores)
    except orjson.JSONDecodeError:  # a damaged row
        return np.nan
    score = found.get("score") if isinstance(found, dict) else None
    return float(score) if isinstance(score, int | float) else np.nan


def damaged_scores(samples: Iterable[Sample]) -> Counter[str]:
    """By use case, rows that a judge has scored and whose score cannot be read."""
    return Counter(one.use_case for one in samples if one.scores and np.isnan(score_in(one)))


def is_vote(proof: str) -> bool:
    """Whether other answers of a model are the proof: of a program, a search or a schema one agrees, always."""
    return proof == INDEPENDENT or proof.startswith(f"{VOTE}:")


def means_of(name: str, samples: Iterable[Sample], values: list[float]) -> dict[str, GroupMeans]:
    """The means of values by use case, the persona as the unit."""
    by_use_case: dict[str, list[tuple[str, float]]] = {}
    for one, value in zip(samples, values, strict=True):
        if not np.isnan(value):
            by_use_case.setdefault(one.use_case, []).append((one.persona_id, value))
    return {
        use_case: GroupMeans.of(name).add(row_keys([unit for unit, _ in rows]), [value for _, value in rows])
        for use_case, rows in by_use_case.items()
    }


def merged_by_name(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> dict[Any, Any]:
    """Sums by name, those of one name merged."""
    return {
        name: one[name].merged(other[name]) if name in one and name in other else one.get(name, other.get(name))
        for name in {**one, **other}
    }


def merged_samples(parts: Iterable[SampleSums]) -> SampleSums:
    """Sums of several batches as one."""
    whole = SampleSums()
    for part in parts:
        whole = whole.merged(part)
    return whole


def sums_of_file(path: str, gone: frozenset[str] = frozenset()) -> Iterator[SampleSums]:
    """The sums of a file of a run, by its name samples or rejected ones; without those of personas that are `gone`."""
    if path.rpartition("/")[2].startswith("rejected-"):
        rejected = (one for one in read_file(path, Rejected) if one.persona_id not in gone)
        while few := list(islice(rejected, ARRAY_RECORDS)):
            yield SampleSums.of_rejected(few)
        return
    rows = (one for one in read_file(path, Sample) if one.persona_id not in gone)
    while batch := list(islice(rows, ARRAY_RECORDS)):
        yield SampleSums.of_accepted(batch)
