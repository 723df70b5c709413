"""Options of the checks of samples, and of how many accepted ones are wanted."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from persona_hub.pipelines.cli.option import COUNT, NumberRange, Options, option
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.sandbox.sandbox import Limits
from persona_hub.transforms.synthesis.verify import PROGRAM, parse_verify


def way_to_verify(text: str) -> str:
    """The value of --verify, checked."""
    try:
        return str(parse_verify(text))
    except InvalidInputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


@dataclass(frozen=True, kw_only=True)
class CheckOptions(Options):
    """What a sample must pass to be kept."""

    verify: str = option(
        "how a stated answer is proved: program, which comes with it and is run; vote:K/N, K of N other answers of the "
        "model agree; independent, one other answer agrees; none",
        PROGRAM,
        way_to_verify,
        metavar="HOW",
        of_hub=True,
        decides_if_given=True,
    )
    judge: str = option(
        "model that scores each sample, named as for --llm, or a YAML file as for --model; default: none",
        metavar="MODEL|FILE",
        of_hub=True,
        guarded=True,
        decides_if_given=True,
    )
    min_score: float = option(
        "the least score of a judge, from 0 to 1, that a sample is kept with",
        0.0,
        NumberRange(0, 1, float),
        metavar="X",
        of_hub=True,
        decides_if_given=True,
    )
    rubric: str = option(
        "YAML file of what a judge looks at; default: validity, fidelity, difficulty and harmlessness",
        metavar="FILE",
        of_hub=True,
        guarded=True,
        decides_if_given=True,
    )
    judge_gold: str = option(
        "JSON Lines of samples that people have judged: how far the judge agrees with them is told beside its numbers",
        metavar="FILE",
    )
    against_benchmark: tuple[str, ...] = option(
        "files of benchmarks whose items no sample may repeat (JSON Lines, CSV, TSV, Parquet, text), as FILE or "
        "FILE:FIELD; commas separate several",
        (),
        many=True,
        paths=True,
        metavar="FILE",
        of_hub=True,
        guarded=True,
        decides_if_given=True,
    )
    sample_threshold: float = option(
        "Jaccard similarity of words from which two samples of a use case are near-duplicates; 1: only equal ones",
        0.9,
        NumberRange(0.5, 1, float),
        metavar="X",
        of_hub=True,
        decides_if_given=True,
    )
    sandbox_seconds: float = option(
        "time that a program may take in the sandbox",
        Limits().seconds,
        NumberRange(0.1, 60, float),
        metavar="SECONDS",
        of_hub=True,
        decides_if_given=True,
    )
    sandbox_memory_mb: int = option(
        "memory that it may take",
        Limits().memory_mb,
        NumberRange(1, 4096),
        metavar="MB",
        of_hub=True,
        decides_if_given=True,
    )


@dataclass(frozen=True, kw_only=True)
class AcceptedOptions(Options):
    """How many samples that passed every check are wanted."""

    accepted: int = option(
        "exactly N samples of each use case that passed every check: more personas are asked until there are so many; "
        "0: one round, whatever passes",
        0,
        COUNT,
        metavar="N",
        first_day=True,
        decides_if_given=True,
    )
    candidates: int = option(
        "ask for at most M samples of each use case to get those; 0: as many as the personas give",
        0,
        COUNT,
        metavar="M",
        first_day=True,
        decides_if_given=True,
    )
