"""The country of a person in languages without rules of their own: by CLDR's names and a word beside them."""

from __future__ import annotations

import re
from functools import cache

from persona_hub.transforms.attributes.lexicon import country_names, read_words


def named_country(text: str, language: str) -> str:
    """The code of the only country that the words beside its name say to be the person's; "" else."""
    pattern, codes = country_pattern(language)
    if pattern is None:
        return ""
    found = {codes[match[1]] for match in pattern.finditer(text)}
    return found.pop() if len(found) == 1 else ""


@cache
def country_pattern(language: str) -> tuple[re.Pattern[str] | None, dict[str, str]]:
    """A pattern whose first group is a name, and the codes of names; None for a language without words beside them."""
    raw = read_words("others")
    before, behind = raw["before"].get(language, ()), raw["behind"].get(language, ())
    if not before and not behind:
        return None, {}
    codes: dict[str, str] = {}
    for code, name in country_names(language):
        codes.setdefault(name, code)
    names = "|".join(re.escape(name) for name in sorted(codes, key=len, reverse=True))
    words = "|".join(re.escape(word) for word in (before or behind))
    if behind:
        return re.compile(rf"({names})(?:{words})"), codes
    return re.compile(rf"\b(?:{words})[ ']?\s*({names})\b"), codes
