"""What the fake server is told, and the random draws that follow from it."""

from __future__ import annotations

import hashlib
import json
import math
import random
from dataclasses import dataclass, field
from typing import Any

from tests.servers.models.problems import math_problem, points, puzzle, solution

PEOPLE = ["carpenter", "nurse", "beekeeper", "archivist", "tram-driver", "potter", "geologist", "cellist", "baker"]
TRAITS = ["patient", "retired", "restless", "young", "meticulous", "cheerful", "stubborn", "curious", "travelling"]
WORK = ["restores boats", "maps orchards", "teaches evening classes", "collects weather diaries", "repairs clocks"]
PLACES = ["a harbour town", "the northern valleys", "a crowded suburb", "an island school", "the railway quarter"]


@dataclass
class Settings:
    """Everything that can be told, over the command line or at any time by POST /settings."""

    seed: int = 1
    median_ms: float = 0.0
    p99_ms: float = 0.0
    faults: dict[str, float] = field(default_factory=dict)  # "429", "500", "reset", "hang", "malformed", "truncated"
    retry_after: float = 0.0
    hang_seconds: float = 60.0
    places: int = 0  # calls at a time, 429 beyond; 0: no bound
    changing: bool = False  # another answer at every call
    pool: int = 0  # so many answers, drawn by the question, one after another where it comes again; 0: no pool
    drawing: bool = False  # another answer whenever a prompt comes again, the same second one in every run
    right: float = 1.0  # share of the problems whose stated answer is right
    solves: float = 1.0  # share of the problems that it solves rightly when asked to
    answer: str = ""  # always this one
    answers: dict[str, list[str]] = field(default_factory=dict)  # by a word in the prompt: first, second ... answer
    usage: list[int] = field(default_factory=list)  # [input, output] tokens; else a quarter of the characters
    key: str = ""  # the only key that is let in
    secrets: dict[str, str] = field(default_factory=dict)  # of Secret Manager, by name; "" is refused
    size: int = 8  # numbers in a vector, where the request does not say
    stubborn: bool = False  # vectors are of that size, whatever the request says
    refuses: str = ""  # texts with this word get a 400, and all that stand beside them
    spoils: dict[str, str] = field(default_factory=dict)  # by a word: "nan", "zero", "short", "few" vectors
    script: list[dict[str, Any]] = field(default_factory=list)  # rules, see script.py
    refuses_fields: list[str] = field(default_factory=list)  # "max_tokens", "temperature", "json_schema": 400


class Draws:
    """The random choices of a server, the same for the same seed and order."""

    def __init__(self, settings: Settings):
        self.settings, self.random = settings, random.Random(settings.seed)

    def fault(self) -> str:
        """What goes wrong with the next call, "" for nothing."""
        point = self.random.random()
        for name, share in self.settings.faults.items():
            point -= share
            if point < 0:
                return name
        return ""

    def latency(self) -> float:
        """Seconds, log-normal."""
        own = self.settings
        if not own.median_ms:
            return 0.0
        sigma = math.log(own.p99_ms / own.median_ms) / 2.326 if own.p99_ms else 0.0
        return own.median_ms / 1000 * math.exp(self.random.gauss(0, sigma))


def made_up(prompt: str, schema: dict[str, Any] | None, salt: str, right: float = 1.0, solves: float = 1.0) -> str:
    """An answer in the form asked for, that follows from the prompt and the salt alone."""
    digest = hashlib.blake2b(f"{prompt}\0{salt}".encode("utf-8", "replace")).digest()

    def sentence(i: int) -> str:
        pick = [words[digest[4 * i + j] % len(words)] for j, words in enumerate((TRAITS, PEOPLE, WORK, PLACES))]
        number = int.from_bytes(digest[40 + i : 43 + i], "big")
        return f"A {pick[0]} {pick[1]} who {pick[2]} in {pick[3]}, house {number}"

    if not schema:
        return sentence(0)
    fields = schema.get("properties", {})
    if fields.get("answers", {}).get("type") == "array":  # several answers at once, each with a probability
        one = fields["answers"]["items"]["properties"]["answer"]
        texts = [made_up(prompt, one if one.get("properties") else None, f"{salt} {i}", right) for i in range(5)]
        answers = [json.loads(text) if one.get("properties") else text for text in texts]
        return json.dumps({"answers": [{"probability": 0.1, "answer": answer} for answer in answers]})
    if {"problem", "solution"} <= fields.keys():
        return json.dumps(math_problem(prompt, salt, right))
    if {"problem", "program"} <= fields.keys():
        return json.dumps(puzzle(prompt, salt, right))
    if {"working", "answer"} == fields.keys():
        return json.dumps(solution(prompt, salt, solves))
    if any("enum" in one and one.get("type") == "integer" for one in fields.values()):
        return json.dumps(points(prompt, salt, fields))
    sets = [one["enum"] for one in fields.values() if "enum" in one]
    if sets:  # a form of fixed values: the last of each, which stands for a code, too
        return json.dumps({name: one.get("enum", sets[0])[-1] for name, one in fields.items()})
    return json.dumps({name: sentence(i % 8) for i, name in enumerate(fields)})
