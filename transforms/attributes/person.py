"""Where a text says who its person is, and what the person works as."""

from __future__ import annotations

from collections.abc import Iterator

from persona_hub.transforms.attributes.lexicon import MARKS
from persona_hub.transforms.attributes.reading import Reading

CHILD = "child"
FIRST_WORDS = 16  # in which a name is followed by what it is
WORDS_BEFORE = 5  # between "works" and "as a"
WORDS_BEHIND = 5  # between "als" and "arbeitet"


def find_person(reading: Reading) -> None:
    """Looks where a text says who its person is, until a title is found."""
    words, sets = reading.words, reading.sets
    first = words[0] if words else ""
    if first not in sets["possessives"] and first not in sets["once"]:  # "My grandfather was ..."
        opening = int(first in sets["roles"])  # "As a nurse, I ...", and no "As a child, I ..."
        if not opening or not any(hit.value == CHILD and hit.start <= 2 for hit in reading.people):
            reading.take(opening)
    places = {hit.end: hit.start for hit in reading.hits["copula"]}
    for n in range(1, min(FIRST_WORDS, len(words) - 2)):
        if words[n] in ",(" and (reading.is_article(n + 1) or reading.begins_title(n + 1)):
            places.setdefault(n + 1, -1)
    for place, anchor in sorted(places.items()):
        if reading.title:
            return
        if reading.own(anchor) if anchor >= 0 else not reading.frames:
            reading.take(place)
    if not reading.title:
        any(reading.take(place) for place in work_places(reading))


def work_places(reading: Reading) -> Iterator[int]:
    """The words at which phrases begin that say what the person works as."""
    words, sets = reading.words, reading.sets
    for hit in reading.hits["work"]:
        owned = hit.start > 0 and words[hit.start - 1] in sets["possessives"]  # "her job as a ..."
        if reading.own(hit.start - owned):
            yield hit.end
    for n in range(1, len(words) - 1):  # "works nights as a ...", "earns a living in Rome as a ..."
        if words[n] in sets["roles"] and is_said_of_work(reading, n) and reading.own(n):
            start = n + 1 + reading.is_article(n + 1)
            phrase = reading.phrase_at(start) if start < len(words) else None
            if phrase and phrase.head in reading.titles:  # and no "as a child"
                yield start
    for hit in reading.hits["behind"]:
        near = words[hit.end : hit.end + WORDS_BEHIND]
        named = hit.start == 0 or not sets["work_behind"].isdisjoint(near)
        if named and reading.own(hit.start):
            yield hit.end


def is_said_of_work(reading: Reading, role: int) -> bool:
    """Whether a word of work stands shortly before "as"."""
    words = reading.words
    near = [n for n in range(max(0, role - WORDS_BEFORE), role) if words[n] in reading.sets["work_before"]]
    return bool(near) and MARKS.isdisjoint(words[near[-1] : role])
