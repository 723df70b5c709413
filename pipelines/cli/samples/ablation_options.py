"""Options of `ablate`: which arms, how many samples in each, and what is compared."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from persona_hub.pipelines.cli.option import COUNT, POSITIVE, NumberRange, Options, option
from persona_hub.transforms.ablation.arms import parse_arm
from persona_hub.transforms.ablation.thresholds import LEAST_GAIN
from persona_hub.transforms.errors import InvalidInputError


def arm_name(text: str) -> str:
    """The name of an arm, checked."""
    try:
        return parse_arm(text).name
    except InvalidInputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


@dataclass(frozen=True, kw_only=True)
class AblationOptions(Options):
    """The experiment: arms that differ in their personas alone."""

    samples_per_arm: int = option(
        "accepted samples of each arm", None, required=True, type=POSITIVE, metavar="N", first_day=True, decides=True
    )
    arms: tuple[str, ...] = option(
        "whose samples are compared: none, none_long, verbalised, few, occupations, coarse, one, hub:N, diverse:N, "
        "hop:K:N; commas separate them, docs/ablation.md tells them apart",
        ("none", "few", "occupations", "hub:10", "hub:100"),
        arm_name,
        many=True,
        metavar="ARM",
        first_day=True,
        decides=True,
    )
    compare: tuple[str, ...] = option(
        "the two arms whose difference is the verdict, as TREATMENT,CONTROL; default: the last of --arms and the first",
        (),
        many=True,
        metavar="ARM",
        first_day=True,
        decides=True,
    )
    least_gain: float = option(
        "the smallest gain worth having, as a share of the samples: 0.05 is 5 more distinct ones of 100",
        LEAST_GAIN,
        NumberRange(0.001, 0.5, float),
        metavar="X",
        first_day=True,
        decides=True,
    )
    cluster_threshold: float = option(
        "cosine similarity from which two samples are of one kind; 0: the embedder's own",
        0.0,
        NumberRange(0.0, 1.0, float),
        metavar="X",
        decides=True,
    )
    candidates_per_arm: int = option(
        "ask at most M questions in each arm; 0: four times --samples_per_arm", 0, COUNT, metavar="M", decides=True
    )
    scores: str = option(
        "how models that were trained on the sets of the arms have done: CSV or JSON Lines with arm, benchmark, and "
        "correct and total, or score and n",
        metavar="FILE",
    )
    held_out: str = option(
        "texts of people, on which a small model of each arm's set is tried once the samples are there",
        metavar="FILE",
    )
