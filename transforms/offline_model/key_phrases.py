"""Key phrases of a text: runs of content words between stop words, as in RAKE, scored by frequency and place.

After Rose et al., "Automatic keyword extraction from individual documents" (2010), with rules of grammar in place of a
tagger (`grammar`), and names of people kept out where writing shows them. Chinese and Japanese have no spaces: there
it is n-grams that repeat, and runs of one script.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

import regex

from persona_hub.transforms.offline_model.grammar import JOINTS, RULES, anybody
from persona_hub.transforms.offline_model.phrasebook import LANGUAGES, phrasebook

PHRASES = 8  # of a text
PHRASE_CHARACTERS = 36
WEAK = 0.2  # of the best score: what scores less is no subject
SENTENCE_BREAKS = frozenset('.!?\n:;"“”«»()[]|•–—')
ARTICLES = frozenset(("the", "a", "an"))
AFTER_NOUN = frozenset(
    (*",.;:)", "of", "in", "for", "on", "with", "and", "or", "that", "which", "is", "was", "to", "by")
)
# Languages without tables of ours that the examples have; jusText has lists for more. A list drawn from a small corpus
# runs to thousands of words and holds the very nouns that we look for: its first STOP_WORDS do.
JUSTEXT_LISTS = {"id": "Indonesian", "it": "Italian", "ko": "Korean", "pl": "Polish", "sw": "Swahili", "tr": "Turkish",
                 "vi": "Vietnamese"}  # fmt: skip
STOP_WORDS = 600

HAN_STOP = regex.compile(
    r"[^\p{Han}]+|以及|因为|因此|所以|但是|如果|虽然|可以|已经|由于|并且|而且|或者|没有|我们|他们|她们|它们|自己|这个|那个|这些|那些|"
    r"一个|一种|一些|什么|怎么|如何|进行|通过|其中|其他|许多|成为|认为|表示|作为|对于|关于|根据|目前|现在|之后|之前|同时|然而|不同|"
    r"[的了是在和与及或也都就而但不被把将从对为以于到向由使让给这那其之个们所着过得地他她它我你您有会能可要很更最还又只如若等并因则且"
    r"吗呢吧啊上下中内外前后时年月日第一二三四五六七八九十两几多每各某该此用来去说次张号座位名出起再更指]"
)
HAN_GRAM = 5  # characters
JAPANESE_RUN = regex.compile(
    r"[\p{Katakana}ー]{3,10}の[\p{Katakana}\p{Han}ー]{2,6}|[\p{Katakana}ー]{2,12}\p{Han}{0,4}|\p{Han}{1,4}[\p{Katakana}ー]{3,10}|\p{Han}{2,7}"
)


class Run(NamedTuple):
    """Content words in a row, and what stands around them."""

    words: list[str]
    before: str
    after: str
    place: int
    named: bool  # holds a name that no article vouches for


class Candidate(NamedTuple):
    """What may be a key phrase."""

    words: tuple[str, ...]
    weight: float
    run: Run


def key_phrases(tokens: Sequence[str], language: str, cues: Container[str]) -> list[str]:
    """Up to PHRASES phrases of `tokens`, the best first, none holding a word of another."""
    runs = list(content_runs(tokens, language))
    frequency = Counter(word.lower() for run in runs for word in run.words)
    scores: defaultdict[str, float] = defaultdict(float)
    articles = Counter[tuple[str, str]]()
    for words, weight, run in candidates_in(runs, language):
        phrase = " ".join(words)
        if not 3 <= len(phrase) <= PHRASE_CHARACTERS:
            continue
        strength = sum(frequency[word.lower()] for word in words) / len(words) ** 0.4
        known = any(word in cues or word.lower().removesuffix("s") in cues for word in words)
        early = 1.3 - 0.6 * run.place / len(tokens)
        long = (0.7, 1.6, 1.7, 1.7, 1.2)[min(len(words), 5) - 1] if language != "de" else 1
        scores[phrase] += weight * strength * early * long * (1.6 if known else 1)
        articles[phrase, run.before if run.before in ARTICLES and run.after in AFTER_NOUN else ""] += 1
    least = WEAK * max(scores.values(), default=0)
    chosen: list[str] = []
    taken: set[str] = set()
    for phrase in sorted(scores, key=lambda phrase: (-scores[phrase], phrase)):
        stems = {word[:6].lower() for word in phrase.split() if len(word) > 3}
        if not stems & taken and scores[phrase] >= least:
            chosen.append(with_article(phrase, articles) if language == "en" else phrase)
            taken |= stems
    return chosen[:PHRASES]


def content_runs(tokens: Sequence[str], language: str) -> Iterator[Run]:
    """The runs of content words of `tokens`."""
    stop = stop_words(language)
    words: list[str] = []
    before, named, previous = "", False, "."
    for place, token in enumerate((*tokens, ".")):
        lower = token.lower()
        if lower not in stop and len(token) > 2 and is_content(token, lower, language):
            if not words:
                before, named = previous, False
            if language != "de" and token[0].isupper() and previous in SENTENCE_BREAKS:
                token = lower
            named = named or (language != "de" and token != lower)
            words.append(token)
        elif words:
            yield Run(words, before, lower, place, named)
            words = []
        previous = lower


def is_content(token: str, lower: str, language: str) -> bool:
    """Whether a key phrase may hold `token`, which is no stop word."""
    if language == "en" and ("'" in token or "’" in token or lower[-2:] in ("ly", "ed")):
        return False
    return token[0].isalpha()


def candidates_in(runs: Sequence[Run], language: str) -> Iterator[Candidate]:
    """What a language's rule sees in each run, and in two runs joined: "flow of rivers"."""
    rule, joints = RULES.get(language, anybody), JOINTS.get(language, ())
    last: tuple[tuple[str, ...], Run] | None = None
    for run in runs:
        found = [] if run.named else rule(run.words, run.before, run.after)
        for words, weight in found:
            yield Candidate(words, weight, run)
        if found and last and run.before in joints and last[1].place + 1 + len(run.words) == run.place:
            yield Candidate((*last[0], run.before, *found[0][0]), 1.2 * found[0][1], last[1])
        last = (found[-1][0], run) if found and run.words[-len(found[-1][0]) :] == list(found[-1][0]) else None


def with_article(phrase: str, articles: Counter[tuple[str, str]]) -> str:
    """`phrase` as it reads after a preposition: "the moon", "window regulators" for "a window regulator"."""
    the, one, none = articles[phrase, "the"], articles[phrase, "a"] + articles[phrase, "an"], articles[phrase, ""]
    head, joint, rest = phrase.partition(" of ")
    if the and the >= none + one:
        return f"the {phrase}"
    if one and one >= none and not head.endswith("s"):
        plural = head[:-1] + "ies" if head.endswith(("ty", "ry", "cy", "gy")) else head + "s"
        return plural + joint + rest
    return phrase


@cache
def stop_words(language: str) -> frozenset[str]:
    """Lower-case words that no key phrase of `language` holds; none for a language unheard of."""
    if language in LANGUAGES:
        table = phrasebook(language).table
        return frozenset(f"{table['stop']} {table.get('verbs', '')}".split())
    if language not in JUSTEXT_LISTS:
        return frozenset()
    words = (resources.files("justext") / "stoplists" / f"{JUSTEXT_LISTS[language]}.txt").read_text("utf-8")
    return frozenset(words.lower().split()[:STOP_WORDS])


def unspaced_phrases(text: str, language: str) -> list[str]:
    """Up to PHRASES key phrases of a clean Chinese or Japanese `text`, the best first."""
    counted = Counter(JAPANESE_RUN.findall(text)) if language == "ja" else han_words(text)
    chosen: list[str] = []
    for phrase in sorted(counted, key=lambda one: (-counted[one] * min(len(one), 5) ** 0.8, text.find(one))):
        if not any(phrase in other or other in phrase for other in chosen):
            chosen.append(phrase)
    return chosen[:PHRASES]


def han_words(text: str) -> Counter[str]:
    """Chinese n-grams of two to five characters that repeat, and short segments that stand alone."""
    segments = [segment for segment in HAN_STOP.split(text) if len(segment) > 1]
    grams = Counter(
        segment[i : i + length]
        for segment in segments
        for length in range(2, min(HAN_GRAM, len(segment)) + 1)
        for i in range(len(segment) - length + 1)
    )
    words = Counter({gram: n for gram, n in grams.items() if n > 1})
    words.update(segment for segment in segments if 3 <= len(segment) <= 6)
    return words
