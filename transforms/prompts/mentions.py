"""What only the prompt showed and an answer must not speak of: "this document", "the persona above".

Nobody who reads a hub sees the document or the prompt. The patterns of each language stand in mentions.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import regex

from persona_hub.transforms.packaged_yaml import packaged_yaml

# "The persona" with nothing before it that it could be, and nothing after it that makes it somebody's.
BARE_PERSONA = regex.compile(
    r"\b(the|this) persona\b(?! (of|method|concept|theory|approach|model|technique|template|design|card|poem)\b)"
)
# "The document" of which nothing was said before. Of 2,486 real personas two have it, and both mean their own.
BARE_DOCUMENT = regex.compile(
    r"\bthe (?P<thing>document|text|article|passage)\b"
    r"(?! (of|on|about|for|from|that|which|who|(s?he|they|we|i|you)|messages?|books?|editors?|files?|box|field|mining"
    r"|processing|processor|analysis|formats?|management|model|object|tree|series|way|through)\b|-)"
)
DOCUMENT_CHARACTERS = 200  # after "the text": so much may be that text
# What makes personas the matter of a text: those of marketing, design, the stage, psychology.
PERSONAS = regex.compile(
    r"\bpersonas\b"
    r"|\b(an?|user|buyer|customer|marketing|stage|online|public|brand|alter|each|every|any|another|new|his|her|their|your"
    r"|its|my|our) (\w+ ){0,2}persona\b"
)


class Mentions(NamedTuple):
    """How one language names a thing."""

    stems: tuple[str, ...]
    patterns: tuple[regex.Pattern[str], ...]


def names_document(text: str) -> str:
    """The words, in lower case, with which a text names the document that its model was shown, else ""."""
    lower = text.lower()
    if found := first_mention(lower, "document"):
        return found
    bare = BARE_DOCUMENT.search(lower)
    return bare[0] if bare and bare["thing"] not in lower[: bare.start()] else ""


def names_absent_document(text: str) -> str:
    """The words, in lower case, with which a sample names a document that it does not hold, else "".

    "Sum up the article in a line." has none, where "Sum up the article: ..." with a long article after it does; a tool
    may read "the document" where it says elsewhere what that is. Of 4,232 real tools, tasks and problems one is found,
    "Rewrite the text and correct the spelling errors" without a text.
    """
    lower = text.lower()
    bare = BARE_DOCUMENT.search(lower)
    if bare is None or len(lower) - bare.end() >= DOCUMENT_CHARACTERS:
        return ""
    thing = bare["thing"]
    return "" if lower.count(thing) > lower.count(f"the {thing}") else bare[0]


def names_persona(text: str, matter: str = "") -> str:
    """The words, in lower case, with which a text names the persona that its model was given, else "".

    A text on personas, those of marketing say, may speak of one: it has named it before, or `matter` has.
    """
    lower = text.lower()
    if text.isascii() and "persona" not in lower:
        return ""
    if found := first_mention(lower, "persona"):
        return found
    bare = BARE_PERSONA.search(lower)
    if bare is None or PERSONAS.search(lower, 0, bare.start()) or "persona" in matter.lower():
        return ""
    return bare[0]


def first_mention(lower: str, thing: str) -> str:
    """The first words in a text in lower case that a pattern of any language finds."""
    for stems, patterns in mentions()[thing]:
        if any(stem in lower for stem in stems):
            for pattern in patterns:
                if found := pattern.search(lower):
                    return found[0]
    return ""


@cache
def mentions() -> Mapping[str, tuple[Mentions, ...]]:
    """The stems and patterns that stand beside this file, by thing; a tuple has an entry for each language."""
    tables = packaged_yaml(__package__, "mentions.yaml")
    return {
        thing: tuple(
            Mentions(tuple(entry["stems"].split()), tuple(map(regex.compile, entry["patterns"])))
            for entry in languages.values()
        )
        for thing, languages in tables.items()
    }
