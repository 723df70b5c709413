"""Scores of models that were trained on the arms' sets, from a file of the user's: each beside the control's."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.figures import wilson
from persona_hub.transforms.files.user_text import FileError, read_text

SCORES_FLAG = "--scores"
SCORE_COLUMNS = "arm, benchmark, and correct and total, or score (0 to 1) and n"


class ScoreError(InvalidInputError):
    """Scores that cannot be used; the message names the file, the line and the remedy."""


class ArmScore(NamedTuple):
    """How many of a benchmark's questions the model trained on an arm's set has right."""

    arm: str
    benchmark: str
    correct: float  # whole but where a score is rounded
    total: int

    @property
    def share(self) -> float:
        """Of the questions."""
        return self.correct / self.total


def read_scores(path: str, arms: Sequence[str]) -> list[ArmScore]:
    """The scores of a file in CSV (.csv, with a header) or JSON Lines. Raises ScoreError."""
    try:
        text = read_text(path)
    except FileError as error:
        raise ScoreError(f"{SCORES_FLAG} {error}") from error
    place = f"{SCORES_FLAG} {path}"
    lines = csv_rows(text) if path.lower().endswith(".csv") else json_rows(text, place)
    found: dict[tuple[str, str], ArmScore] = {}
    for n, row in lines:
        one = score_of_row(row, f"{place}: line {n}", arms)
        if (one.arm, one.benchmark) in found:
            raise ScoreError(
                f"{place}: line {n}: a second score of {one.arm} on {one.benchmark}; leave one, or add up the correct "
                "answers and totals of several runs"
            )
        found[one.arm, one.benchmark] = one
    if not found:
        raise ScoreError(f"{place}: holds no score; give {SCORE_COLUMNS}")
    return list(found.values())


def csv_rows(text: str) -> Iterator[tuple[int, Any]]:
    """(line, row) of a table with a header; white space around names and values is left out."""
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    for row in reader:
        yield reader.line_num, {str(name).strip(): (value or "").strip() for name, value in row.items() if name}


def json_rows(text: str, place: str) -> Iterator[tuple[int, Any]]:
    """(line, row) of JSON Lines. Raises ScoreError."""
    for n, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield n, orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise ScoreError(
                    f"{place}: line {n}: not JSON ({error}); each line is an object with {SCORE_COLUMNS}"
                ) from None


def score_of_row(row: Any, where: str, arms: Sequence[str]) -> ArmScore:
    """The score of one row. Raises ScoreError."""
    if not isinstance(row, dict):
        raise ScoreError(f"{where}: must be an object with {SCORE_COLUMNS}")
    arm, benchmark = str(row.get("arm") or ""), str(row.get("benchmark") or "")
    if arm not in arms:
        raise ScoreError(f"{where}: arm: {arm[:40]!r} is none of this experiment, which has {', '.join(arms)}")
    if not benchmark:
        raise ScoreError(f"{where}: benchmark: name the test that was taken")
    counted, rated = row.get("total") not in (None, ""), row.get("n") not in (None, "")
    if counted == rated:
        raise ScoreError(f"{where}: give either correct and total, or score and n")
    names = ("correct", "total") if counted else ("score", "n")
    part, total = (number_in(row, name, where) for name in names)
    if total < 1 or total != int(total):
        raise ScoreError(f"{where}: {names[1]}: {total:g} must be a whole number of questions, 1 or more")
    if counted and not (part == int(part) and 0 <= part <= total):
        raise ScoreError(f"{where}: correct: {part:g} must be a whole number from 0 to {total:g}")
    if rated and not 0 <= part <= 1:
        raise ScoreError(f"{where}: score: {part:g} must be a share of the questions, 0 to 1; divide percents by 100")
    return ArmScore(arm, benchmark, part if counted else part * total, int(total))


def number_in(row: Mapping[str, Any], name: str, where: str) -> float:
    """A number of a row. Raises ScoreError."""
    value = row.get(name)
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ScoreError(f"{where}: {name}: {str(value)[:40]!r} must be a number")
    return number


def newcombe(one: ArmScore, other: ArmScore) -> tuple[float, float, float]:
    """`one`'s share less `other`'s, with an interval of 95%: method 10 of R. G. Newcombe, Stat. in Medicine 17, 1998.

    It takes the two for independent. Models that answer the same questions are mostly alike in what they find hard,
    and then it is too wide.

    >>> tuple(round(x, 4) for x in newcombe(ArmScore("a", "b", 56, 70), ArmScore("c", "b", 48, 80)))
    (0.2, 0.0524, 0.3339)
    """
    (low, high), (below, above) = wilson(one.correct, one.total), wilson(other.correct, other.total)
    value = one.share - other.share
    down = math.hypot(one.share - low, above - other.share)
    up = math.hypot(high - one.share, other.share - below)
    return value, value - down, value + up


def scores_told(scores: Sequence[ArmScore], control: str) -> list[dict[str, Any]]:
    """Scores as JSON, with Wilson's interval, and beside the control's on the same benchmark where it has one."""
    controls = {one.benchmark: one for one in scores if one.arm == control}
    told = []
    for one in scores:
        low, high = wilson(one.correct, one.total)
        row: dict[str, Any] = {"arm": one.arm, "benchmark": one.benchmark, "n": one.total}
        row["score"] = {"value": one.share, "low": low, "high": high}
        row["less_control"] = None
        if one.arm != control and (beside := controls.get(one.benchmark)):
            row["less_control"] = dict(zip(("value", "low", "high"), newcombe(one, beside), strict=True))
        told.append(row)
    return told
