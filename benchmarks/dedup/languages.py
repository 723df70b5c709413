"""Near-duplicates in nine languages: planted pairs that are found, unrelated ones that are not taken for any."""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.shingles import hash_tokens, token_sets, tokenise

LANGUAGES = ("ar", "de", "en", "es", "hi", "ja", "ru", "th", "zh")
SENTENCE = re.compile(r"(?<=[.!?।。！？])\s*|(?<=[۔؟])\s*")
THRESHOLD = 0.9
COPIES = 20  # planted variants of a text
PAIRS = 1_500_000  # of unrelated texts, if the language has so many
SHORTEST = 25  # characters of a sentence: a persona's, not a heading's


def documents_in(language: str, folder: Path) -> list[list[str]]:
    """Paragraphs of XQuAD, in sentences (Thai writes no full stops: pieces of about a sentence); problems of MGSM."""
    documents: list[list[str]] = []
    file = folder / "web" / "multiling" / f"xquad_contexts.{language}.jsonl.gz"
    if file.exists():
        for line in gzip.decompress(file.read_bytes()).splitlines():
            text = json.loads(line)["text"]
            documents.append(text.split(" ") if language == "th" else SENTENCE.split(text))
    table = folder / "math" / f"mgsm_{language}.tsv"
    if table.exists():
        with table.open(encoding="utf-8", newline="") as rows:
            documents += [[row[0]] for row in csv.reader(rows, delimiter="\t") if row]
    return documents


def long_enough(texts: Iterable[str]) -> list[str]:
    """The different ones, as long as a persona."""
    return sorted({text.strip() for text in texts if len(text.strip()) >= SHORTEST})


def pieces_of(documents: list[list[str]]) -> tuple[list[int], list[str], int]:
    """(documents, texts, pairs of different documents): sentences, and several in a row until pairs are enough.

    A text that two documents have ("[citation needed]") is one of the first only.
    """
    found: dict[str, int] = {}
    pairs = 0
    for sentences in range(1, 5):
        for number, document in enumerate(documents):
            parts = document if len(document) > 1 else SENTENCE.split(document[0])
            texts = long_enough(" ".join(parts[i : i + sentences]) for i in range(len(parts) - sentences + 1))
            for text in texts:
                found.setdefault(text, number)
        pairs = (len(found) ** 2 - sum(n * n for n in Counter(found.values()).values())) // 2
        if pairs >= PAIRS:
            break
    return list(found.values()), list(found), pairs


def edited(text: str, rng: random.Random, spaced: bool) -> str:
    """A text with one to three words, or characters, left out or said twice."""
    parts = text.split(" ") if spaced else list(text)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(parts))
        if rng.random() < 0.6 and len(parts) > 4:
            del parts[at]
        else:
            parts[at] = rng.choice(parts)
    return (" " if spaced else "").join(parts)


def pairs_over(sets: list[frozenset[str]], threshold: Threshold) -> Iterator[tuple[int, int]]:
    """Pairs at the threshold or more, by counting."""
    index: dict[str, list[int]] = {}
    for i, words in enumerate(sets):
        counts: dict[int, int] = {}
        for word in words:
            for j in index.get(word, ()):
                counts[j] = counts.get(j, 0) + 1
        for j, overlap in counts.items():
            if (threshold.p + threshold.q) * overlap >= threshold.p * (len(words) + len(sets[j])):
                yield i, j
        for word in words:
            index.setdefault(word, []).append(i)


def languages(args: argparse.Namespace) -> None:
    """Recall and false neighbours, language by language."""
    folder = Path(os.environ["PERSONA_HUB_DATA"])
    exact = Threshold.of(THRESHOLD)
    print(f"\n6. languages: planted pairs at Jaccard {THRESHOLD} or more found by their keys; unrelated pairs over it")
    for language in LANGUAGES:
        documents = documents_in(language, folder)
        texts = long_enough(text for document in documents for text in document)
        rng = random.Random(language)
        copies = max(COPIES, 20_000 // max(1, len(texts)))
        variants = [(i, edited(text, rng, " " in text)) for i, text in enumerate(texts) for _ in range(copies)]
        every = [*texts, *(variant for _, variant in variants)]
        tokens = tokenise(every)
        codes = hash_tokens(tokens)
        sets = token_sets(codes, tokens.size)
        words = [frozenset(row) for row in tokens.words()]
        near = [
            (i, len(texts) + n)
            for n, (i, _) in enumerate(variants)
            if words[i] != words[len(texts) + n]
            and len(words[i] & words[len(texts) + n]) * exact.q >= len(words[i] | words[len(texts) + n]) * exact.p
        ]
        found = {}
        for kind in ("minhash", "partition"):
            keys, owner = Plan.of(THRESHOLD, kind).keys(tokens, codes, sets, (sets.size > 0).nonzero()[0])
            order = owner.argsort(kind="stable")
            ordered, by_row = owner[order], keys[order]
            first, last = (ordered.searchsorted(range(len(every)), side) for side in ("left", "right"))
            of_row = [frozenset(by_row[a:b].tolist()) for a, b in zip(first, last, strict=True)]
            found[kind] = sum(bool(of_row[i] & of_row[j]) for i, j in near) / max(1, len(near))
        whose, pieces, total = pieces_of(documents)
        over = pairs_over([frozenset(row) for row in tokenise(pieces).words()], exact)
        unrelated = sum(whose[i] != whose[j] for i, j in over)
        print(
            f"   {language}  {len(near):6,} planted  minhash {found['minhash']:.4f}  "
            f"partition {found['partition']:.4f}  "
            f"unrelated {unrelated} of {total:,}"
        )
