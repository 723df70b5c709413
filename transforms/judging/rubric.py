"""Rubric: what a judge looks at, as a YAML file says it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

import yaml

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.user_text import FileError, read_text
from persona_hub.transforms.files.user_yaml import load_yaml

LOWEST, HIGHEST = 1, 5  # of a criterion's points: what raters, human ones too, tell apart
MOST_CRITERIA, TEXT_CHARACTERS = 16, 2000
CRITERION_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
COMMENT = "comment"  # the judge's words, which it writes before its points
CRITERION_KEYS = ("text", "weight")
REMEDY = "see docs/judges.md"


class RubricError(InvalidInputError):
    """A rubric file that cannot be used; the message names the file, the key and the remedy."""


@dataclass(frozen=True)
class Criterion:
    """One thing that a judge gives points for, 1 to 5."""

    name: str
    text: str  # what the points mean, for the judge
    weight: float = 1.0  # in the score


@dataclass(frozen=True)
class Rubric:
    """The criteria in their order."""

    criteria: tuple[Criterion, ...]

    @cached_property
    def text(self) -> str:
        """The criteria as a prompt lists them."""
        return "\n".join(f"- {one.name}: {one.text}" for one in self.criteria)

    @cached_property
    def form(self) -> str:
        """The form of an answer, as a prompt shows it."""
        form = {COMMENT: "one or two sentences: what is good, what is wrong", **{one.name: 0 for one in self.criteria}}
        return json.dumps(form).replace(": 0", f": {LOWEST} to {HIGHEST}")

    @cached_property
    def schema(self) -> str:
        """JSON schema of an answer."""
        points = {"type": "integer", "enum": list(range(LOWEST, HIGHEST + 1))}
        fields = {COMMENT: {"type": "string"}, **{one.name: points for one in self.criteria}}
        return json.dumps(
            {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
        )

    def score(self, points: Mapping[str, int]) -> float:
        """The weighted mean of a sample's points, from 0 (all lowest) to 1 (all highest), to four decimals."""
        total = math.fsum(one.weight for one in self.criteria)
        shares = (one.weight * (points[one.name] - LOWEST) / (HIGHEST - LOWEST) for one in self.criteria)
        return round(math.fsum(shares) / total, 4)


def default_rubric() -> Rubric:
    """Validity, fidelity to the persona, difficulty and harmlessness."""
    return parse_rubric((resources.files(__package__) / "rubric.yaml").read_text("utf-8"), "rubric.yaml")


def read_rubric(path: str) -> Rubric:
    """The rubric in a file, "" for the default one. Raises RubricError."""
    if not path:
        return default_rubric()
    try:
        return parse_rubric(read_text(path), f"--rubric {path}")
    except FileError as error:
        raise RubricError(f"--rubric {error}") from error


def parse_rubric(text: str, where: str) -> Rubric:
    """The rubric in a YAML text, read from `where`. Raises RubricError."""
    try:
        document = load_yaml(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise RubricError(f"{where}: {line}{error.problem}; {REMEDY}") from error
    except yaml.YAMLError as error:
        raise RubricError(f"{where}: not valid YAML ({error}); {REMEDY}") from error
    criteria = document.get("criteria") if isinstance(document, dict) and list(document) == ["criteria"] else None
    if not isinstance(criteria, dict) or not criteria:
        raise RubricError(f"{where}: must hold `criteria:` alone, with a name for each; {REMEDY}")
    if len(criteria) > MOST_CRITERIA:
        raise RubricError(f"{where}: {len(criteria)} criteria; at most {MOST_CRITERIA}: put some together")
    rubric = Rubric(tuple(criterion_in(name, entry, where) for name, entry in criteria.items()))
    if not any(one.weight for one in rubric.criteria):
        raise RubricError(f"{where}: all weights are 0; give one criterion a weight")
    return rubric


def criterion_in(name: Any, entry: Any, where: str) -> Criterion:
    """One criterion of a rubric. Raises RubricError."""
    if not isinstance(name, str) or not CRITERION_NAME.fullmatch(name) or name == COMMENT:
        raise RubricError(
            f"{where}: criteria: {str(name)[:80]!r} must be lower-case letters, digits and _, at most 32 in all, and "
            f"not {COMMENT!r}"
        )
    place = f"{where}: criteria: {name}"
    entry = {"text": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, dict):
        raise RubricError(f"{place}: must be a text, or text and weight; {REMEDY}")
    if unknown := [key for key in entry if key not in CRITERION_KEYS]:
        raise RubricError(f"{place}: unknown key {unknown[0]!r}; there are {', '.join(CRITERION_KEYS)}")
    text, weight = entry.get("text"), entry.get("weight", 1.0)
    if not isinstance(text, str) or not text.strip():
        raise RubricError(f"{place}: text: says what the points mean; {REMEDY}")
    if len(text) > TEXT_CHARACTERS:
        raise RubricError(f"{place}: text: {len(text):,} characters; at most {TEXT_CHARACTERS:,}")
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1000:  # NaN is neither
        raise RubricError(f"{place}: weight: {weight!r} must be a number from 0 to 1,000")
    return Criterion(name, " ".join(text.split()), float(weight))
