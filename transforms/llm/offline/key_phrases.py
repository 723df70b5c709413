"""Key phrases of a text: runs of content words between stop words, as in RAKE, scored by frequency and place.

After Rose et al., "Automatic keyword extraction from individual documents" (2010), with what keeps verbs and names of
people out without a tagger: the word before a run tells whether a noun can begin it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from transforms.llm.offline.words import TOKEN, clean

LONGEST = 3  # words of a phrase
CHARACTERS = 36  # of a phrase
VERB_COMES = frozenset(
    [
        "to",
        "will",
        "can",
        "could",
        "would",
        "should",
        "may",
        "might",
        "must",
        "not",
        "we",
        "they",
        "you",
        "i",
        "he",
        "she",
        "it",
        "who",
        "which",
        "that",
        "don't",
        "didn't",
        "doesn't",
        "can't",
        "won't",
        "please",
        "let's",
        "also",
    ]
)
NOUN_COMES = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "in",
        "for",
        "on",
        "with",
        "and",
        "by",
        "from",
        "about",
        "between",
        "into",
        "over",
        "under",
        "their",
        "his",
        "her",
        "its",
        "our",
        "your",
        "my",
        "this",
        "these",
        "those",
        "no",
        "any",
        "some",
        "many",
        "several",
        "most",
        "all",
    ]
)


def words_of(text: str) -> list[str]:
    """Lower-case words of the beginning of `text`."""
    return [token.casefold() for token in TOKEN.findall(clean(text)) if token[0].isalpha()]


def key_phrases(
    tokens: Sequence[str], stop: frozenset[str], cues: Mapping[str, str], most: int = 8
) -> list[str]:
    """Up to `most` phrases of `tokens`, the best first, none holding a word of another."""
    runs, frequency = content_runs(tokens, stop)
    scores: defaultdict[str, float] = defaultdict(float)
    begin = len(tokens) or 1
    for run, place, weight in runs:
        phrase = " ".join(run)
        if len(phrase) > CHARACTERS or len(phrase) < 3:
            continue
        known = sum(word in cues or word.removesuffix("s") in cues for word in run)
        strength = sum(min(frequency[word], 6) for word in run) / len(run) ** 0.4
        scores[phrase] += (
            weight * strength * (1.3 - 0.6 * place / begin) * (1 + 0.5 * known) * (1.6 if len(run) == 2 else 1)
        )
    chosen: list[str] = []
    taken: set[str] = set()
    for phrase in sorted(scores, key=lambda p: (-scores[p], p)):
        own = {word.removesuffix("s") for word in phrase.split()}
        if not own & taken:
            chosen.append(phrase)
            taken |= own
            if len(chosen) == most:
                break
    return chosen


def content_runs(
    tokens: Sequence[str], stop: frozenset[str]
) -> tuple[list[tuple[tuple[str, ...], int, float]], Counter[str]]:
    """(words, place, weight) of each run of content words, and how often each word stands in one."""
    runs: list[tuple[tuple[str, ...], int, float]] = []
    frequency: Counter[str] = Counter()
    run: list[str] = []
    before = ""
    named = False  # the run holds a capitalised word that does not begin a sentence: a name, perhaps of a person
    previous = "."
    for i, token in enumerate((*tokens, ".")):
        lower = token.lower()
        content = token[0].isalpha() and len(token) > 2 and lower not in stop and lower[-2:] not in ("ly", "ed")
        if content:
            if not run:
                before, named = previous, False
            if token[0].isupper() and previous not in ".!?\n:" and not token.isupper():
                named = True
            run.append(token if token.isupper() and len(token) < 6 else lower)
        elif run:
            if before in VERB_COMES:
                run = run[1:]
            if run and not named and len(run) <= LONGEST + 1:
                weight = 1.5 if before in NOUN_COMES else 1.0
                kept = tuple(run[-LONGEST:])
                runs.append((kept, i, weight))
                frequency.update(kept)
            run = []
        previous = lower
    return runs, frequency
