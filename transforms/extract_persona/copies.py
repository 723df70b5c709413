"""Whether a persona is no more than a sentence of its document.

Weak models copy. But a document may itself be a persona, or say "a retired nurse who ..." of somebody: what begins as a
persona does is one wherever it stands.
"""

from __future__ import annotations

import itertools
import re

import regex

from persona_hub.transforms.llm.forms import words_of

LEAST_WORDS = 6  # "A night nurse" is found in many a document
RUN_WORDS = 5  # words that follow each other in both
SHARE_OF_RUNS = 0.7  # of a persona's, in the document
SHARE_OF_BENT = 0.25  # the same, where all but a tenth of the words (or one) stand beside the same neighbour in both
SHARE_OF_DOCUMENT = 0.8  # a persona this large has a document that is one itself, as a row of PersonaHub
PROBE_WORDS = 3
PUNCTUATION = re.compile(r"[^\w\s'’-]+|\s[-–—]\s")
# How a persona begins: a kind of person and what is said of it.
PERSON = regex.compile(
    r"(?:(?:an?|the|one|some|someone|somebody)\b[^.!?;:]{0,80}\b(?:who|whose|whom)\b"
    r"|an?\s(?:[\w'’-]+\s){0,5}?[\w'’-]*(?:er|or|ist|ian|ant|man|woman|student|parent|nurse|chef)\s"
    r"(?:\w+ing|with|from|in|at|of|for|on|interested|focused|passionate|dedicated|concerned)\b"
    r"|i(?: am|['’]m) (?:an?|the)\b|i work (?:as|in|for)\b"
    r"|(?:eine?|jemand|der|die)\b[^.!?;:]{0,80}, (?:der|die|dessen|deren|dem)\b"
    r"|(?:una?|alguien)\b[^.!?;:]{0,80}\b(?:que|quien|cuy[oa]s?)\b"
    r"|(?:une?|quelqu['’]une?)\b[^.!?;:]{0,80}\b(?:qui|dont)\b"
    r"|(?:un[oa]?|un['’]\w+|qualcuno)\b[^.!?;:]{0,80}\b(?:che|cui)\b"
    r"|(?:uma?|alguém)\b[^.!?;:]{0,80}\b(?:que|cuj[oa]s?)\b"
    r"|(?:een|iemand)\b[^.!?;:]{0,80}\b(?:die|wiens|wier)\b"
    r"|[^.!?;:]{0,80}, (?:котор\w+|чь[яёеи]\w*|чей)\b"
    r"|(?:一|某)(?:位|名)|[^。！？]{2,80}(?:人|者|家|師|士|员|員|医)[。]?$"
    r"|(?:एक|कोई)\b[^।]{0,80}\b(?:जो|जिस\w*)(?!\S))",
    regex.IGNORECASE,
)


def copies_document(persona: str, document: str) -> bool:
    """Whether `persona` is, but for case and punctuation, text of `document` and not a person's description."""
    if len(persona) >= SHARE_OF_DOCUMENT * len(document) or PERSON.match(persona):
        return False
    lower = document.lower()
    if not any(probe in lower for probe in probes(persona)):
        return False  # 20 µs in place of 500
    words = words_of(persona)
    if len(words) < LEAST_WORDS:
        return False
    within = f" {' '.join(words_of(document))} "
    runs = [f" {' '.join(words[i : i + RUN_WORDS])} " for i in range(len(words) - RUN_WORDS + 1)]
    share = sum(run in within for run in runs) / len(runs)
    return share >= SHARE_OF_RUNS or (share >= SHARE_OF_BENT and strangers(words, within) <= max(1, len(words) // 10))


def strangers(words: list[str], within: str) -> int:
    """How many words stand beside neither of their neighbours in a document."""
    pairs = [f" {one} {two} " in within for one, two in itertools.pairwise(words)]
    return sum(not (before or after) for before, after in zip([False, *pairs], [*pairs, False], strict=True))


def probes(persona: str) -> list[str]:
    """Some pieces of a persona as they would stand in a document that it copies."""
    found: list[str] = []
    for part in PUNCTUATION.split(persona.lower()):
        words = part.split()
        found += [" ".join(words[i : i + PROBE_WORDS]) for i in range(0, len(words), PROBE_WORDS)][:20]
    return [probe for probe in found if len(probe) > 5 or not probe.isascii()]
