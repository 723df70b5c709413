"""Groups of rows that share a key: a template, or the kept persona that stands for duplicates."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from persona_hub.transforms.evaluation.figures import Figure, jackknife, share_of_rows
from persona_hub.transforms.evaluation.key_counts import KeyCounts
from persona_hub.transforms.similarity.arrays import U64, mix

KEY_PARTS = 20
SALT = U64(0x9E3779B97F4A7C15)  # so that parts are drawn apart from levels


def repeated_share(found: KeyCounts) -> Figure:
    """Share of rows whose key another row has. Exact where all keys are counted, else over those that are, with a
    delete-a-group jackknife over keys. `n` are the rows counted; NaN of none.
    """
    rows = int(found.counts.sum())
    if not rows:
        return Figure(math.nan)
    value = share_above_one(found.counts)
    if found.part == 1:
        return Figure(value, n=rows)
    part = (mix(found.keys + SALT) >> U64(40)).astype(np.int64) % KEY_PARTS
    left = [share_above_one(found.counts[part != k]) for k in range(KEY_PARTS)]
    sizes = np.bincount(part, minlength=KEY_PARTS).tolist()
    return share_of_rows(replace(jackknife(value, left, sizes), n=rows))


def share_above_one(counts: np.ndarray) -> float:
    """Of the rows of some keys, the share in groups of two and more."""
    rows = int(counts.sum())
    return float(1 - (counts == 1).sum() / rows) if rows else 0.0


def group_sizes(found: KeyCounts, beside: int = 0) -> dict[int, float]:
    """{size: groups of that size}, estimated for all keys; `beside`: rows of a group that no key was counted for.

    Of duplicates, each with the kept persona that stands for it as key, `beside` is 1: that persona.
    """
    size, groups, _ = found.abundance
    return {int(rows) + beside: float(number) for rows, number in zip(size, groups, strict=True)}


def largest_group(found: KeyCounts, beside: int = 0) -> int:
    """Rows of the largest group that is counted; a larger one may be among keys that are not."""
    return int(found.counts.max(initial=0)) + (beside if len(found.counts) else 0)
