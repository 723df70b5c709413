"""A text in which a model says that it will not, or cannot, answer. The patterns stand in refusals.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

import regex

from persona_hub.transforms.packaged_yaml import packaged_yaml

PREFIX_CHARACTERS = 4  # of a text by which patterns are chosen: of some 60 about one is left
OPENING = "\"'“”„«*-•> "  # what may stand before the first word
HEAD = 400  # characters that are looked at
# A refusal says little else: of a longer text the same beginning is a character's or a user's own sentence.
WHOLE_CHARACTERS = 240
# "None" and "unknown" for want of an answer: where they stand alone they may be the answer to a puzzle.
LEAST_CHARACTERS = 12


# What tells a refusal from "I'm sorry, but the gate is closed", where somebody speaks.
ABOUT_A_MODEL = regex.compile(
    r"\b(an? (ai|a\.i\.)|language model|ki|sprachmodell|modelo de lenguaje|inteligencia artificial|modèle de langage"
    r"|intelligence artificielle|modelo de linguagem|modello linguistico|taalmodel|языков\w+ модел\w+|dil modeli"
    r"|model bahasa|mô hình ngôn ngữ)\b|人工智能|人工智慧|语言模型|語言模型|言語モデル|언어 모델|نموذج لغ|भाषा मॉडल"
)


REQUEST = regex.compile(
    r"\b(can[''’]?t|cannot|unable to|not able to|won[''’]t) (help|assist|comply|fulfil|provide|generate|answer)\b"
    r".{0,30}\b(that|this|request)\b"
)


def is_refusal(text: str, spoken: bool = False) -> bool:
    """Whether `text` is a refusal: short, or about the model itself; only the latter where it is what somebody says."""
    head = " ".join(text[:HEAD].split()).lower().lstrip(OPENING)
    if len(head) < LEAST_CHARACTERS or not any(line.match(head) for line in likely(head[:PREFIX_CHARACTERS])):
        return False
    if spoken:
        return ABOUT_A_MODEL.search(head) is not None or REQUEST.search(head) is not None
    return len(text) <= WHOLE_CHARACTERS or ABOUT_A_MODEL.search(head) is not None


@lru_cache(10_000)
def likely(prefix: str) -> tuple[regex.Pattern[str], ...]:
    """The patterns that a text with this beginning may match."""
    return tuple(line for lines in refusal_patterns().values() for line in lines if line.match(prefix, partial=True))


@cache
def refusal_patterns() -> Mapping[str, tuple[regex.Pattern[str], ...]]:
    """The patterns by language."""
    tables = packaged_yaml(__package__, "refusals.yaml")
    return {language: tuple(map(regex.compile, lines)) for language, lines in tables.items()}
