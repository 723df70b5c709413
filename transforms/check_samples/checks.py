"""Checks: what the samples of a run must pass, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.transforms.check_samples.benchmark_files import Benchmark
from persona_hub.transforms.check_samples.solve_task import SOLVE_SAMPLING
from persona_hub.transforms.judging.gold import GoldRow
from persona_hub.transforms.judging.judge_task import Judge
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.synthesis.verify import BY_PROGRAM, Verify

NEAR_DUPLICATES = 0.9  # Jaccard similarity of words, as of personas


@dataclass(frozen=True, kw_only=True)
class Checks:
    """How samples are checked beside what their use case asks of them."""

    verify: Verify = BY_PROGRAM  # a use case's own proofs are among its checks, and left out where others are asked for
    solve: Prompt | None = None  # of the model that solves; None: the packaged one
    sampling: Sampling = SOLVE_SAMPLING  # of its answers
    judge: Judge | None = None
    gold: tuple[GoldRow, ...] = ()  # how people judge some of the samples
    threshold: float = NEAR_DUPLICATES  # from which two samples of a use case are near-duplicates
    against: tuple[Benchmark, ...] = ()  # none of whose rows a sample may repeat
    contacts: bool = True  # whether a sample with contact data is rejected
