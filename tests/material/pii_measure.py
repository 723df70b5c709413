"""Personal data planted in real sentences, and how much of it is found."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from persona_hub.transforms.pii import Finding, find_contacts, find_names
from tests.material import pii_gold

SEED = 7


WHO = ("anna", "lwang", "mkhan", "jose", "petra", "omar", "ivan", "tanvi", "kim", "s.rossi")


SENTENCE_ENDS = {"zh": "。", "hi": "।"}


UNSPACED = frozenset({"zh"})


class Planted(NamedTuple):
    """A text, and the stretch text[start:end] of contact data put into it."""

    text: str
    start: int
    end: int
    kind: str  # "email" | "phone" | "link"
    template: str


def paragraphs(data: Path, language: str) -> list[str]:
    """The XQuAD paragraphs of a language."""
    with gzip.open(data / "web" / "multiling" / f"xquad_contexts.{language}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def real_personas(data: Path) -> list[str]:
    """The personas of the released dataset."""
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["input persona"] for row in rows if row.get("input persona")]


def portraits(data: Path) -> list[str]:
    """Texts on people of Nemotron-Personas: who somebody is, and is at work."""
    with (data / "personas" / "nemotron_personas_usa_50.csv").open(encoding="utf-8", newline="") as lines:
        return [row[name] for row in csv.DictReader(lines) for name in ("core", "professional")]


def chat_sentences(data: Path) -> list[str]:
    """The different sentences of the PersonaChat profiles."""
    sentences: set[str] = set()
    with (data / "personas" / "personachat_profiles_paml.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            for value in json.loads(line).values():
                if isinstance(value, list):
                    sentences.update(map(str, value))
    return sorted(sentences)


def fill(template: str, rng: random.Random) -> str:
    """A template with its digits and names."""
    who = rng.choice(WHO)
    if "{" in template:
        return template.replace("{who}", who).replace("{WHO}", who.upper())
    digits = {"#": (0, 10), "N": (2, 10)}
    return "".join(str(rng.randrange(*digits[c])) if c in digits else c for c in template)


def plant(data: Path, languages: Sequence[str], rounds: int = 6) -> Iterator[Planted]:
    """Every template of every language, `rounds` times, each in the middle of a sentence of a real paragraph."""
    for language in languages:
        rng = random.Random(f"{SEED}{language}")
        sentences = [
            sentence.strip()
            for text in paragraphs(data, language)
            for sentence in text.split(SENTENCE_ENDS.get(language, ". "))
            if len(sentence.strip()) > 20
        ]
        kinds = (("phone", pii_gold.PHONES), ("email", pii_gold.EMAILS), ("link", pii_gold.LINKS))
        for kind, templates in kinds:
            for template in templates[language] * rounds:
                sentence = rng.choice(sentences)
                gaps = gaps_in_han(sentence) if language in UNSPACED else gaps_of(sentence)
                at = rng.choice(gaps)
                core = fill(template, rng)
                before, after = ("", "，") if language in UNSPACED else (" ", " ")
                text = sentence[:at] + before + core + after + sentence[at:].lstrip()
                start = at + len(before)
                yield Planted(text, start, start + len(core), kind, template)


def gaps_of(sentence: str) -> list[int]:
    """Places of the spaces of a sentence."""
    return [i for i, letter in enumerate(sentence) if letter == " "] or [len(sentence)]


def gaps_in_han(sentence: str) -> list[int]:
    """Places between two Han characters."""
    return [i for i in range(1, len(sentence)) if min(sentence[i - 1 : i + 1]) >= "\u4e00"] or [len(sentence)]


def is_caught(planted: Planted, found: Sequence[Finding]) -> bool:
    """Whether every letter and digit of what was planted lies in a finding."""
    covered = {i for finding in found for i in range(finding.start, finding.end)}
    return all(i in covered for i in range(planted.start, planted.end) if planted.text[i].isalnum())


def recall(data: Path, languages: Sequence[str]) -> dict[tuple[str, str], tuple[int, int, list[str]]]:
    """By language and kind: how many planted, how many caught, and the templates of those missed."""
    rows: dict[tuple[str, str], tuple[int, int, list[str]]] = {}
    for language in languages:
        counts: Counter[tuple[str, bool]] = Counter()
        missed: dict[str, list[str]] = defaultdict(list)
        for planted in plant(data, (language,)):
            caught = is_caught(planted, find_contacts(planted.text, language))
            counts[planted.kind, caught] += 1
            if not caught:
                missed[planted.kind].append(planted.text[planted.start : planted.end])
        for kind in ("email", "phone", "link"):
            rows[language, kind] = (counts[kind, True] + counts[kind, False], counts[kind, True], missed[kind])
    return rows


def mentions(text: str, names: Sequence[str]) -> list[tuple[int, int]]:
    """Where names stand in a text, long ones first, none overlapping."""
    taken: list[tuple[int, int]] = []
    for name in sorted(names, key=len, reverse=True):
        at = text.find(name)
        while at >= 0:
            if all(at + len(name) <= start or end <= at for start, end in taken):
                taken.append((at, at + len(name)))
            at = text.find(name, at + 1)
    return taken


def names_found(
    data: Path, gold: Mapping[int, Mapping[str, Sequence[str]]], language: str
) -> tuple[int, int, int, int]:
    """Mentions of people, those wholly found, findings, and those that touch a mention."""
    texts = paragraphs(data, language)
    totals = [0, 0, 0, 0]
    for number, by_language in gold.items():
        if language not in by_language:
            continue
        people = mentions(texts[number], by_language[language])
        found = find_names(texts[number], language)
        totals[0] += len(people)
        totals[1] += sum(any(f.start <= start and end <= f.end for f in found) for start, end in people)
        totals[2] += len(found)
        totals[3] += sum(any(f.start < end and start < f.end for start, end in people) for f in found)
    return totals[0], totals[1], totals[2], totals[3]
