"""A gold set: samples that people have judged, to tell how far a judge agrees with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.user_text import FileError, read_text
from persona_hub.transforms.judging.agreement import Agreement, agreement_of
from persona_hub.transforms.judging.judge_task import score_of
from persona_hub.transforms.records import Sample

Key = str | tuple[str, int]  # of a sample: its text, or persona and number
DEFAULT_LEAST = 0.5  # the score from which a sample is good, where no --min_score says


class GoldError(InvalidInputError):
    """A gold set that cannot be used; the message names the file, the line and the remedy."""


@dataclass(frozen=True)
class GoldRow:
    """One sample, by its text or by persona and number, and how good a person holds it to be."""

    score: float  # 0 to 1; of a verdict 0 or 1
    text: str = ""
    persona_id: str = ""
    number: int = 0
    use_case: str = ""  # "": of any

    @property
    def key(self) -> Key:
        """By what it names its sample."""
        return self.text or (self.persona_id, self.number)


def read_gold(path: str, use_cases: Sequence[str] = ()) -> tuple[GoldRow, ...]:
    """The rows of a file in JSON Lines. Raises GoldError, also for one of a use case that is not among `use_cases`, and
    where there are several for one that names a persona's sample and does not say of which.
    """
    try:
        lines = read_text(path).split("\n")
    except FileError as error:
        raise GoldError(f"--judge_gold {error}") from error
    place = f"--judge_gold {path}"
    rows = tuple(gold_row(line, f"{place}: line {n}", use_cases) for n, line in enumerate(lines, 1) if line.strip())
    if not rows:
        raise GoldError(f"{place}: holds no row; see docs/judges.md")
    return rows


def gold_row(line: str, where: str, use_cases: Sequence[str] = ()) -> GoldRow:
    """The row of one line. Raises GoldError."""
    try:
        row: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise GoldError(f"{where}: not JSON ({error}); each line is an object as in docs/judges.md") from None
    if not isinstance(row, dict):
        raise GoldError(f"{where}: must be an object with text, or persona_id and number, and verdict or score")
    text, persona_id, number = row.get("text", ""), row.get("persona_id", ""), row.get("number", 0)
    if not isinstance(text, str) or not isinstance(persona_id, str) or not (text or persona_id):
        raise GoldError(f"{where}: names no sample; give its text, or persona_id and number")
    if type(number) is not int or number < 0:
        raise GoldError(f"{where}: number: {number!r} must be 0 or more")
    if ("verdict" in row) == ("score" in row):
        raise GoldError(f"{where}: give either verdict (0 or 1) or score (0 to 1)")
    use_case = row.get("use_case", "")
    if use_cases and (use_case not in use_cases if use_case else not text and len(use_cases) > 1):
        raise GoldError(f"{where}: use_case: {str(use_case)[:40]!r} must be one of {', '.join(use_cases)}")
    return GoldRow(human_score(row, where), text, persona_id, number, str(use_case))


def human_score(row: Mapping[str, Any], where: str) -> float:
    """The score that a row states. Raises GoldError."""
    if "verdict" in row:
        if row["verdict"] not in (0, 1):
            raise GoldError(f"{where}: verdict: {str(row['verdict'])[:40]!r} must be 0 (bad) or 1 (good)")
        return float(row["verdict"])
    score = row["score"]
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        raise GoldError(f"{where}: score: {str(score)[:40]!r} must be from 0 to 1")
    return float(score)


def agreement_with(
    gold: Iterable[GoldRow], samples: Iterable[Sample], least: float = 0.0, use_case: str = ""
) -> Agreement:
    """How far the judge's scores of `samples` of one use case, rejected ones among them, agree with those of `gold`.

    A sample is good from `least` on, or from DEFAULT_LEAST where that is 0. Rows of other samples are passed over, and
    with `use_case` those of another one.
    """
    by_key = by_sample(gold, use_case)
    return agreement_of(pair for sample in samples for pair in verdicts_on(sample, by_key, least))


def by_sample(gold: Iterable[GoldRow], use_case: str = "") -> dict[Key, list[float]]:
    """The scores of people by what names a sample, of the rows that may be of a use case."""
    found: dict[Key, list[float]] = {}
    for row in gold:
        if not use_case or row.use_case in ("", use_case):
            found.setdefault(row.key, []).append(row.score)
    return found


def verdicts_on(sample: Sample, gold: Mapping[Key, Sequence[float]], least: float = 0.0) -> Iterator[tuple[bool, bool]]:
    """(the judge's verdict, the human one) for each time that people have judged a sample that the judge has, too."""
    least = least or DEFAULT_LEAST
    score = score_of(sample)
    humans = [*gold.get(sample.text, ()), *gold.get((sample.persona_id, sample.number), ())]
    if score is not None:
        yield from ((score >= least, human >= least) for human in humans)
