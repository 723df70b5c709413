"""What the ratings of several people come to: agreement, rates, each rater's bias, and a gold set for judges.

Agreement is Krippendorff's alpha (K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011), 1 - D_o / D_e, by
the library `krippendorff`: nominal for verdicts and preferences, ordinal for points. Samples that one person alone has
rated say nothing on it. Its interval is a bootstrap of the samples with a fixed seed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.plain import as_plain
from persona_hub.pipelines.pages.review.items import Item
from persona_hub.pipelines.pages.review.ratings import FIDELITY_POINTS, RaterFile
from persona_hub.transforms.evaluation.figures import Figure, clipped, mean_figure, share

DRAWS, BOOTSTRAP_SEED = 1_000, 20240628
# One more unit on which raters disagree as much as they can, with half a unit's chance to be drawn: without it ten
# units on which all agree would have an interval from 1 to 1.
PRIOR_UNITS = 0.5
BOUNDS = (0.025, 0.975)
NEEDS_EXTRA = "Krippendorff's alpha needs the extra: pip install 'persona-hub[review]' (its library is under the GPL-3)"
ITEM_GROUPS: Mapping[str, Callable[[Item], str]] = {
    "arm": lambda item: item.arm,
    "use_case": lambda item: item.use_case,
    "model": lambda item: item.model,
}

Level = Literal["nominal", "ordinal"]
Verdicts = Mapping[str, Mapping[Any, Any]]  # {rater: {what is rated: the value}}


@dataclass(frozen=True)
class Bias:
    """How one rater differs from the others on what they rated, too."""

    rater: str
    rated: int
    valid: Figure  # difference of shares
    fidelity: Figure  # difference of points


@dataclass(frozen=True)
class Findings:
    """All that is reported; a figure that could not be told is NaN."""

    items: int
    pairs: int
    agreement: Mapping[str, Figure]  # "validity", "fidelity", "preference"
    valid: Mapping[str, Mapping[str, Figure]]  # share held valid by most, by group: "all", "arm", "use_case", "model"
    fidelity: Mapping[str, Mapping[str, Figure]]  # mean points, of each sample the mean of its raters
    preferred: Mapping[str, Figure]  # {arm: share of the pairs of two arms that it won, ties as half}
    left: Figure  # share of the decided pairs that the left side won: 0.5 where the side does not matter
    raters: Sequence[Bias]
    gold: int  # rows of the gold set
    undecided: int  # samples of which as many hold them valid as not: in no rate, and not in the gold set

    def as_json(self) -> dict[str, Any]:
        """As review.json has it."""
        found: dict[str, Any] = as_plain(self)
        return found


def findings_of(files: Sequence[RaterFile]) -> Findings:
    """What the files of raters come to; whatever their order."""
    files = sorted(files, key=lambda one: (one.rater, one.page))
    items = dict(sorted({key: item for file in files for key, item in file.items.items()}.items()))
    valid = by_rater(files, lambda file: {key: one.valid for key, one in file.ratings.items()})
    fidelity = by_rater(files, lambda file: {key: one.fidelity for key, one in file.ratings.items()})
    preferred = by_rater(files, winners)
    verdicts = majority(valid)
    points = {key: float(np.mean(given)) for key, given in by_unit(fidelity).items()}
    winning = {tuple(sorted(pair)) for file in files for pair in file.preferences}
    return Findings(
        items=len(by_unit(valid).keys() | points.keys()),
        pairs=len(winning),
        agreement={
            "validity": alpha(valid, (True, False), "nominal"),
            "fidelity": alpha(fidelity, FIDELITY_POINTS, "ordinal"),
            "preference": alpha(preferences_by_side(preferred), ("first", "second", "tie"), "nominal"),
        },
        valid=in_groups(verdicts, items, lambda found: share(sum(found), len(found))),
        fidelity=in_groups(
            points, items, lambda found: clipped(mean_figure(found), FIDELITY_POINTS[0], FIDELITY_POINTS[-1])
        ),
        preferred=preferred_arms(preferred, items),
        left=left_share(files),
        raters=[bias_of(rater, valid, fidelity) for rater in sorted(valid)],
        gold=len(verdicts),
        undecided=len(by_unit(valid)) - len(verdicts),
    )


def by_rater(files: Iterable[RaterFile], values: Callable[[RaterFile], Mapping[Any, Any]]) -> dict[str, dict[Any, Any]]:
    """{rater: {unit: value}} of the units that have one; a rater of several pages is one.

    Raises UsageError where one rater says different things of a unit that is on two pages.
    """
    found: dict[str, dict[Any, Any]] = defaultdict(dict)
    names: dict[str, str] = {}
    said_in: dict[tuple[str, Any], str] = {}
    for file in files:
        name = names.setdefault(file.rater.casefold(), file.rater)
        said = {unit: value for unit, value in values(file).items() if value is not None}
        for unit, value in said.items():
            earlier = said_in.setdefault((name, unit), file.file)
            if found[name].get(unit, value) != value:
                ids = unit if isinstance(unit, str) else " and ".join(unit)
                raise UsageError(
                    f"{file.file}: {file.rater} rates {ids} otherwise than in {earlier}, which shows it, too; give one "
                    "of the two files"
                )
        found[name] |= said
    return found


def by_unit(verdicts: Verdicts) -> dict[Any, list[Any]]:
    """{unit: the values that raters gave it}, sorted by unit."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for values in verdicts.values():
        for unit, value in values.items():
            found[unit].append(value)
    return dict(sorted(found.items()))


def winners(file: RaterFile) -> dict[tuple[str, ...], str]:
    """{the two ids, sorted: the id that won, or "tie"}."""
    return {
        tuple(sorted(pair)): "tie" if side == "tie" else pair[0 if side == "left" else 1]
        for pair, side in file.preferences.items()
    }


def preferences_by_side(preferred: Verdicts) -> dict[str, dict[Any, str]]:
    """The same with "first" or "second" of the sorted ids, which alpha can count."""
    return {
        rater: {pair: won if won == "tie" else "first" if won == pair[0] else "second" for pair, won in given.items()}
        for rater, given in preferred.items()
    }


def majority(valid: Verdicts) -> dict[str, bool]:
    """{item: whether most hold it valid}, without those of which as many do as do not."""
    votes = {key: 2 * sum(given) - len(given) for key, given in by_unit(valid).items()}
    return {key: vote > 0 for key, vote in votes.items() if vote}


def in_groups(
    values: Mapping[str, Any], items: Mapping[str, Item], figure: Callable[[list[Any]], Figure]
) -> dict[str, dict[str, Figure]]:
    """A figure of all values, and of each group of items."""
    found = {"all": {"all": figure(list(values.values()))}}
    for name, group in ITEM_GROUPS.items():
        parts: dict[str, list[Any]] = defaultdict(list)
        for key, value in values.items():
            parts[group(items[key])].append(value)
        if any(parts):
            found[name] = {part: figure(parts[part]) for part in sorted(parts)}
    return found


def preferred_arms(preferred: Verdicts, items: Mapping[str, Item]) -> dict[str, Figure]:
    """How often each of two arms wins: the mean over pairs of what their raters say, a tie as half."""
    won: dict[str, list[float]] = defaultdict(list)
    for pair, given in by_unit(preferred).items():
        if items[pair[0]].arm != items[pair[1]].arm:
            for one in pair:
                won[items[one].arm].append(float(np.mean([0.5 if who == "tie" else who == one for who in given])))
    return {arm: clipped(mean_figure(found), 0, 1) for arm, found in sorted(won.items())}


def left_share(files: Iterable[RaterFile]) -> Figure:
    """How often the left side wins."""
    sides = [side for file in files for side in file.preferences.values() if side != "tie"]
    return share(sides.count("left"), len(sides))


def bias_of(rater: str, valid: Verdicts, fidelity: Verdicts) -> Bias:
    """A rater beside the others."""
    rated = len(valid[rater].keys() | fidelity.get(rater, {}).keys())
    return Bias(rater, rated, difference(rater, valid), difference(rater, fidelity))


def difference(rater: str, verdicts: Verdicts) -> Figure:
    """The mean of a rater's value less the mean of the others', over the units that both have."""
    others = by_unit({name: given for name, given in verdicts.items() if name != rater})
    given = verdicts.get(rater, {})
    return mean_figure(
        [float(value) - float(np.mean(others[unit])) for unit, value in sorted(given.items()) if unit in others]
    )


def alpha(verdicts: Verdicts, domain: Sequence[Any], level: Level, draws: int = DRAWS) -> Figure:
    """Krippendorff's alpha of what raters say, n the units that two or more have rated.

    No value where there are none, or where all that they say is alike: chance would agree as well, and alpha is 0 / 0.
    """
    counts = np.array([[given.count(value) for value in domain] for given in by_unit(verdicts).values()], int)
    counts = counts[counts.sum(1) > 1] if len(counts) else np.zeros((0, len(domain)), int)
    n = len(counts)
    if n == 0 or np.count_nonzero(counts.sum(0)) < 2:
        return Figure(math.nan, n=n)
    used = np.flatnonzero(counts.sum(0))
    apart = np.zeros((1, len(domain)), int)
    apart[0, used[0]] = apart[0, used[-1]] = max(int(np.median(counts.sum(1))) // 2, 1)
    every, chances = np.vstack([counts, apart]), np.append(np.ones(n), PRIOR_UNITS) / (n + PRIOR_UNITS)
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    drawn = (every[generator.choice(n + 1, n, p=chances)] for _ in range(draws))
    found = [library_alpha(rows, level) for rows in drawn if np.count_nonzero(rows.sum(0)) > 1]
    low, high = np.quantile(found, BOUNDS)
    value = library_alpha(counts, level)
    return Figure(value, min(float(low), value), max(float(high), value), n)


def library_alpha(counts: np.ndarray, level: Level) -> float:
    """Alpha of counts of shape (units, values), by the library. Raises UsageError where it is not installed."""
    try:
        import krippendorff
    except ImportError:
        raise UsageError(NEEDS_EXTRA) from None
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement=level))


def gold_rows(files: Sequence[RaterFile]) -> Iterator[dict[str, Any]]:
    """The gold set, as `read_gold` of transforms/judging/gold.py reads it: most raters' verdict on each sample."""
    items = {key: item for file in files for key, item in file.items.items()}
    valid = by_rater(files, lambda file: {key: one.valid for key, one in file.ratings.items()})
    counts = by_unit(valid)
    for key, verdict in majority(valid).items():
        item = items[key]
        yield {
            "text": item.text,
            "persona_id": item.persona_id,
            "number": item.number,
            "verdict": int(verdict),
            "use_case": item.use_case,
            "raters": len(counts[key]),
        }
