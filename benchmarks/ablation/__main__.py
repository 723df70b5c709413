"""How often the interval of a difference covers zero where there is none: made worlds of clusters, two arms of each.

    python -m benchmarks.ablation [REPEATS]

Each line: how many of 100 intervals cover zero, how many call a gain, their mean width in points, and the world. Then,
for each metric, how often it tells an arm of 1,000 samples from one of which 5% are near-copies (REPEATS / 3 runs).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.ablation.distinct import distinct_clusters
from persona_hub.transforms.ablation.estimate import difference
from persona_hub.transforms.ablation.outcome import ArmSamples, figures_of
from persona_hub.transforms.vectors.float16 import to_stored


class World(NamedTuple):
    """A world of clusters, and how an arm draws from it."""

    clusters: int
    slope: float  # of shares: the k-th cluster has k^-slope
    samples: int
    each: int = 1  # samples of a persona
    fixed: bool = False
    own: float = 0.0  # the concentration of a persona's own clusters; 0: as the world


WORLDS = [
    *(World(k, slope, n) for k, slope in ((100, 1), (1000, 1), (200, 0), (1000, 1.5)) for n in (50, 200, 1000, 2000)),
    *(
        World(300, 1, n, each, fixed, own)
        for each, n in ((5, 200), (20, 200), (20, 1000), (10, 2000))
        for fixed in (False, True)
        for own in (0.1, 0.01)
    ),
]


def arm(world: World, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and personas."""
    rng = np.random.default_rng(seed)
    shares = np.arange(1, world.clusters + 1, dtype=float) ** -world.slope
    shares /= shares.sum()
    people = world.samples // world.each
    if world.each == 1:
        return rng.choice(world.clusters, people, p=shares), np.arange(people)
    whose = np.random.default_rng(99) if world.fixed else rng
    worlds = whose.dirichlet(np.maximum(shares * world.own * world.clusters, 1e-3), size=people)
    drawn = (rng.random((people, world.each, 1)) > worlds.cumsum(1)[:, None, :-1]).sum(-1)
    return drawn.reshape(-1), np.repeat(np.arange(people), world.each)


def measured(world: World, repeats: int) -> tuple[float, float, float]:
    """Of 100 intervals those that cover zero, those that call a gain, and the mean width in points."""
    covered, gains, width = 0, 0, 0.0
    for seed in range(repeats):
        one, other = (distinct_clusters(*arm(world, 2 * seed + i), world.fixed) for i in (0, 1))
        effect = difference(one, other, world.samples)
        covered += effect.low <= 0 <= effect.high
        gains += effect.low > 0
        width += effect.high - effect.low
    return 100 * covered / repeats, 100 * gains / repeats, 100 * width / repeats


DIRECTIONS, NUMBERS, COPIED, NEAR = 2000, 64, 0.05, 0.95


def vectors_of(seed: int, copied: float) -> ArmSamples:
    """1,000 samples about DIRECTIONS, each as likely, those of one direction NEAR; a share are near-copies."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(DIRECTIONS, NUMBERS)) / NUMBERS**0.5
    drawn = centres[rng.integers(0, DIRECTIONS, 1000)]
    rows = drawn + rng.normal(0, 0.15 / NUMBERS**0.5, drawn.shape)
    copies = rng.random(len(rows)) < copied
    rows[copies] = rows[rng.integers(0, len(rows), copies.sum())]
    rows[copies] += rng.normal(0, 0.02 / NUMBERS**0.5, rows[copies].shape)
    return ArmSamples(to_stored(rows.astype(np.float32)), np.arange(len(rows)))


def told_apart(repeats: int) -> Iterator[str]:
    """For each metric how many of 100 runs tell the arm with near-copies as the less diverse."""
    found: dict[str, int] = {}
    for seed in range(repeats):
        free, copied = (figures_of(vectors_of(2 * seed + i, i * COPIED), NEAR) for i in (0, 1))
        effects = {"distinct clusters": difference(free.distinct, copied.distinct)}
        effects |= {name: difference(one, copied.beside[name]) for name, one in free.beside.items()}
        for name, effect in effects.items():
            told = effect.high < 0 if name in ("mean cosine", "collision rate") else effect.low > 0
            found[name] = found.get(name, 0) + told
    return (f"{100 * n / repeats:5.1f} of 100 see 5% of near-copies: {name}" for name, n in found.items())


def lines(repeats: int) -> Iterator[str]:
    """A line for each world."""
    for world in WORLDS:
        covered, gains, width = measured(world, repeats)
        told = " ".join(f"{name}={value}" for name, value in world._asdict().items())
        yield f"{covered:5.1f} cover {gains:5.1f} gains {width:6.1f} wide  {told}"
    yield from told_apart(max(1, repeats // 3))


if __name__ == "__main__":
    for line in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(line, flush=True)
