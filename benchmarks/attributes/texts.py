"""Texts made of structured records with varied wordings, and real records with columns of their own."""

from __future__ import annotations

import csv
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

LANGUAGES = ("en", "de", "es", "fr", "zh")
SPLITS = ("tuned", "held_out", "fresh")
ATTRIBUTES = ("occupation", "occupation_unit", "seniority", "life_stage", "country", "education")
FOLDER = Path(__file__).parent
SLOT = re.compile(r"\{(\w+)\}")
SWITCH = re.compile(r"\[([^]|]*)\|([^]]*)\]")
ARTICLE = re.compile(r"\b([Aa])n? (?=([a-zA-Z]))")
MOST_UNITS = 3
YEARS_OLD = re.compile(r"\b(\d\d)[\s-]years?[\s-]old\b")


@dataclass
class Labelled:
    """A text and the values that are right for each attribute: none where it says nothing; absent: not scored."""

    text: str
    language: str
    right: dict[str, set[str]] = field(default_factory=dict)


def stage_of(age: int) -> str:
    """The life stage of an age in years."""
    stages = ((13, "child"), (20, "teenager"), (30, "young adult"), (65, "adult"))
    return next((stage for below, stage in stages if age < below), "older adult")


def gendered(names: str, gender: int) -> str:
    """The form of a title for one of two genders."""
    return names.split("/")[gender] if "/" in names else names


def place(names: str, gender: int, by_name: bool) -> str:
    """A country's name, or its adjective."""
    parts = names.split("/")
    return parts[0] if by_name else parts[min(1 + gender, len(parts) - 1)]


class Wordings:
    """Makes texts of one language and one split of wordings.yaml."""

    def __init__(self, language: str, split: str, seed: int = 7) -> None:
        raw = yaml.safe_load((FOLDER / "wordings.yaml").read_text("utf-8"))
        self.language, self.split, self.rng = language, split, random.Random(seed)
        self.raw = raw[language]
        self.occupations, self.countries = raw["occupations"][split], raw["countries"][split]

    def pick(self, name: str) -> Any:
        """One of the phrases of a slot; those without splits serve both."""
        choices = self.raw[name]
        if isinstance(choices, dict):
            choices = choices.get(self.split) or choices[SPLITS[0]]
        return self.rng.choice(choices)

    def one(self) -> Labelled:
        """A text of a record drawn by chance."""
        self.gender = self.rng.randrange(2)
        self.occupation, self.other = self.rng.sample(self.occupations, 2)
        self.country, self.distractor = self.rng.sample(self.countries, 2)
        self.right: dict[str, set[str]] = {name: set() for name in ATTRIBUTES}
        self.unscored: set[str] = set()
        text = self.rng.choice(self.raw["templates"][self.split])
        while "{" in text:
            text = SLOT.sub(lambda match: self.said(match[1]), text)
        text = SWITCH.sub(lambda match: match[1 + self.gender], text)
        if self.language == "en":
            text = ARTICLE.sub(lambda match: match[1] + ("n " if match[2] in "aeioAEIO" else " "), text)
        text = re.sub(r"\s+([,.])", r"\1", re.sub(r" {2,}", " ", text))
        return Labelled(text, self.language, {k: v for k, v in self.right.items() if k not in self.unscored})

    def said(self, slot: str) -> str:
        """What the record says in a slot; notes what is right."""
        if slot == "occupation":
            self.right["occupation_unit"] = {str(unit) for unit in self.occupation["units"]}
            if self.occupation.get("leads"):
                self.unscored.add("seniority")  # the title says it, too
            if len(self.occupation["units"]) > MOST_UNITS:
                self.unscored.add("occupation_unit")  # the title says none
            self.right["occupation"] = {unit[0] for unit in self.right["occupation_unit"]}
            return gendered(self.occupation[self.language], self.gender)
        if slot == "other":
            return gendered(self.other[self.language], self.gender)
        if slot in ("country", "nationality"):
            self.right["country"] = {self.country["code"]}
            return place(self.country[self.language], self.gender, slot == "country")
        if slot.startswith("distractor"):
            name = place(self.distractor[self.language], self.gender, slot != "distractor")
            return f"Romane aus {name}" if slot == "distractor_noun" else name
        if slot == "age":
            age = self.rng.randint(21, 79)
            self.right["life_stage"] = {stage_of(age)}
            return str(age)
        if slot == "name":
            return str(self.rng.choice(self.raw["names"][self.gender]))
        chosen = self.pick(slot)
        if isinstance(chosen, str):
            return chosen
        value, words, *implied = chosen
        if slot == "student":
            self.right["education"], self.right["seniority"] = {value}, {"student"}
            self.unscored.add("life_stage")  # a reader may guess it
        else:
            name = {"stage": "life_stage", "decade": "life_stage", "education": "education"}.get(slot, "seniority")
            self.right[name] = {value}
            if implied:
                self.right["seniority"] = set(implied)
            if value == "retired":
                self.unscored.add("life_stage")
        return str(words)


def made_texts(language: str, split: str, count: int) -> list[Labelled]:
    """`count` texts of a language, each content once, as far as the wordings give so many."""
    wordings, found = Wordings(language, split), dict[str, Labelled]()
    for _ in range(4 * count):
        if len(found) == count:
            break
        made = wordings.one()
        found.setdefault(made.text, made)
    return list(found.values())


def nemotron_texts(data: Path, column: str) -> list[Labelled]:
    """The records of Nemotron-Personas: their columns are right where the text names them, all else is not scored.

    The texts do not say seniority, country and education in words that the columns could confirm; a life stage counts
    where the text tells the age.
    """
    units = yaml.safe_load((FOLDER / "nemotron.yaml").read_text("utf-8"))
    texts = []
    with (data / "personas" / "nemotron_personas_usa_50.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            right: dict[str, set[str]] = {}
            if codes := units.get(row["occupation"]):
                right["occupation_unit"] = {str(code) for code in codes}
                right["occupation"] = {unit[0] for unit in right["occupation_unit"]}
            if YEARS_OLD.search(re.sub("[‑–]", "-", row[column])):
                right["life_stage"] = {stage_of(int(row["age"]))}
            texts.append(Labelled(row[column], "en", right))
    return texts
