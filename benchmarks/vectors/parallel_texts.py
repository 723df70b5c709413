"""Texts that are there in several languages, made persona-like: each the first sentence of a text and its translation.

Translators part one sentence into two, and "am 6. Oktober" is no end of a sentence: cut without care, a third of the
first sentences in German said something else than those in English. So dots behind short numbers, initials and
abbreviations end nothing here, and of two languages only those items count that have as many sentences in both.
Thai marks no ends of sentences; beside it whole paragraphs stand on both sides.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.planted_pairs import word_problems
from benchmarks.vectors.real_texts import PARALLEL, paragraphs

ASKS = {
    "de": "Jemand, der fragt: {}",
    "en": "Somebody who asks: {}",
    "es": "Alguien que pregunta: {}",
    "ja": "次のように尋ねる人：{}",
    "zh": "一个这样提问的人：{}",
}
READS = {
    "ar": "شخص يقرأ: {}",
    "de": "Jemand, der liest: {}",
    "en": "Somebody who reads: {}",
    "es": "Alguien que lee: {}",
    "ru": "Человек, который читает: {}",
    "th": "คนที่อ่าน: {}",
    "zh": "一个在读这段话的人：{}",
}
UNMARKED = "th"  # no ends of sentences
PARTED = re.compile(r"(?<=[.!?。！？؟])\s+|(?<=[。！？])|\n+")
NO_END = re.compile(
    r"(?:(?<![\w.])\d{1,2}|\b[^\W\d_]|\b[^\W\d_]\.[^\W\d_]|\b(?:Mio|Mrd|Nr|Dr|St|ca|bzw|usw|etc|vs|Jr|Sr|Mr|Mrs|No|Art|Abs"
    r"|Inc|Ltd|Co|Lt|Sgt|Col|Gen|Prof|Hl|EE|UU|Sra|Srta|млн|млрд|тыс|др|гг|им|ул))\.$"
)


class Parallel(NamedTuple):
    """Persona-like texts by language, item by item the same, and how many sentences the text of each item has."""

    texts: dict[str, list[str]]
    sentences: dict[str, Any]

    def alike(self, one: str, other: str) -> Any:
        """The items that count for a pair of languages."""
        return np.flatnonzero(self.sentences[one] == self.sentences[other])


def sentences(text: str) -> list[str]:
    """A text's sentences."""
    found, held = [], ""
    for part in PARTED.split(text):
        held = f"{held} {part.strip()}".strip()
        if held and not NO_END.search(held):
            found.append(held)
            held = ""
    return [*found, held] if held else found


def first_sentences(texts: dict[str, list[str]], frames: dict[str, str]) -> Parallel:
    """The first sentence of each text in its frame."""
    parted = {code: [sentences(text) for text in found] for code, found in texts.items()}
    return Parallel(
        {code: [frames[code].format(parts[0]) for parts in found] for code, found in parted.items()},
        {code: np.array([len(parts) for parts in found]) for code, found in parted.items()},
    )


def word_problem_texts(data: Path) -> Parallel:
    """250 word problems in the languages of ASKS."""
    return first_sentences({code: word_problems(data, code) for code in ASKS}, ASKS)


def paragraph_texts(data: Path) -> Parallel:
    """240 paragraphs in the languages of READS but Thai."""
    return first_sentences({code: paragraphs(data, code) for code in PARALLEL if code != UNMARKED}, READS)


def whole_texts(data: Path) -> Parallel:
    """240 whole paragraphs in the languages of READS."""
    texts = {code: [READS[code].format(text) for text in paragraphs(data, code)] for code in PARALLEL}
    return Parallel(texts, {code: np.ones(len(found), int) for code, found in texts.items()})
