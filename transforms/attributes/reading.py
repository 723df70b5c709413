"""The noun phrases of a text that say who its person is."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from persona_hub.transforms.attributes.lexicon import MARKS, Hit, tokens_of, word_of
from persona_hub.transforms.attributes.spaced_lexicon import Lexicon
from persona_hub.transforms.attributes.text_attributes import EDUCATIONS

QUOTATION_MARKS = frozenset('"“”„«»')
ACRONYMS = frozenset(("IT",))  # and no pronouns
LONGEST_PHRASE = 12  # words
PHRASES_AFTER = ("seniority", "career", "stages", "degrees", "title", "persons")
WORDS_OF_ATTRIBUTE = 8
WORDS_OF_THINGS = 3  # between "her" and "working life"
PREDICATES = ("ing", "ed", "ful", "ous", "ive", "able", "ible", "al", "less")
SHORTEST_STEM = 2  # letters before the ending of a compound


class Frame(NamedTuple):
    """A noun phrase: its words from `start` to before `end`, of which `head` says what somebody is."""

    start: int
    head: Hit
    end: int


class Reading:
    """A text's words, the phrases in it, and the noun phrases that name its person.

    `title`: the title of the person's occupation; `person`: another word for the person, whose value is a life stage
    or, of students, a level of education. `find_person` in person.py looks for both.
    """

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.lexicon, self.sets = lexicon, lexicon.sets
        self.tokens = tokens_of(text, lexicon.language)
        self.words = [word_of(token) for token in self.tokens]
        self.hits = lexicon.phrases.find(self.words)
        self.titles, self.students = self.hits["title"], self.hits["students"]
        self.people = self.hits["persons"] + self.students
        self.heads = {hit.end for hit in self.titles} | {hit.end for hit in self.people}
        self.people += [Hit(hit.start, hit.end, "") for hit in self.hits["demonym"]]
        self.frames: list[Frame] = []
        self.title: Hit | None = None
        self.person: Hit | None = None
        self.ends: set[int] = set()

    def is_article(self, place: int) -> bool:
        """Whether an article stands at a place."""
        return self.words[place] in self.sets["articles"]

    def begins_title(self, place: int) -> bool:
        """Whether a title begins at a place."""
        return any(hit.start == place for hit in self.titles)

    @cached_property
    def joined(self) -> str:
        """The words with one space between."""
        return " ".join(self.words)

    @cached_property
    def is_numbered(self) -> bool:
        """Whether a number above one is among the words."""
        return not self.lexicon.number_words.isdisjoint(self.words) or any(map(str.isdigit, self.words))

    def word_at(self, place: int) -> int:
        """The number of the word at a place in `joined`."""
        return self.joined.count(" ", 0, place)

    def own(self, place: int) -> bool:
        """Whether the clause up to a word is about the person, and says what is so."""
        others = self.sets["others"]
        for n in range(place - 1, -1, -1):
            word = self.words[n]
            if n in self.ends or (word in MARKS and word not in QUOTATION_MARKS):
                return word not in others
            if word in self.sets["relatives"]:
                others = self.sets["weak"]  # who is spoken of before it
            elif word in others and not self.is_of_things(n):
                return False
        return True

    def is_of_things(self, place: int) -> bool:
        """Whether a possessive goes with the person's own things, which are about the person: "all her life"."""
        if self.words[place] not in self.sets["possessives"]:
            return False
        if place and self.words[place - 1] in self.sets["beside"]:  # "with my husband"
            return True
        return not self.sets["belongings"].isdisjoint(self.words[place + 1 : place + 1 + WORDS_OF_THINGS])

    def take(self, start: int) -> bool:
        """Reads the noun phrase that begins at a word; True where it has a title."""
        while start < len(self.words) and self.words[start] in self.sets["articles"]:
            start += 1
        start = self.behind_attribute(start)
        frame = self.phrase_at(start)
        if not frame:
            return False
        turned = frame.end < len(self.words) and self.words[frame.end] in self.sets["turned"]
        if turned and self.take(frame.end + 1):
            return True
        self.frames.append(frame)
        self.ends.add(frame.end)
        head = frame.head
        not_now = any(word in self.sets["not_now"] for word in self.words[start : head.start])
        if head in self.titles or (head not in self.people):
            if head.value and not not_now and not self.title:
                self.title = head
                return True
        elif not self.person and not (not_now and head in self.students):
            self.person = head
        if head not in self.students and not not_now:
            return self.take_beside(frame)
        return False

    def behind_attribute(self, start: int) -> int:
        """Behind an attribute between an article and its noun: "ein in Wien lebender Koch"."""
        if start < len(self.words) and self.words[start] in self.sets["from"]:
            for n in range(start + 1, min(len(self.words), start + WORDS_OF_ATTRIBUTE)):
                if self.words[n] in self.sets["attributes"]:
                    return n + 1
        return start

    def take_beside(self, frame: Frame) -> bool:
        """Reads a title that stands beside another word for the person: "a nurse and mother", "a professor father"."""
        end = frame.head.end
        if self.title or not self.sets["kin"]:
            return False
        if self.words[end - 1] in self.sets["kin"]:
            beside = [hit for hit in self.titles if frame.start <= hit.start and hit.end == frame.head.start]
        elif self.words[end : end + 1] == ["and"]:
            stop = self.extent(end + 1)
            beside = [hit for hit in self.titles if hit.start == end + 1 and hit.end == stop]
        else:
            return False
        self.title = max(beside, key=lambda hit: hit.end - hit.start, default=None)
        return self.title is not None

    def phrase_at(self, start: int) -> Frame | None:
        """The noun phrase that begins at a word behind its article."""
        return {"last": self.by_last, "capital": self.by_capital, "first": self.by_first}[self.lexicon.head](start)

    def by_last(self, start: int) -> Frame | None:
        """A phrase whose last word is its head: "a seasoned Finnish airline pilot"."""
        end = self.extent(start)
        if start == 0 and self.is_name(end):
            return None
        heads = self.heads_at(start, end)
        if not heads and (earlier := self.before_participle(start, end)):
            heads, end = self.heads_at(start, earlier), earlier
        if not heads:  # an unknown word, whose demonyms count
            known = 0 < start < end and self.words[start - 1] in self.sets["articles"]
            return Frame(start, Hit(end - 1, end, ""), end) if known else None
        return Frame(start, max(heads, key=lambda hit: hit.end - hit.start), end)

    def heads_at(self, start: int, end: int) -> list[Hit]:
        """The titles and people of a phrase that end at a word."""
        return [hit for hit in (*self.titles, *self.people) if hit.end == end and hit.start >= start]

    def before_participle(self, start: int, end: int) -> int:
        """The end of the first head before a word that says something of it ("a journalist learning ..."), or 0."""
        ends = [n for n in range(start + 1, end) if n in self.heads and self.is_predicate(n)] or [0]
        titled = [n for n in ends if any(hit.end == n and hit.start >= start for hit in self.titles)]
        return (titled or ends)[0]

    def is_predicate(self, place: int) -> bool:
        """Whether a word behind a head may say something of it, as "busy" and "learning" do."""
        return self.words[place].endswith(PREDICATES) or self.words[place] in self.sets["joins"]

    def is_name(self, end: int) -> bool:
        """Whether a text begins with a name: "Tom Baker is ...", "Tom Baker, a ..."."""
        if not 1 < end < min(5, len(self.words)) or not all(token[0].isupper() for token in self.tokens[:end]):
            return False
        return self.words[end] in self.sets["after_name"]

    def extent(self, start: int) -> int:
        """Where a phrase ends whose head stands last."""
        breaks, nouns, n = self.sets["breaks"], self.sets["nouns"], start
        last = min(len(self.words), start + LONGEST_PHRASE)
        while n < last:
            word = self.words[n]
            stop = word in MARKS or (word in breaks and self.tokens[n] not in ACRONYMS)
            if word == "," and self.is_between_adjectives(start, n):
                stop = False
            if not stop and n in self.heads and n > start and self.words[n - 1] not in self.sets["olds"]:
                stop = word in self.sets["joins"] or (word.endswith(("ing", "ed")) and word not in nouns)
            if stop:
                beyond = max((hit.end for hit in self.titles if start <= hit.start < n < hit.end), default=0)
                if not beyond:
                    return n
                n = beyond
            else:
                n += 1
        return n

    def is_between_adjectives(self, start: int, comma: int) -> bool:
        """Whether a comma parts what is said before a head: "a conservative, Brazilian nun"."""
        behind = self.words[comma + 1 : comma + 2]
        if not behind or start == 0 or not self.is_article(start - 1) or self.is_article(comma + 1):
            return False
        clear = behind[0] not in self.sets["breaks"] and not behind[0].isdigit()
        return clear and not any(start < hit.end <= comma for hit in (*self.titles, *self.people))

    def by_capital(self, start: int) -> Frame | None:
        """A phrase whose first word with a capital letter is its head: "eine erfahrene finnische Pilotin"."""
        for n in range(start, min(len(self.words), start + LONGEST_PHRASE)):
            if self.words[n] in MARKS or self.words[n] in self.sets["breaks"]:
                return None
            if self.tokens[n][0].isupper() and (n > 0 or self.words[n] not in self.sets["articles"]):
                heads = [hit for hit in (*self.titles, *self.people) if start <= hit.start <= n < hit.end]
                if not heads and (group := self.compound(self.words[n])):
                    heads = [Hit(n, n + 1, group)]
                    if group in EDUCATIONS:
                        self.students += heads
                        self.people += heads
                if not heads:
                    heads = [Hit(n, n + 1, "")] if start > 0 and self.is_article(start - 1) else []
                head = max(heads, key=lambda hit: hit.end - hit.start, default=None)
                return Frame(start, head, head.end) if head else None
        return None

    def compound(self, word: str) -> str:
        """The group of a compound by its ending: "2" of "Sonderpädagogiklehrer"."""
        for size in range(len(word) - SHORTEST_STEM, 2, -1):
            if group := self.lexicon.suffixes.get(word[-size:], ""):
                return group
        return ""

    def by_first(self, start: int) -> Frame | None:
        """A phrase whose first noun is its head: "una joven piloto finlandesa"."""
        n = start
        while n < len(self.words) and (self.words[n] in self.sets["before"] or self.words[n] in self.sets["not_now"]):
            n += 1
        touching = [hit for hit in (*self.titles, *self.people) if start <= hit.start <= n <= hit.end]
        heads = [hit for hit in touching if hit.end > n] or touching
        if not heads and 0 < start <= n < len(self.words) and self.is_article(start - 1):
            heads = [Hit(n, n + 1, "")]  # an unknown word, whose demonyms count
        if not heads:
            return None
        head = max(heads, key=lambda hit: hit.end - hit.start)
        return Frame(start, head, self.end_after(head.end))

    def end_after(self, place: int) -> int:
        """Where a phrase ends whose head stands first: adjectives go with it, and one "de" with a noun."""
        last = min(len(self.words), place + LONGEST_PHRASE)
        complement = place
        while place < last:
            word = self.words[place]
            if place == complement and word in self.sets["loose"] and self.is_plain_noun(place + 1):
                place += 2
                continue
            if word in MARKS or word in self.sets["breaks"]:
                break
            place += 1
        return place

    def is_plain_noun(self, place: int) -> bool:
        """Whether a word is a noun that tells what a title is about: "cocinera de hotel"."""
        if place >= len(self.words) or not self.tokens[place][0].islower():
            return False
        if self.words[place] in self.sets["breaks"] or self.words[place] in self.sets["articles"]:
            return False
        return not any(hit.start in (place - 1, place) for kind in PHRASES_AFTER for hit in self.hits[kind])
