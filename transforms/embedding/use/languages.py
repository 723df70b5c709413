"""Which texts the encoder is asked about: those of its own languages, and of those that it tells apart as well.

Measured by benchmarks/use_languages.py on sentences of the Universal Declaration of Human Rights in 260 languages: the
cosine that 1% of two different sentences exceed, and how many sentences with one word changed stay over the threshold.
The encoder's own languages: at most 0.65, and 0.42. Swedish 0.90 and 0.80, Romanian 0.92 and 0.80, Vietnamese 0.96 and
0.94, Ukrainian 0.69 and 0.36, Persian 0.65 and 0.48, Hindi 0.95, Tamil 1.00: such texts get a vector of the hashing
embedder, which lies near 0 to every encoded one.
"""

from __future__ import annotations

import regex

from persona_hub.transforms.corpus.language import HEAD_CHARACTERS, UNDETERMINED, quick_language

# What it was trained on; "zh" are two of the sixteen, both scripts. Only these can be compared across languages.
TRAINED = frozenset(["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"])
# Their kin, in which its cosines are as in these: at most 0.67, and 0.39.
ALIKE = frozenset(["af", "bg", "ca", "co", "crs", "eo", "fy", "gl", "id", "la", "lb", "mfe", "ms", "oc", "rm"])
ENCODED = TRAINED | ALIKE
ANY_LETTER = regex.compile(r"\p{L}")
ITS_SCRIPTS = r"\p{Latin}\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Cyrillic}\p{Arabic}\p{Thai}\p{Common}\p{Inherited}"
FOREIGN_LETTER = regex.compile(rf"(?V1)[\p{{L}}--[{ITS_SCRIPTS}]]")


def is_encoded(text: str) -> bool:
    """Whether the encoder gives this text its vector; a text whose language nobody can tell is encoded."""
    head = text[:HEAD_CHARACTERS].encode("utf-8", "replace").decode()
    if not head.isascii():
        others = len(FOREIGN_LETTER.findall(head))
        if others and 2 * others > len(ANY_LETTER.findall(head)):
            return False
    language = quick_language(head)
    return language in ENCODED or language == UNDETERMINED
