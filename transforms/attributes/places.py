"""The country of a text's person: where they live, else where they come from."""

from __future__ import annotations

from persona_hub.transforms.attributes.lexicon import Hit
from persona_hub.transforms.attributes.reading import MARKS, Frame, Reading

MOST_STEPS = 10  # words between "from" and the country
MOST_BETWEEN = 4  # words between a person and "from"
BASED = ("based", "born", "raised")


def country(reading: Reading) -> str:
    """The ISO 3166 alpha-2 code of the person's country; "" where the text does not say it."""
    names, demonyms = longest(reading.hits["country"]), longest(reading.hits["demonym"])
    if reading.lexicon.language == "en":
        demonyms = [hit for hit in demonyms if reading.tokens[hit.start][0].isupper()]  # "nail polish"
    for hit in names:
        capital = reading.tokens[hit.start][0].isupper()
        covered = any(one.start <= hit.start and hit.end < one.end for one in demonyms)
        if capital and not covered and is_place_of_person(reading, hit):
            return hit.value
    for frame in reading.frames:
        for hit in demonyms:
            if frame.start <= hit.start and hit.end <= frame.end and is_of_person(reading, frame, hit):
                return hit.value
    return ""


def longest(hits: list[Hit]) -> list[Hit]:
    """The hits that lie in no other one."""
    return [
        hit
        for hit in hits
        if not any(one.start <= hit.start and hit.end <= one.end and one[:2] != hit[:2] for one in hits)
    ]


def is_place_of_person(reading: Reading, hit: Hit) -> bool:
    """Whether the words before a place say that the person lives there or comes from there."""
    words, tokens, sets = reading.words, reading.tokens, reading.sets
    if hit.end < len(words) and words[hit.end] in BASED:
        return reading.own(hit.start)
    if hit.start and words[hit.start - 1] in sets["calls"] and words[hit.end : hit.end + 1] == ["home"]:
        return reading.own(hit.start - 1)
    n = hit.start - 1
    for _ in range(MOST_STEPS):
        if n < 0:
            return False
        word = words[n]
        if word in sets["from"] and is_after_person(reading, n):
            return True
        named = tokens[n][0].isupper() or (word == "," and n > 0 and tokens[n - 1][0].isupper())
        if word not in sets["place_fillers"] and not named:
            return False
        n -= 1
    return False


def is_after_person(reading: Reading, place: int) -> bool:
    """Whether "from" or "in" at a place goes with the person."""
    if place == 0:
        return reading.words[0] in reading.sets["opening"]
    if not reading.own(place):
        return False
    word, before = reading.words[place], reading.words[place - 1]
    if word in reading.sets["of"]:
        return before in reading.sets["of_after"]
    if word in reading.sets["loose"] and any(
        place == frame.end and not reading.sets["lovers"].isdisjoint(reading.words[frame.start : frame.end])
        for frame in reading.frames
    ):
        return False
    if place in reading.ends or (before == "," and place - 1 in reading.ends):
        return True
    for end in reading.ends:  # "a student in chemistry from ..."
        between = reading.words[end:place]
        if 1 < len(between) <= MOST_BETWEEN and between[0] in reading.sets["subject"] and MARKS.isdisjoint(between):
            return not any(one in reading.sets["breaks"] for one in between[1:])
    verb = place - 1
    while verb > max(0, place - MOST_BETWEEN) and reading.tokens[verb][0].isupper():  # "lives Tom Baker in ..."
        verb -= 1
    return reading.words[verb] in reading.sets["place_after"] or before in reading.sets["place_nouns"]


def is_of_person(reading: Reading, frame: Frame, hit: Hit) -> bool:
    """Whether a demonym in a noun phrase says where the person comes from."""
    title = reading.title
    if title and title.start <= hit.start and hit.end <= title.end and hit.end != frame.end:
        return False
    if hit.end == frame.end or reading.lexicon.head == "first":
        return True
    after = reading.words[hit.end]
    opens_title = title is not None and title.start == hit.end
    if after in reading.sets["themes"] or (after in reading.sets["culture"] and not opens_title):
        return False
    return reading.words[hit.start] not in reading.sets["languages"] or after not in reading.sets["language_heads"]
