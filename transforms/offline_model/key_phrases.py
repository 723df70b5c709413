"""Key phrases of a text: runs of content words between stop words, as in RAKE, scored by frequency and place.

After Rose et al., "Automatic keyword extraction from individual documents" (2010), with rules of grammar in place of a
tagger (`grammar`), and names of people kept out where writing shows them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from persona_hub.transforms.offline_model.grammar import EN_PARTICIPLE_NOUN, JOINTS, RULES, anybody

CHARACTERS = 36  # of a phrase
LONGEST_WORD = 24  # characters
FREQUENT = 6  # more often than that says no more
ENDS = frozenset('.!?\n:;"“”«»()[]|•–—')
ARTICLES = frozenset(("the", "a", "an"))
AFTER_NOUN = frozenset(
    (*",.;:)", "of", "in", "for", "on", "with", "and", "or", "that", "which", "is", "was", "to", "by")
)
WEAK = 0.2  # of the best score: what scores less is no subject
PLURALS = (("ss", "sses"), ("ch", "ches"), ("sh", "shes"), ("x", "xes"), ("us", "uses"), ("is", "es"))


@dataclass
class Run:
    """Content words in a row, and what stands around them."""

    words: list[str]
    before: str
    after: str
    place: int
    named: bool  # holds a name that no article vouches for


def key_phrases(
    tokens: Sequence[str], language: str, stop: Container[str], cues: Container[str], most: int = 8
) -> list[str]:
    """Up to `most` phrases of `tokens`, the best first, none holding a word of another."""
    runs = list(content_runs(tokens, language, stop))
    scores: defaultdict[str, float] = defaultdict(float)
    articles, frequency = Counter[tuple[str, str]](), Counter[str]()
    frequency.update([word.lower() for run in runs for word in run.words])
    for words, weight, run in candidates(runs, language):
        phrase = " ".join(words)
        if not 3 <= len(phrase) <= CHARACTERS:
            continue
        strength = sum(min(frequency[word.lower()], FREQUENT) for word in words) / len(words) ** 0.4
        known = any(word in cues or word.lower().removesuffix("s") in cues for word in words)
        early = 1.3 - 0.6 * run.place / len(tokens)
        long = (0.7, 1.6, 1.7, 1.7, 1.2)[min(len(words), 5) - 1] if language != "de" else 1
        scores[phrase] += weight * strength * early * long * (1.6 if known else 1)
        articles[phrase, run.before if run.before in ARTICLES and run.after in AFTER_NOUN else ""] += 1
    best = max(scores.values(), default=0)
    chosen: list[str] = []
    taken: set[str] = set()
    for phrase in sorted(scores, key=lambda phrase: (-scores[phrase], phrase)):
        stems = {word[:6].lower() for word in phrase.split() if len(word) > 3}
        if chosen and scores[phrase] < WEAK * best:
            break
        if not stems & taken:
            chosen.append(with_article(phrase, articles) if language == "en" else phrase)
            taken |= stems
            if len(chosen) == most:
                break
    return chosen


def content_runs(tokens: Sequence[str], language: str, stop: Container[str]) -> Iterator[Run]:
    """The runs of content words of `tokens`."""
    seen_lower = {token for token in tokens if token.islower()}
    names = german_names(tokens, stop) if language == "de" else capitalised_within(tokens)
    words: list[str] = []
    before, named, previous = "", False, "."
    for place, token in enumerate((*tokens, ".")):
        lower = token.lower()
        if lower not in stop and len(token) > 2 and is_content(token, lower, language):
            if not words:
                before, named = previous, False
            capital = token[0].isupper() and lower != token
            if capital and language != "de":
                acronym = token.isupper() and len(token) < 6
                starts = previous in ENDS
                if not acronym and lower not in seen_lower and (not starts or token in names):
                    named = named or before != "the" or (bool(words) and words[-1].islower())
                    words.append(token)
                else:
                    words.append(token if acronym else lower)
            else:
                named = named or token in names
                words.append(token)
        elif words:
            yield Run(words, before, lower, place, named)
            words = []
        previous = lower


def is_content(token: str, lower: str, language: str) -> bool:
    """Whether a key phrase may hold `token`, which is no stop word."""
    if len(token) > LONGEST_WORD or not token[0].isalpha():
        return False
    if language == "en":
        return (lower[-2:] not in ("ly", "ed") or lower in EN_PARTICIPLE_NOUN) and "'" not in token and "’" not in token
    return True


def capitalised_within(tokens: Sequence[str]) -> frozenset[str]:
    """Words with a capital inside a sentence: what begins another sentence is then a name there too."""
    return frozenset(token for before, token in pairwise(tokens) if token[0].isupper() and before not in ENDS)


def german_names(tokens: Sequence[str], stop: Container[str]) -> frozenset[str]:
    """Capitalised words side by side: in German nouns hardly stand so, given names and surnames do."""
    found: set[str] = set()
    for one, other in pairwise(tokens):
        if one[0].isupper() and other[0].isupper() and one.lower() not in stop and other.lower() not in stop:
            found |= {one, other}
    return frozenset(found)


def candidates(runs: Sequence[Run], language: str) -> Iterator[tuple[tuple[str, ...], float, Run]]:
    """(words, weight, run) of what a language's rule sees in a run, and of two runs joined: "flow of rivers"."""
    rule, joints = RULES.get(language, anybody), JOINTS.get(language, ())
    pairs = Counter(pair for run in runs if not run.named for pair in pairwise(run.words))
    last: tuple[tuple[str, ...], Run] | None = None
    for run in runs:
        found = [] if run.named else rule(run.words, run.before, run.after)
        for words, weight in found:
            yield words, weight, run
        if found and last and run.before in joints and last[1].place + 1 + len(run.words) == run.place:
            words = found[0][0]
            if len(last[0]) + len(words) <= 4 and run.words[: len(words)] == list(words):
                yield (*last[0], run.before, *words), 1.2 * found[0][1], last[1]
        for pair in pairwise(run.words) if found and len(run.words) > 2 else ():
            if pairs[pair] > 1:  # "beaver dams" of "beaver dams slow"
                yield pair, found[0][1], run
        last = (found[-1][0], run) if found and run.words[-len(found[-1][0]) :] == list(found[-1][0]) else None


def with_article(phrase: str, articles: Counter[tuple[str, str]]) -> str:
    """`phrase` as it reads after a preposition: "the moon", "window regulators" for "a window regulator"."""
    the, one, none = articles[phrase, "the"], articles[phrase, "a"] + articles[phrase, "an"], articles[phrase, ""]
    head, joint, rest = phrase.partition(" of ")
    if the and the >= none + one:
        return f"the {phrase}"
    if one and one >= none and not head.endswith("s"):
        return plural(head) + joint + rest
    return phrase


def plural(noun: str) -> str:
    """The plural of an English noun, by rule."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    for ending, many in PLURALS:
        if noun.endswith(ending):
            return noun[: -len(ending)] + many
    return noun + "s"
