"""People's names in a text: scripts with capitals here, the others in `names_uncased`.

A gazetteer of given names says where a name begins, capitals where it ends; words that name things, places and
organisations ("Alice Street School") and titles decide the rest. Rules, no model: none is fetched from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import regex

from persona_hub.transforms.pii.finding import Finding, disjoint
from persona_hub.transforms.pii.gazetteer import gazetteer, word_lists
from persona_hub.transforms.pii.name_words import (
    CYRILLIC,
    POSSESSIVE,
    Word,
    is_doubtful,
    is_given,
    is_given_stem,
    is_known,
    is_no_person,
    is_place,
    is_possessive,
    is_thing,
    is_upper,
    stem,
)
from persona_hub.transforms.pii.names_uncased import find_uncased_names

INITIAL = r"\p{Lu}\.(?= ?\p{Lu})"
LETTERS = r"[\p{Lu}\p{Ll}\p{M}]"  # with capitals: Chinese goes on without a space
CAPITALISED = rf"(?:(?:al|el|as|at|an|ал|ат|аль|эль)-|[dlDLO]['’])?\p{{Lu}}{LETTERS}*+(?:[-'’]{LETTERS}+)*"
NAME_WORD = rf"(?:{INITIAL}|{CAPITALISED})"
HONORIFIC = r"(?:(?:Mrs?|Ms|Dr|Prof|Rev|Fr|Sr|Sra|Srta|Sig|Mx|Dhr|Mevr)\. )"
PARTICLE = (
    r"(?:de la|de los|van der|van den|von der|de|del|della|der|den|di|da|do|dos|das|du|la|le|van|von|vom|zu|zum|ter|ten"
    r"|bin|ibn|bint|al|el|ben|abu|фон|ван|де|ди|да|дер|дю|ибн|бин)"
)
RUN = regex.compile(
    rf"(?<![\p{{Lu}}\p{{Ll}}\p{{M}}\p{{N}}_@]){HONORIFIC}?{NAME_WORD}(?: ?(?<=[ .])(?:{PARTICLE} )?{NAME_WORD})*"
)
SENTENCE_START = regex.compile(r"(?:^|[.!?:;…\"“„«(]\s*|\n\s*)$")
PARTS = regex.compile(r"\S+")
# What says in English that somebody comes next, or came before; then a name may be one that the gazetteer lacks.
BEFORE_PERSON = regex.compile(
    r"\b(?:(?:friend|fan|supporter|follower|admirer|teammate|room-?mate|classmate|colleague|student|pupil|son|daughter"
    r"|wife|husband|widow|brother|sister|descendant|relative|biographer|critic|neighbou?r|mentor|acquaintance)s? of"
    r"|(?i:my|his|her|their|maiden|last) name is"
    r"|(?:inspired|influenced|coached|mentored|taught|directed|written|led) by|(?:voted|campaigned|worked) for"
    r"|idoli[sz]es|admires|knows|acquainted with|work(?:s|ed) (?:under|with)|interviewed|assistant to) $"
)
AFTER_PERSON = regex.compile(
    r" (?:\w+ )?(?:career|works?|music|legacy|victory|acting|life|methods|performances?|songs?|books?|novels?|poems?"
    r"|poetry|films?|movies?|speech|fans?|wife|husband|son|daughter|family|radio|death|biography|writings?|theory"
    r"|paintings?)\b"
)
# What follows somebody whom a text presents: who with a known surname, and who with any name.
PRESENTED_AFTER = regex.compile(r"(?:,| is| was) an? (?!\d)|, who ")
HYPHEN = r"[-\u2010-\u2013 ]"
AGED = regex.compile(rf"(?:,(?: an?)?| is an?| was an?) (?:\p{{L}}+ ){{0,2}}\d{{1,3}}{HYPHEN}years?{HYPHEN}old")
SUFFIX_STOP = regex.compile(r"(?<=\b[JS]r)\.(?= \p{Ll}|[,;:'’)])")
ARTICLE = regex.compile(r"\b(?:[Tt]he|[Aa]n?|[“\"‘'])\s?$")
# Roles that announce even a name that the gazetteer lacks: "King Mahipativarman", but not "General Aviation".
SURE_ROLES = frozenset(
    {"king", "queen", "emperor", "empress", "pope", "sultan", "professor", "prof", "coach", "senator", "president"}
    | {"präsident", "presidente", "président"}
)
SMALL_ROLE = regex.compile(
    r"\b(?:presidente|presidenta|emperador|emperatriz|papa|profesora?|président|professeur|empereur|imperatore|professore"
    r"|professora?|król|profesor|(?:президент|профессор|император|генерал|доктор)\w{0,2}|корол\w{1,2}) $"
)
WORDS_AT_MOST = 4  # of a name; particles and initials not counted
# Endings of Russian and Ukrainian adjectives: "Саудовская Аравия" and "Советский Союз" are no people.
ADJECTIVE = regex.compile(r"(?:ая|яя|[ое]е|[ыи]е|[ыио]й|[ыи]х|[ое]го|[ое]му|[ыи]м|[ыи]ми|ую|юю)$")
ARTICLE_OF_NAME = regex.compile(r"^(?:al|el|as|at|an|ал|ат|аль|эль)-")
# A single given name is a person's only where a text presents somebody by it.
PRESENTED = regex.compile(
    r"(?:\b(?i:I am|I['’]m|my name is|named|called|ich bin|ich hei(?:ß|ss)e|namens|me llamo|llamad[oa]|soy"
    r"|je m['’]appelle|je suis|nommée?|mi chiamo|sono|chamad[oa]|meu nome é|me chamo|ik ben|genaamd|меня зовут"
    r"|по имени|зовут|mam na imię|adım|tên là|nama saya)\s|^)$"
)
FOLLOWS_PRESENTED = regex.compile(r"(?:,| is\b| was\b| \(|\.|$| and\b| from\b| aus\b| de\b| из\b| ist\b| es\b| est\b)")


def find_names(text: str, language: str) -> list[Finding]:
    """Names of people in a text, in their order, none overlapping."""
    found = [Finding(start, end, "name") for start, end in capitalised_names(text, language)]
    if not text.isascii():
        found += find_uncased_names(text, language)
    return disjoint(found)


def capitalised_names(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Stretches of a text in a script with capitals that name people, full names first, then their parts alone."""
    singles: list[Word] = []
    surnames: set[str] = set()
    for run in RUN.finditer(text):
        words = [
            Word(part.group(), run.start() + part.start(), run.start() + part.end())
            for part in PARTS.finditer(run.group())
        ]
        if len(words) == 1:
            if is_presented(words[0], text) or has_role(words[0], text):
                yield words[0].start, words[0].start + len(POSSESSIVE.sub("", words[0].text))
            else:
                singles.append(words[0])
            continue
        for name in names_of(words, text, language):
            end = name[-1].start + len(POSSESSIVE.sub("", name[-1].text))
            yield name[0].start, end + bool(SUFFIX_STOP.match(text, end))
            surnames.add(stem(ARTICLE_OF_NAME.sub("", name[-1].key)))
    for word in singles:
        if surnames and stem(word.key) in surnames and not is_thing(word):
            yield word.start, word.start + len(POSSESSIVE.sub("", word.text))


def names_of(words: list[Word], text: str, language: str) -> Iterator[list[Word]]:
    """The names in a run of words; Latin letters and Cyrillic part, and so do abbreviations among Cyrillic words."""
    for cyrillic, group in groupby(words, lambda word: None if is_upper(word) else bool(CYRILLIC.match(word.text))):
        part = list(group)
        if cyrillic and len(part) > 1:
            yield from cyrillic_names(part, text)
    if not any(CYRILLIC.match(word.text) for word in words):
        yield from latin_names(words, text, language)


def latin_names(words: list[Word], text: str, language: str) -> Iterator[list[Word]]:
    """The names in a run of words in Latin letters (or Greek, Armenian ...)."""
    i = 0
    while i < len(words) - 1:
        start = beginning(words, i, text, language)
        if start is None:
            i += 1
            continue
        first, least = start
        last = end_of_name(words, first)
        name = words[first : last + 1]
        content = [word for word in name if not word.is_initial and not word.is_particle]
        named_after = last + 1 < len(words) and is_thing(words[last + 1]) and not is_possessive(words[last])
        if len(content) >= least and not named_after and not is_no_person(name):
            yield words[i : last + 1] if words[i].key in word_lists()["honorifics"] else name
        i = last + 1


def beginning(words: list[Word], i: int, text: str, language: str) -> tuple[int, int] | None:
    """Where the name that words[i] announces begins, and how many words it must have at least; None if it does not."""
    known, word, after = gazetteer(), words[i], words[i + 1]
    if word.is_particle or is_in_place(words, i):
        return None
    if word.key in word_lists()["honorifics"]:
        return (i + 1, 1) if not after.is_particle and not is_thing(after) else None
    if word.key.rpartition("-")[2] in word_lists()["roles"]:
        more = i + 2 < len(words) and not is_thing(words[i + 2])
        return (i + 1, 1) if not is_thing(after) and (more or is_known(after) or word.key in SURE_ROLES) else None
    if is_given(word):
        sure = not is_doubtful(word) or (is_given(after) and not is_doubtful(after))
        return (i, 2) if sure or (len(words) <= 3 and after.key in known.family and not is_thing(after)) else None
    if word.is_initial:
        return (i, 1) if is_after_initials(next((w for w in words[i:] if not w.is_initial), word), text, word) else None
    if is_thing(word) or is_doubtful(word) or i > 0:
        return None
    if word.key in known.family_first and len(words) <= 3:
        return i, 2
    before = text[max(0, word.start - 40) : word.start]
    begins_sentence = bool(SENTENCE_START.search(before))
    if is_before_initial(words) and language != "de" and not begins_sentence:
        return i, 2
    if begins_sentence and len(words) == 2 and is_presented_whole(words, text):
        return i, 2
    if len(words) > 3 or any(is_doubtful(w) or is_place(w) or w.is_particle for w in words) or "-" in word.text[3:]:
        return None
    if BEFORE_PERSON.search(before) or (is_possessive(words[-1]) and AFTER_PERSON.match(text, words[-1].end)):
        return i, 2
    # German writes every noun with a capital, and so does any language the first word of a sentence.
    titled = after.key in word_lists()["honorifics"] or after.key in word_lists()["roles"]
    sure = len(words) == 2 and not titled and language != "de" and not ARTICLE.search(before) and not begins_sentence
    return (i, 2) if sure and after.key in known.family else None


def is_before_initial(words: list[Word]) -> bool:
    """Whether the words begin with a name, an initial and a name: "Mohmad R. Vizirov"."""
    if len(words) < 3 or not words[1].is_initial or words[2].is_initial:
        return False
    last = words[2].key
    again = last == words[0].key or last in word_lists()["particles"]  # "Movie B. Movie C", "Schinzel H. La"
    return words[1].text.count(".") == 1 and not is_thing(words[2]) and not again


def is_presented_whole(words: list[Word], text: str) -> bool:
    """Whether what follows says that these words are somebody: "Widley Cooper is a clerk"."""
    end = words[-1].end
    if words[0].key in word_lists()["around-nouns"]["no-nouns"] or is_place(words[0]):
        return False
    if any(is_thing(word) or word.is_particle for word in words):
        return False
    surname = words[-1].key in gazetteer().family and PRESENTED_AFTER.match(text, end)
    return bool(surname or AGED.match(text, end))


def is_in_place(words: list[Word], i: int) -> bool:
    """Whether words[i] begins the name of a place or is its second word: "St James Park"."""
    firsts = word_lists()["place-words"]["latin"]
    return words[i].key in firsts or (i > 0 and words[i - 1].key in firsts)


def is_after_initials(last: Word, text: str, initial: Word) -> bool:
    """Whether the word that initials end in is a surname: known, or where somebody is announced."""
    if last.is_initial or is_thing(last):
        return False
    announced = BEFORE_PERSON.search(text[max(0, initial.start - 40) : initial.start])
    return last.key in gazetteer().family or is_given(last) or bool(announced)


def end_of_name(words: list[Word], first: int) -> int:
    """Where the name that begins at `first` ends: before a thing, a possessive, or the fifth word."""
    last, count = first, 1
    if is_possessive(words[first]):
        return first
    for j in range(first + 1, len(words)):
        word = words[j]
        if word.is_particle:
            continue
        if count >= WORDS_AT_MOST or (is_thing(word) and not word.is_initial and not is_surname(words, first, j)):
            break
        last = j
        count += not word.is_initial
        if is_possessive(word):
            break
    return last


def is_surname(words: list[Word], first: int, j: int) -> bool:
    """Whether words[j], which names a thing as well, is a surname: last of two words, after a sure given name."""
    whole = j == first + 1 == len(words) - 1 and not is_upper(words[j])
    return whole and words[j].key in gazetteer().family and is_given(words[first]) and not is_doubtful(words[first])


def cyrillic_names(words: list[Word], text: str) -> Iterator[list[Word]]:
    """The names in a run of Cyrillic words: only people and places have two capitalised words there."""
    if SENTENCE_START.search(text[: words[0].start]) and not is_given_stem(words[0]) and not words[0].is_initial:
        words = words[1:]
    words = [word for word in words if word.key not in word_lists()["honorifics"]]
    content = [word for word in words if not word.is_initial and not word.is_particle]
    if len(words) < 2 or not content or is_no_person(words):
        return
    if ADJECTIVE.search(content[0].key) and not is_given_stem(content[0]) and not words[0].is_initial:
        return
    if content[0].key in word_lists()["place-words"]["ru"]:
        return
    yield words


def has_role(word: Word, text: str) -> bool:
    """Whether a role in small letters, as most languages write it, stands before a single word."""
    return (
        len(word.key) > 1
        and not is_thing(word)
        and not is_place(word)
        and bool(SMALL_ROLE.search(text[max(0, word.start - 16) : word.start]))
    )


def is_presented(word: Word, text: str) -> bool:
    """Whether a single given name is what somebody is called: "I am Nancy", "Ali, a student"."""
    if not (is_given(word) or is_given_stem(word)) or is_doubtful(word) or is_place(word):
        return False
    before = text[max(0, word.start - 24) : word.start]
    return bool(PRESENTED.search(before)) and bool(FOLLOWS_PRESENTED.match(text, word.end))
