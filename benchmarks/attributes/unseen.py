"""Texts that no rule was written by: sentences of two halves, and released personas that were read by eye."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.attributes.texts import ARTICLE, ATTRIBUTES, FOLDER, SLOT, SWITCH, Labelled

HALVES = ("first", "second")
DRAWS = 8
NAMES = {"s": "seniority", "l": "life_stage", "c": "country", "e": "education"}
STAGES = {"young": "young adult", "older": "older adult"}
GROUP = "*"


def rights(labels: str, slots: Mapping[str, str]) -> dict[str, set[str]]:
    """What `labels` and the slots of a sentence say, for each attribute that is scored."""
    said = dict(slots)
    said.update((short, values) for short, _, values in (label.partition("=") for label in labels.split()))
    if said.get("s", "?") not in (
        "?",
        "",
    ):  # whoever studies or is retired has an age and a degree that a reader guesses
        if "student" in said["s"] or "retired" in said["s"]:
            said.setdefault("l", "?")
        if "student" in said["s"]:
            said.setdefault("e", "?")
    right: dict[str, set[str]] = {name: set() for name in ATTRIBUTES}
    for short, name in NAMES.items():
        values = {STAGES.get(value, value) for value in said.get(short, "").split("/") if value}
        right[name] = values
        if values == {"?"}:
            del right[name]
    units = said.get("o", "")
    if units == "?":
        del right["occupation"], right["occupation_unit"]
    elif units:
        right["occupation"] = {unit[0] for unit in units.split("/")}
        right["occupation_unit"] = set(units.split("/"))
        if GROUP in units:
            del right["occupation_unit"]
    return right


def filled(sentence: str, labels: str, half: Mapping[str, Any], names: list[list[str]], rng: random.Random) -> Labelled:
    """A sentence with a job, a country and a name drawn by chance."""
    gender, job, land = rng.randrange(2), rng.choice(half["jobs"]), rng.choice(half["lands"])
    fills = {
        **land,
        "job": job["m"] if gender == 0 else job.get("f", job["m"]),
        "job_m": job["m"],
        "name": rng.choice(names)[gender],
    }
    slots = set(SLOT.findall(sentence))
    said = {}
    if slots & {"job", "job_m"}:
        said["o"] = str(job["units"])
    if slots & set(land):
        said["c"] = str(land["code"])
    text = SWITCH.sub(lambda match: match[1 + gender], SLOT.sub(lambda match: str(fills[match[1]]), sentence))
    return Labelled(
        ARTICLE.sub(lambda match: match[1] + ("n " if match[2] in "aeioAEIO" else " "), text), "", rights(labels, said)
    )


def unseen_texts(language: str, half: str, seed: int = 11) -> list[Labelled]:
    """Each sentence of a half `DRAWS` times, so that each counts as much as the others."""
    raw = yaml.safe_load((FOLDER / "sentences.yaml").read_text("utf-8"))[language]
    rng, texts = random.Random(seed), []
    for sentence, labels in raw[half]["sentences"].items():
        for _ in range(DRAWS):
            one = filled(sentence, labels or "", raw[half], raw["names"], rng)
            one.language = language
            texts.append(one)
    return texts


def judged_texts(data: Path, half: str) -> list[Labelled]:
    """The released personas of a half that were read by eye, and what they say."""
    judged = yaml.safe_load((FOLDER / "judged.yaml").read_text("utf-8"))[half]
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = sorted({json.loads(line)["input persona"].strip() for line in file})
    found = []
    for text in texts:
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        if key in judged:
            language = "zh" if re.search("[一-鿿]", text) else "en"
            found.append(Labelled(text, language, rights(judged[key] or "", {})))
    return found
