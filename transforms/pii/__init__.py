"""Personal data in a text: contact data and people's names, found and replaced by neutral words.

`find_pii` says what there is and where, `scrub_text` puts neutral words in its place: pure functions of a text and its
language. The gazetteer of names is built on first use, once in a process.
"""

from __future__ import annotations

from collections.abc import Sequence

from persona_hub.transforms.pii.attributive import names_before_noun, with_article
from persona_hub.transforms.pii.contact import find_contacts
from persona_hub.transforms.pii.finding import Finding, disjoint
from persona_hub.transforms.pii.names import find_names
from persona_hub.transforms.pii.words import language_or_by_script, neutral_words

__all__ = ["Finding", "find_contacts", "find_names", "find_pii", "language_of", "replace", "scrub_text"]


def find_pii(text: str, language: str = "und") -> list[Finding]:
    """Contact data and people's names of a text, in their order, none overlapping."""
    language = language_or_by_script(text, language)
    return disjoint([*find_contacts(text, language), *find_names(text, language)])


def replace_findings(text: str, found: Sequence[Finding], language: str = "und") -> str:
    """`text` with the neutral words of its language in place of what was found."""
    language = language_or_by_script(text, language)
    words = neutral_words(language)
    parts: list[str] = []
    here = 0
    for i, (start, end, kind) in enumerate(found):
        if start < here:
            continue
        if kind == "name" and language == "en" and (noun := names_before_noun(text, found, i)):
            parts.append(with_article(text[here:start], text[noun]))
            here = noun
            if not text[:start].strip():
                parts.append(text[noun].upper())
                here += 1
            continue
        word = words.of(kind)
        if not text[:start].strip():
            word = word[:1].upper() + word[1:]
        parts += (text[here:start], word)
        here = end
    return "".join((*parts, text[here:]))


def scrub_text(text: str, language: str = "und") -> str:
    """`text` without contact data and names: safe to show in a dead letter, and to keep as a persona."""
    found = find_pii(text, language)
    return replace_findings(text, found, language) if found else text
