"""How often the intervals of the demographics hold, and what a report of a million personas costs.

python -m benchmarks.demographics [--repeats 300]
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.demographics.association import cramers_v
from persona_hub.transforms.evaluation.demographics.divergence import divergence, jensen_shannon, rare_values
from persona_hub.transforms.evaluation.demographics.reference import world_references
from persona_hub.transforms.evaluation.demographics.shares import exact_bounds
from persona_hub.transforms.evaluation.demographics.summary import Demographics

Shares = npt.NDArray[np.float64]


def zipf(values: int) -> Shares:
    """Shares of 1, 1/2, 1/3 ..."""
    shares = 1 / np.arange(1, values + 1)
    return shares / shares.sum()


def merged_rare(shares: Shares, rare: npt.NDArray[np.bool_]) -> Shares:
    """Shares whose rare values are one."""
    return np.append(shares[~rare], shares[rare].sum())


def of_shares(rng: np.random.Generator, repeats: int) -> None:
    """All shares at once, of draws from a known population."""
    for values in (6, 60):
        for n in (100, 1000):
            drawn = rng.multinomial(n, zipf(values), repeats)
            held = 0
            for counts in drawn:
                low, high = exact_bounds(counts.astype(np.float64), float(n), values=values)
                held += bool((low <= zipf(values)).all() and (zipf(values) <= high).all())
            print(f"shares of {values:3} values, n {n:5}: {held / repeats:.3f} hold")


def of_divergence(rng: np.random.Generator, repeats: int) -> None:
    """The divergence of draws from a reference, equal to it, near it, upside down, and nearly of one value."""
    for values in (2, 9, 120):
        q = zipf(values)
        tilted = q * np.exp(0.3 * np.cos(np.arange(values)))
        alone = np.r_[0.97, np.full(values - 1, 0.03 / (values - 1))]
        for n in (100, 1000):
            for name, p in (("equal", q), ("near", tilted / tilted.sum()), ("far", q[::-1]), ("alone", alone)):
                held, found, truths = 0, [], []
                for _ in range(repeats):
                    counts = rng.multinomial(n, p)
                    rare = rare_values(counts, q, n)
                    true = jensen_shannon(merged_rare(p, rare), merged_rare(q, rare))
                    one = divergence(counts, q)
                    held += (one.low or 0) - 1e-9 <= true <= (one.high or 0) + 1e-9
                    found.append(one.value)
                    truths.append(true)
                told = f"{np.mean(truths):.4f}, bias {np.mean(found) - np.mean(truths):+.4f}"
                print(f"divergence, {values:3} values, n {n:5}, {name:5}: {held / repeats:.3f} hold; {told}")


def of_association(rng: np.random.Generator, repeats: int) -> None:
    """Cramer's V of square tables with a known one."""
    for size in (2, 5):
        for n in (300, 3000):
            for strength in (0.0, 0.1, 0.5, 0.9):
                shares = (1 - strength) / size**2 + strength * np.eye(size) / size
                drawn = rng.multinomial(n, shares.ravel(), repeats)
                found = [cramers_v(row.reshape(size, size)) for row in drawn]
                held = sum((one.low or 0) <= strength + 1e-9 and strength <= (one.high or 0) for one in found)
                mean = np.mean([one.value for one in found])
                print(f"V, {size} x {size}, n {n:5}, {strength}: {held / repeats:.3f} hold; mean {mean:.3f}")


def of_cost(rows: int) -> None:
    """CPU of counting, merging and reporting rows whose attributes are mostly unknown, as of released personas."""
    rng = random.Random(5)
    world = {name: one.shares for name, one in world_references().items()}
    known = {"language": 1.0, "occupation": 0.46, "life_stage": 0.08, "country": 0.11, "sex": 0.0}
    columns = {name: rng.choices(list(world[name]), list(world[name].values()), k=rows) for name in known}
    made = [
        (
            str(n // 3),
            tuple(
                columns[name][n] if name in known and rng.random() < known[name] else ""
                for name in ("language", "occupation", "seniority", "life_stage", "country", "education", "sex")
            ),
        )
        for n in range(rows)
    ]
    begun = time.process_time()
    parts = [Demographics.of(made[start : start + 10_000]) for start in range(0, rows, 10_000)]
    counted = time.process_time()
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.merged(part)
    merged = time.process_time()
    whole.report()
    done = time.process_time()
    print(
        f"{rows} personas, {len(whole.cells.counts)} cells: {(counted - begun) / rows * 1e6:.1f} µs of each to count, "
        f"{merged - counted:.2f} s to merge {len(parts)} parts, {done - merged:.2f} s for the report"
    )


def main() -> None:
    """Prints all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--rows", type=int, default=300_000)
    options = parser.parse_args()
    of_cost(options.rows)
    for measure in (of_shares, of_association, of_divergence):
        measure(np.random.default_rng(6), options.repeats)


if __name__ == "__main__":
    main()
