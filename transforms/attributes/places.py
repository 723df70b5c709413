"""The country of a text's person: where they live, else where they come from."""

from __future__ import annotations

from persona_hub.transforms.attributes.lexicon import MARKS, Hit, word_list
from persona_hub.transforms.attributes.reading import Frame, Reading

MOST_STEPS = 10  # words between "from" and the country
MOST_AFTER_LIVING = 9  # words between "lives" and "in"
MOST_BETWEEN = 4  # words between a person and "from"
# Without those that mean a country or a word as well, as DE, IN and OR do.
STATES = frozenset(
    word_list(
        "AK AZ AR CT FL GA HI IA ID IL KS KY LA MA MD MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK PA RI SC SD TN TX "
        "UT VA VT WA WI WV WY"
    )
)
BASED = ("based", "born", "raised")


def country(reading: Reading) -> str:
    """The ISO 3166 alpha-2 code of the person's country; "" where the text does not say it."""
    names, demonyms = longest(reading.hits["country"]), longest(reading.hits["demonym"])
    if reading.lexicon.language == "en":
        demonyms = [hit for hit in demonyms if reading.tokens[hit.start][0].isupper()]  # "nail polish"
    if reading.lexicon.language == "en":
        names = names + states(reading)
    origin = ""
    for hit in names:
        capital = reading.tokens[hit.start][0].isupper()
        covered = any(one.start <= hit.start and hit.end < one.end for one in demonyms)
        if capital and not covered and (place := place_of_person(reading, hit)) >= 0:
            if not is_origin(reading, place):
                return hit.value
            origin = origin or hit.value
    if origin:
        return origin
    for hit in longest(reading.hits["city"]):
        if is_before_title(reading, hit):
            return hit.value
    for frame in reading.frames:
        for hit in demonyms:
            if frame.start <= hit.start and hit.end <= frame.end and is_of_person(reading, frame, hit):
                return hit.value
    return ""


def states(reading: Reading) -> list[Hit]:
    """States of the USA by their letters behind a town: "Ocean County, NJ"."""
    tokens = reading.tokens
    return [
        Hit(n, n + 1, "US")
        for n in range(2, len(tokens))
        if tokens[n] in STATES and tokens[n - 1] == "," and tokens[n - 2][0].isupper()
    ]


def longest(hits: list[Hit]) -> list[Hit]:
    """The hits that lie in no other one."""
    return [
        hit
        for hit in hits
        if not any(one.start <= hit.start and hit.end <= one.end and one[:2] != hit[:2] for one in hits)
    ]


def place_of_person(reading: Reading, hit: Hit) -> int:
    """The word that ties a place to the person, who lives there or comes from there; -1 where none does."""
    words, tokens, sets = reading.words, reading.tokens, reading.sets
    if hit.end < len(words) and words[hit.end] in sets["attributes"]:
        return hit.end
    if hit.end < len(words) and words[hit.end] in BASED:
        return hit.end if reading.own(hit.start) else -1
    if hit.start and words[hit.start - 1] in sets["calls"] and words[hit.end : hit.end + 1] == ["home"]:
        return hit.end if reading.own(hit.start - 1) else -1
    n = hit.start - 1
    for _ in range(MOST_STEPS):
        if n < 0:
            return -1
        word = words[n]
        if word in sets["from"] and (is_after_person(reading, n) or is_after_living(reading, n)):
            return n
        if word in sets["around"] and is_after_living(reading, n):
            return n
        if word in sets["to"] and is_after_move(reading, n):
            return n
        named = tokens[n][0].isupper() or (word == "," and n > 0 and tokens[n - 1][0].isupper())
        if word not in sets["place_fillers"] and not named:
            return -1
        n -= 1
    return -1


def is_origin(reading: Reading, place: int) -> bool:
    """Whether a word ties a place to the person as where they come from, or were born."""
    words, sets = reading.words, reading.sets
    if words[place] in sets["out_of"]:
        return True
    return not sets["born"].isdisjoint(words[max(0, place - 2) : place + 1])


def is_after_living(reading: Reading, place: int) -> bool:
    """Whether "in" at a place goes with a verb before it: "lives with her sister in", "works as a cook in"."""
    sets = reading.sets
    for n in range(place - 1, max(-1, place - 1 - MOST_AFTER_LIVING), -1):
        word = reading.words[n]
        if word in sets["lives"] or (
            word in sets["work_before"] and not sets["roles"].isdisjoint(reading.words[n:place])
        ):
            return reading.own(n)
        if word in MARKS or word in sets["apart"] or word in sets["relatives"]:
            return False
    return False


def is_after_move(reading: Reading, place: int) -> bool:
    """Whether "to" at a place says where the person has moved, not when somebody did: "when he moved to"."""
    words, sets, verb = reading.words, reading.sets, place - 1
    if any(word in sets["out_of"] for word in words[max(0, place - MOST_BETWEEN) : place]):  # "moved from Ghana to"
        verb = max(n for n in range(place) if words[n] in sets["out_of"]) - 1
    if verb < 0 or words[verb] not in sets["moved"] or not reading.own(place):
        return False
    return sets["moments"].isdisjoint(words[max(0, verb - MOST_BETWEEN) : verb])


def is_before_title(reading: Reading, hit: Hit) -> bool:
    """Whether a city stands right before the head of the person's phrase: "a Cape Town mechanic"."""
    title, tokens = reading.title, reading.tokens
    if title is None or not tokens[hit.start][0].isupper():
        return False
    between = tokens[hit.end : title.start]
    plain = all(token[0].islower() and token not in reading.sets["themes"] for token in between)
    inside = any(frame.start <= hit.start and frame.head == title for frame in reading.frames)
    return inside and hit.end <= title.start and len(between) <= 1 and plain


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
        named = len(between) > 1 and all(token[0].isupper() for token in reading.tokens[end + 1 : place])
        subject = between and (between[0] in reading.sets["subject"] or (between[0] in reading.sets["of"] and named))
        if 1 < len(between) <= MOST_BETWEEN and subject and MARKS.isdisjoint(between):
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
    heads = [one for one in (title, reading.person) if one is not None]
    opens_title = any(one.start == hit.end for one in heads)
    if after in reading.sets["themes"] or (after in reading.sets["culture"] and not opens_title):
        return False
    return reading.words[hit.start] not in reading.sets["languages"] or after not in reading.sets["language_heads"]
