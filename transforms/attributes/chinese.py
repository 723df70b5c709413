"""Reads attributes of Chinese texts, whose words have no borders."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from ahocorasick_rs import AhoCorasick

from persona_hub.transforms.attributes.ages import seniority_of_years, stage_of_age
from persona_hub.transforms.attributes.lexicon import Hit, country_names, read_words
from persona_hub.transforms.attributes.text_attributes import EDUCATIONS, LIFE_STAGES, UNSPECIFIED, TextAttributes
from persona_hub.transforms.attributes.years import STAGE_OF_STUDENTS

VALUED = ("titles", "persons", "students", "seniority", "stages", "degrees")
LISTED = ("anchors", "others", "behind", "from", "leads")
CLAUSE = re.compile(r"[^，,；;。.！!？?：:（）()\n]+")
NUMERAL = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"
AGE = re.compile(rf"(?P<n>{NUMERAL})多?周?岁")
EXPERIENCE = re.compile(
    rf"(?P<n>{NUMERAL})[多余]?年(?:以上)?的?(?:\w{{0,4}})(?:经验|经历|工龄|教龄)|(?:从业|工作了?|执业|从教|行医|做了|当了|干了)(?P<m>{NUMERAL})[多余]?年"
)
YEARS_AS = re.compile(rf"[做当干]了{NUMERAL}[多余]?年的?")  # "做了三十年医生"
ORIGINS = frozenset(("来自", "出生于", "出生在", "生于", "长大于"))
DIGITS = {digit: n for n, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
OF = "的"
LONGEST_BETWEEN = 3  # characters between a country and a title
THEMES = re.compile("[文史语菜餐茶酒乐画戏舞学法的和对与在]|电影|料理|艺术|政治|经济|哲学|足球")


class ChineseLexicon:
    """The phrases of words/zh.yaml and the names of countries, in one automaton."""

    def __init__(self) -> None:
        raw = read_words("zh")
        entries: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for kind in VALUED:
            for value, phrases in raw[kind].items():
                for phrase in phrases:
                    entries[phrase].append((kind, str(value)))
        for kind in LISTED:
            for phrase in raw[kind]:
                entries[phrase].append((kind, phrase))
        for code, name in (*country_names("zh"), *cities(raw)):
            if not name.isascii():
                entries[name].append(("country", code))
        self.meanings = list(entries.values())
        self.automaton = AhoCorasick(list(entries))

    def find(self, text: str) -> dict[str, list[Hit]]:
        """The hits of each kind; places are those of characters."""
        found: dict[str, list[Hit]] = defaultdict(list)
        for entry, start, end in self.automaton.find_matches_as_indexes(text, overlapping=True):
            for kind, value in self.meanings[entry]:
                found[kind].append(Hit(start, end, value))
        return found


def cities(raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(code, name) of the cities and provinces of zh.yaml."""
    for code, names in raw["cities"].items():
        for name in names:
            yield code, name


@cache
def chinese_lexicon() -> ChineseLexicon:
    """The lexicon, made once."""
    return ChineseLexicon()


def read_chinese(text: str) -> TextAttributes:
    """The attributes that a Chinese text says."""
    reading = ChineseReading(text)
    group = reading.title.value if reading.title else UNSPECIFIED
    return TextAttributes(
        occupation=group if group == UNSPECIFIED else group[0],
        occupation_unit=group if len(group) == 4 else UNSPECIFIED,
        seniority=reading.seniority() or UNSPECIFIED,
        life_stage=reading.life_stage() or UNSPECIFIED,
        country=reading.country() or UNSPECIFIED,
        education=reading.education() or UNSPECIFIED,
    )


class ChineseReading:
    """A text's clauses, the phrases in it, and what names its person."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.hits = chinese_lexicon().find(text)
        self.clauses = [match.span() for match in CLAUSE.finditer(text)]
        self.title: Hit | None = None
        self.person: Hit | None = None
        self.head_start = self.head_end = 0
        for n, (start, end) in enumerate(self.clauses):
            if self.find_head(start, end, first=n == 0):
                break

    def find_head(self, start: int, end: int, *, first: bool) -> bool:
        """Looks for a title in a clause; notes a word for the person in the first; True where there is a title."""
        after_of = self.text.rfind(OF, start, end) + 1 or start
        if first:
            self.head_start, self.head_end = after_of, end
            for kind in ("titles", "students", "persons"):
                if hit := self.head_of(kind, after_of, end):
                    if kind == "titles":
                        self.title = hit
                        return True
                    self.person = hit
                    break
        years = [Hit(match.start(), match.end(), "") for match in YEARS_AS.finditer(self.text, start, end)]
        for anchor in [*self.hits["anchors"], *years]:
            if start <= anchor.start and anchor.end < end and self.own(anchor.start):
                hits = [
                    hit
                    for hit in self.hits["titles"]
                    if anchor.end <= hit.start and hit.end <= end and self.is_whole(hit)
                ]
                direct = [hit for hit in hits if hit.start == anchor.end or OF not in self.text[hit.end : end]]
                if direct and not self.goes_with_another(best := widest(direct, end)):
                    self.title = best
                    return True
        return False

    def head_of(self, kind: str, start: int, end: int) -> Hit | None:
        """The hit of a kind that is the head of a part of a clause: at its end, else the first one."""
        hits = [hit for hit in self.hits[kind] if start <= hit.start and hit.end <= end and self.is_whole(hit)]
        if not hits:
            return None
        hit = widest(hits, end)
        return hit if self.own(hit.start) and not self.goes_with_another(hit) else None

    def is_whole(self, hit: Hit) -> bool:
        """Whether a title ends where it seems to: "农民工作" is the work of farmers, no work of "农民工"."""
        return not (self.text[hit.end - 1] == "工" and self.text[hit.end : hit.end + 1] == "作")

    def goes_with_another(self, hit: Hit) -> bool:
        """Whether a title is a part of another word, or stands for somebody else's."""
        return any(one.start == hit.end for one in self.hits["behind"])

    def clause_of(self, place: int) -> tuple[int, int]:
        """The clause that holds a place."""
        return next((span for span in self.clauses if span[0] <= place < span[1]), (0, len(self.text)))

    def own(self, place: int) -> bool:
        """Whether the clause up to a place is about the person, and says what is so.

        What stands before the last 的 is about the head, as in "梦想成为演员的学生".
        """
        start, end = self.clause_of(place)
        of = self.text.rfind(OF, start, end) + 1
        if of and place >= of:
            start = of
        return not any(start <= one.start < place for one in self.hits["others"])

    def of_head(self, kind: str) -> list[Hit]:
        """The hits of a kind that go with the head: in its clause, where they are own."""
        spans = self.clauses[:1] + ([self.clause_of(self.title.start)] if self.title else [])
        return [hit for hit in self.hits[kind] if self.own(hit.start) and any(s <= hit.start < e for s, e in spans)]

    def seniority(self) -> str:
        """A value of SENIORITIES, or ""."""
        found = [hit.value for hit in self.of_head("seniority")]
        if "retired" in found or any(hit.value == "retired" for hit in self.hits["seniority"] if self.own(hit.start)):
            return "retired"
        if self.person and not self.title:
            return "student" if self.person in self.hits["students"] else ""
        if "lead" in found or (self.title and any(hit.end == self.title.end for hit in self.hits["leads"])):
            return "lead"
        for match in EXPERIENCE.finditer(self.text):
            if self.title and self.own(match.start()):
                return seniority_of_years(number(match["n"] or match["m"]))
        own = [hit.value for hit in self.hits["seniority"] if self.title and self.own(hit.start)]
        return (found or own or [""])[0]

    def life_stage(self) -> str:
        """A value of LIFE_STAGES, or ""."""
        for match in AGE.finditer(self.text):
            if self.own(match.start()):
                return stage_of_age(number(match["n"]))
        for hit in self.of_head("stages"):
            if hit.start >= self.head_start or self.text[hit.end : hit.end + 1] == OF:
                return hit.value
        if self.person and self.person in self.hits["students"]:
            return STAGE_OF_STUDENTS.get(self.person.value, "")
        return self.person.value if self.person and self.person.value in LIFE_STAGES else ""

    def country(self) -> str:
        """The code of the person's country, or ""."""
        heads = {
            hit.start for kind in ("titles", "students", "persons", "seniority", "stages") for hit in self.hits[kind]
        }
        covered, origin = self.hits["country"], ""
        for hit in covered:
            if any(one.start <= hit.start and hit.end <= one.end and one[:2] != hit[:2] for one in covered):
                continue
            words = {one.value for one in self.hits["from"] if one.end == hit.start}
            lived_in = bool(words)
            adjective = hit.end in heads or self.text[hit.end : hit.end + 1] in ("人", "籍", "裔")
            near_head = adjective and (self.head_start <= hit.start or self.text[hit.end : hit.end + 1] == "籍")
            near_head = near_head or self.is_before_title(hit)
            if (lived_in or near_head) and self.own(hit.start):
                if not lived_in or words - ORIGINS:
                    return hit.value
                origin = origin or hit.value
        return origin

    def is_before_title(self, hit: Hit) -> bool:
        """Whether a country stands before the title with a short word between that is no theme: "挪威超市收银员"."""
        if not self.title or hit.start < self.head_start:
            return False
        between = self.text[hit.end : self.title.start]
        return 0 < len(between) <= LONGEST_BETWEEN and between.isalpha() and not THEMES.search(between)

    def education(self) -> str:
        """A value of EDUCATIONS, or "": the highest that is named."""
        found = [hit.value for hit in self.hits["degrees"] if self.own(hit.start)]
        if self.person and self.person.value in EDUCATIONS:
            found.append(self.person.value)
        return max(found, key=EDUCATIONS.index, default="")


def widest(hits: list[Hit], end: int) -> Hit:
    """Of hits in a part of a clause the longest at its end, else the longest at the first one's place."""
    last = [hit for hit in hits if hit.end == end]
    if last:
        return min(last, key=lambda hit: hit.start)
    start = min(hit.start for hit in hits)
    return max((hit for hit in hits if hit.start == start), key=lambda hit: hit.end)


def number(said: str) -> int:
    """The number of digits or of Chinese numerals below a hundred."""
    if said.isdigit():
        return int(said)
    tens, found, ones = said.rpartition("十")
    return (DIGITS.get(tens, 1) * 10 if found else 0) + DIGITS.get(ones, 0)
