"""Pairs of texts whose label follows from how they were made: the same persona to a reader, or another one."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.embedding_use import real_personas
from benchmarks.planted_words import SIBLINGS, SYNONYMS

SAME_WORDS = ("exact", "reordered")  # MinhashDedup drops these before EmbedDedup sees them
OTHER_WORDS = ("synonym", "paraphrase")
SAME = (*SAME_WORDS, *OTHER_WORDS)
DIFFERENT = ("content word", "related", "unrelated")
NONSENSE, TRANSLATION = "nonsense", "translation"  # a reader can call neither the same; a step of its own
MOST = 400  # pairs of a kind
LANGUAGES = ("de", "es", "ja", "zh")
HEAD = re.compile(r"(?i)(an?|the) (\S.{2,60}?) (who|with|from|specializing|responsible|seeking|looking) (.{12,})")
PATTERNS = {word: re.compile(rf"\b{re.escape(word)}\b") for word in SYNONYMS}
SIBLING_OF = {word: line for line in SIBLINGS for word in line}
PLAIN = re.compile(r"\b[a-z]{5,}\b")
SHARED_TAIL = 0.5  # of the words of two tails: above it a reader might call two personas of one head the same


@dataclass(frozen=True)
class Pair:
    """Two texts and the way they were made."""

    kind: str
    first: str
    second: str


def swapped(text: str, start: int, end: int, word: str) -> str:
    """The text with another word in a place, and the article before it put right."""
    before = text[:start]
    if match := re.search(r"\b([Aa])n? $", before):
        before = f"{before[: match.start()]}{match[1]}{'n' if word[0].lower() in 'aeio' else ''} "
    return before + word + text[end:]


def with_synonyms(text: str, rng: random.Random, count: int) -> str | None:
    """A text with `count` of its words, or phrases, said by a synonym; None where it has fewer."""
    found = sorted((match.start(), match.end(), word) for word in SYNONYMS if (match := PATTERNS[word].search(text)))
    apart = [hit for n, hit in enumerate(found) if n == 0 or hit[0] >= max(end for _, end, _ in found[:n])]
    if len(apart) < count:
        return None
    for start, end, word in sorted(rng.sample(apart, count), reverse=True):
        text = swapped(text, start, end, SYNONYMS[word])
    return text


def reframed(text: str, rng: random.Random) -> str | None:
    """The same clauses in another frame."""
    if not (match := HEAD.fullmatch(text.rstrip("."))):
        return None
    article, head, link, tail = match.groups()
    article = article.lower()
    if link == "who":
        return rng.choice((f"Someone who {tail}: {article} {head}", f"This person is {article} {head} who {tail}"))
    return rng.choice((f"This person is {article} {head} {link} {tail}", f"Somebody, {article} {head}, {link} {tail}"))


def paraphrased(text: str, rng: random.Random) -> str | None:
    """Three words said by a synonym, or two and another frame."""
    if three := with_synonyms(text, rng, 3):
        return three
    two = with_synonyms(text, rng, 2)
    return two and reframed(two, rng)


def another_content_word(text: str, rng: random.Random) -> str | None:
    """A text with one word that makes it another person."""
    hits = [match for match in re.finditer(r"\b[\w-]+\b", text) if match[0] in SIBLING_OF]
    if not hits:
        return None
    hit = rng.choice(hits)
    return swapped(text, *hit.span(), rng.choice([word for word in SIBLING_OF[hit[0]] if word != hit[0]]))


def with_nonsense(text: str, rng: random.Random, words: list[str]) -> str | None:
    """A text with one word out of some other text."""
    hits = list(PLAIN.finditer(text))
    return swapped(text, *rng.choice(hits).span(), rng.choice(words)) if len(hits) > 3 else None


def respelled(text: str, rng: random.Random) -> str:
    """The same words: the first letter's case, the full stop, quotes and spaces may differ."""
    other = text[:1].swapcase() + text[1:]
    other = other[:-1] if other.endswith(".") else f"{other}."
    return rng.choice((other, other.replace("'", "\u2019").replace('"', "\u201d"), f"{other} ".replace(" ", "  ", 1)))


def related(texts: list[str], rng: random.Random) -> list[Pair]:
    """Two real personas that begin alike ("A nurse who ...") and go on otherwise."""
    by_head: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for text in texts:
        if match := HEAD.fullmatch(text):
            by_head[" ".join(match[2].lower().split()[-2:])].append((text, match[4].lower()))
    pairs = []
    for group in by_head.values():
        rng.shuffle(group)
        for (one, tail), (other, end) in zip(group[::2], group[1::2], strict=False):
            words, others = set(tail.split()), set(end.split())
            if len(words & others) < SHARED_TAIL * len(words | others):
                pairs.append(Pair("related", one, other))
    return pairs


def reordered(data: Path, rng: random.Random) -> list[Pair]:
    """Profiles of PersonaChat with their sentences in another order."""
    pairs: dict[str, Pair] = {}
    with (data / "personas" / "personachat_profiles_paml.jsonl").open(encoding="utf-8") as lines:
        for sentences in (json.loads(line)["persona"] for line in lines):
            other = [*sentences[1:], sentences[0]]
            if len(sentences) > 2:
                pairs.setdefault(sentences[0], Pair("reordered", ". ".join(sentences), ". ".join(other)))
    return rng.sample(list(pairs.values()), min(MOST, len(pairs)))


def word_problems(data: Path, language: str) -> list[str]:
    """250 word problems, the same in English and in each of LANGUAGES."""
    with (data / "math" / f"mgsm_{language}.tsv").open(encoding="utf-8", newline="") as rows:
        return [row[0] for row in csv.reader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)]


def translations(data: Path, rng: random.Random) -> list[Pair]:
    """Word problems in English and in another language: the parallel texts there are, and no personas."""
    problems = {language: word_problems(data, language) for language in ("en", *LANGUAGES)}
    pairs = [
        Pair(TRANSLATION, one, other)
        for language in LANGUAGES
        for one, other in zip(problems["en"], problems[language], strict=True)
    ]
    return rng.sample(pairs, MOST)


def planted_pairs(data: Path, seed: int = 0) -> list[Pair]:
    """All pairs; of a kind a text has one."""
    rng = random.Random(seed)
    texts = sorted(text for text in real_personas(data) if text.isascii())
    rng.shuffle(texts)
    words = sorted({word for text in texts for word in PLAIN.findall(text)})
    makers = {
        "exact": lambda text: respelled(text, rng),
        "synonym": lambda text: with_synonyms(text, rng, 1),
        "paraphrase": lambda text: paraphrased(text, rng),
        "content word": lambda text: another_content_word(text, rng),
        NONSENSE: lambda text: with_nonsense(text, rng, words),
        "unrelated": lambda text: rng.choice(texts),
    }
    pairs = [*reordered(data, rng), *related(texts, rng)[:MOST], *translations(data, rng)]
    for kind, make in makers.items():
        most = MOST // 2 if kind == NONSENSE else MOST
        made = [Pair(kind, text, other) for text in texts if (other := make(text)) and other != text]
        pairs += made[:most]
    return pairs
