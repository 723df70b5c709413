"""From the accepted samples of the arms to the outcome: figures of each arm, comparisons, and the verdict in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from persona_hub.transforms.ablation.distinct import Drawn, distinct_clusters
from persona_hub.transforms.ablation.estimate import Difference, Estimate, difference
from persona_hub.transforms.ablation.neighbours import neighbours
from persona_hub.transforms.ablation.sample_size import ClusterSizes, samples_needed
from persona_hub.transforms.ablation.spread import collision_rate, mean_cosine, nearest_distance, vendi
from persona_hub.transforms.ablation.thresholds import LEAST_GAIN
from persona_hub.transforms.ablation.verdict import (
    GAIN,
    NO_GAIN,
    TOO_LITTLE_DATA,
    Comparison,
    at_ceiling,
    compared,
    compared_each,
    is_equivalent,
)
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.vectors.float16 import StoredVectors

PRIMARY_METRIC = "distinct clusters"


@dataclass(frozen=True, kw_only=True)
class Primary:
    """What decides, named before the run."""

    treatment: str  # names of arms
    control: str
    threshold: float  # cosine of the embedder, from which on two masked texts are one problem
    least: float = LEAST_GAIN  # the smallest gain worth having, a share of the samples

    def __post_init__(self) -> None:
        if self.treatment == self.control:
            raise InvalidInputError(f"--compare {self.treatment},{self.control}: an arm cannot be compared with itself")
        if not 0 < self.least < 1:
            raise InvalidInputError(f"--least_gain {self.least}: a share of the samples, above 0 and below 1")


class ArmSamples(NamedTuple):
    """The accepted samples of an arm in the order in which they were drawn."""

    vectors: StoredVectors  # of the masked texts, shape (samples, dimension)
    personas: Drawn  # whose each sample is, a number, shape (samples,)
    fixed: bool = False  # whether its personas are all there are of their kind, and not drawn from more

    def first(self, n: int) -> ArmSamples:
        """The first n of them."""
        return self._replace(vectors=self.vectors[:n], personas=self.personas[:n])


class ArmFigures(NamedTuple):
    """What was measured of an arm."""

    distinct: Estimate
    by_sample: Estimate  # the same with samples as units, for what several samples of a persona cost
    sizes: ClusterSizes  # of the clusters, largest first
    beside: Mapping[str, Estimate]  # the other metrics by name


def figures_of(arm: ArmSamples, threshold: float) -> ArmFigures:
    """The metrics of an arm."""
    near = neighbours(arm.vectors, threshold)
    labels = near.labels
    units = np.arange(len(labels)) if arm.fixed else arm.personas
    return ArmFigures(
        distinct=distinct_clusters(labels, arm.personas, arm.fixed),
        by_sample=distinct_clusters(labels),
        sizes=np.sort(np.bincount(labels))[::-1].astype(np.intp),
        beside={
            "vendi": vendi(arm.vectors, units),
            "mean cosine": mean_cosine(arm.vectors, units),
            "collision rate": collision_rate(near, units),
            "nearest distance": nearest_distance(arm.vectors, units),
        },
    )


def outcome(arms: Mapping[str, ArmSamples], primary: Primary) -> dict[str, Any]:
    """The outcome as JSON: `verdict`, `effect`, `primary`, `arms`, `comparisons`, `warnings`, and more for a reader.

    The two arms that decide are compared at the number of samples that both have, another arm beside the control at
    that number or its own. The primary comparison was named before and stands alone at 95%; the others are a family.
    Raises InvalidInputError for an arm that is not there.
    """
    for name in (primary.treatment, primary.control):
        if name not in arms:
            raise InvalidInputError(f"arm {name}: not in --arms, which has {', '.join(arms)}")
    n = min(len(arms[name].vectors) for name in (primary.treatment, primary.control))
    if n < 2:
        return unknown(arms, primary, n)
    at = {name: min(n, len(arm.vectors)) for name, arm in arms.items()}
    figures = {name: figures_of(arm.first(at[name]), primary.threshold) for name, arm in arms.items() if at[name] > 1}
    control, treatment = figures[primary.control], figures[primary.treatment]
    main = compared([treatment.distinct], control.distinct, n, primary.least)[0]
    others = [name for name in figures if name not in (primary.control, primary.treatment)]
    effects = []
    for name in others:
        own = control.distinct if at[name] == n else distinct_of(arms[primary.control].first(at[name]), primary)
        effects.append((figures[name].distinct, own, at[name]))
    family = compared_each(effects, primary.least)
    needed = needed_samples([control, treatment], primary.least)
    return {
        "verdict": main.verdict,
        "words": in_words(main, primary, n, needed),
        "effect": interval(main.effect),
        "p": main.effect.p,
        "equivalent": is_equivalent(main.effect, primary.least),
        "primary": {"metric": PRIMARY_METRIC, **vars(primary)},
        "samples": n,
        "samples_needed": needed,
        "arms": {name: arm_told(figures.get(name), len(arm.vectors)) for name, arm in arms.items()},
        "comparisons": [comparison_told(name, one) for name, one in zip(others, family, strict=True)],
        "beside": beside_told(control, treatment),
        "warnings": warnings(figures, primary, n),
    }


def distinct_of(arm: ArmSamples, primary: Primary) -> Estimate:
    """The primary metric alone: what stands beside it takes most of the time."""
    return distinct_clusters(neighbours(arm.vectors, primary.threshold).labels, arm.personas, arm.fixed)


def unknown(arms: Mapping[str, ArmSamples], primary: Primary, n: int) -> dict[str, Any]:
    """The outcome where an arm has no two samples."""
    needed = samples_needed([], primary.least)
    return {
        "verdict": TOO_LITTLE_DATA,
        "words": f"too little data: one of the two arms has {n} accepted samples; about {needed} are needed in each",
        "effect": {"value": None, "low": None, "high": None},
        "primary": {"metric": PRIMARY_METRIC, **vars(primary)},
        "samples": n,
        "samples_needed": needed,
        "arms": {name: {"samples": len(arm.vectors)} for name, arm in arms.items()},
        "comparisons": [],
        "beside": {},
        "warnings": [],
    }


def needed_samples(pair: Sequence[ArmFigures], least: float) -> int:
    """Samples an arm that would decide, of a pilot's variance."""
    whole = [sum(getattr(one, field).variance for one in pair) for field in ("distinct", "by_sample")]
    return samples_needed([one.sizes for one in pair], least, max(1.0, whole[0] / whole[1]))


def in_words(main: Comparison, primary: Primary, n: int, needed: int) -> str:
    """The verdict as a sentence."""
    effect = main.effect
    seen = (
        f"of 100 samples {primary.treatment} has {100 * effect.value:+.1f} distinct ones beside {primary.control} "
        f"({100 * effect.low:+.1f} to {100 * effect.high:+.1f}, {n} samples an arm)"
    )
    if main.verdict == GAIN:
        return f"gain: {seen}" + ("" if effect.high >= primary.least else ", less than is worth having")
    if main.verdict == NO_GAIN:
        return f"no gain: {seen}; a gain of {100 * primary.least:g} is ruled out"
    return f"too little data: {seen}; about {max(needed, n + 1)} accepted samples an arm would decide"


def interval(effect: Difference) -> dict[str, float]:
    """Value and interval."""
    return {"value": effect.value, "low": effect.low, "high": effect.high}


def estimate_told(estimate: Estimate, n: int) -> dict[str, float | int | None]:
    """An estimate with its interval; none where one unit says nothing of others."""
    if estimate.units < 2:
        return {"value": estimate.value, "low": None, "high": None, "n": n}
    around = difference(estimate, Estimate(0.0, 0.0, 2))
    return {**interval(around), "n": n}


def arm_told(figures: ArmFigures | None, accepted: int) -> dict[str, Any]:
    """An arm as JSON. `accepted`: its samples, also those beyond what is compared; None: of one no figure is known."""
    if figures is None:
        return {"samples": accepted}
    n = int(figures.sizes.sum())
    return {
        "samples": accepted,
        "units": figures.distinct.units,
        "distinct": estimate_told(figures.distinct, n),
        "largest_cluster": int(figures.sizes[0]),
        "seen_once": int((figures.sizes == 1).sum()),
        **{name.replace(" ", "_"): estimate_told(one, n) for name, one in figures.beside.items()},
    }


def comparison_told(name: str, one: Comparison) -> dict[str, Any]:
    """A comparison with the control as JSON."""
    tested = {"p": one.effect.p, "adjusted_p": one.adjusted_p, "verdict": one.verdict}
    return {"arm": name, **interval(one.effect), **tested}


def beside_told(control: ArmFigures, treatment: ArmFigures) -> dict[str, dict[str, float]]:
    """The other metrics' differences, treatment less control."""
    return {
        name.replace(" ", "_"): interval(difference(one, control.beside[name]))
        for name, one in treatment.beside.items()
        if min(one.units, control.beside[name].units) >= 2
    }


def warnings(figures: Mapping[str, ArmFigures], primary: Primary, n: int) -> list[str]:
    """What a reader must know before believing the verdict."""
    pair = [figures[name] for name in (primary.control, primary.treatment)]
    said = []
    if at_ceiling([one.distinct.value for one in pair], n):
        said.append(
            f"in both arms nearly all samples are distinct at cosine {primary.threshold:g}: it can hardly show "
            "a gain; look at the other metrics, or take more samples"
        )
    for name, one in figures.items():
        samples = int(one.sizes.sum())  # an arm may have fewer than the two that decide
        if one.sizes[0] > samples / 2 and len(one.sizes) > 1:
            share = f"{one.sizes[0]} of {samples} samples"
            said.append(f"{name}: one cluster holds {share}; read some, the threshold may be too low")
    return said
