"""How often the interval of a difference covers the true one: made worlds of clusters, where there is none and others.

    python -m benchmarks.ablation [REPEATS]

Each line: how many of 100 intervals cover the truth, how many call a gain, their mean width in points, and the world or
the two worlds. First two arms of one world, then 18 pairs of worlds with an effect (their true difference, in points,
is the mean of all repeats), and the least, the most and the mean coverage of each kind. Then, for each metric, how
often it tells an arm of 1,000 samples from one of which 5% are near-copies (REPEATS / 3 runs).
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


SOME, MANY = World(500, 1, 0), World(1000, 1, 0)  # the pairs have their number of samples below
PEOPLE = World(300, 1, 0, 20, own=0.01)  # whose samples are alike
PAIRS = [  # treatment, control, samples
    *((MANY, SOME, n) for n in (50, 200, 1000)),
    *((MANY, MANY._replace(slope=1.5), n) for n in (50, 200, 1000)),
    *((World(300, 0, 0), World(200, 0, 0), n) for n in (50, 200, 1000)),
    *(
        (PEOPLE._replace(each=each, fixed=fixed, own=0.1), PEOPLE._replace(each=each, fixed=fixed), n)
        for each, n in ((5, 200), (20, 200), (20, 1000))
        for fixed in (False, True)
    ),
    *((World(300, 1, 0), PEOPLE._replace(fixed=True), n) for n in (200, 1000, 2000)),  # a hub beside few personas
]
EFFECTS = [(one._replace(samples=n), other._replace(samples=n)) for one, other, n in PAIRS]


class Measured(NamedTuple):
    """Of 100 intervals those that cover the true difference, those that call a gain; that difference, and the mean
    width of the intervals, in points.
    """

    covered: float
    gains: float
    effect: float
    width: float


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


def measured(treatment: World, control: World, repeats: int) -> Measured:
    """Two arms, drawn anew each time; of one world the true difference is zero."""
    found = np.empty((repeats, 3))
    for seed in range(repeats):
        one, other = (
            distinct_clusters(*arm(world, 2 * seed + i), world.fixed) for i, world in enumerate((treatment, control))
        )
        found[seed] = difference(one, other, treatment.samples)[:3]
    value, low, high = found.T
    true = 0.0 if treatment == control else value.mean()
    covered, gains = (low <= true) & (true <= high), low > 0
    return Measured(*(100 * float(one.mean()) for one in (covered, gains, np.full(repeats, true), high - low)))


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
    """A line for each world or pair, and one for each kind."""
    kinds = {
        "one sample a persona": [(world, world) for world in WORLDS if world.each == 1],
        "several samples a persona": [(world, world) for world in WORLDS if world.each > 1],
        "an effect": EFFECTS,
    }
    for kind, pairs in kinds.items():
        covers = []
        for pair in pairs:
            found = measured(*pair, repeats)
            covers.append(found.covered)
            told = "  less  ".join(" ".join(map(str, world)) for world in dict.fromkeys(pair))
            width = f"{found.gains:5.1f} gains {found.width:6.1f} wide"
            yield f"{found.covered:5.1f} cover {found.effect:5.1f} {width}  {told}"
        yield f"{min(covers):5.1f} to {max(covers):.1f}, {np.mean(covers):.1f} on average: {kind}"
    yield from told_apart(max(1, repeats // 3))


if __name__ == "__main__":
    for line in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(line, flush=True)
