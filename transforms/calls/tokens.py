"""The tokens of a text: an estimate from its scripts, without a tokenizer; and which counts of a server can be."""

from __future__ import annotations

import re
from typing import Any

# Characters in a token, as tokenizers of 100,000 to 200,000 entries have them on running text, spaces and punctuation
# included. Models differ by a fifth, so a model's own counts are used instead wherever a response store holds them.
ASCII_RATIO, DEFAULT_RATIO = 4.2, 2.0
SCRIPT_RATIOS = (
    (r"[À-ɏḀ-ỿ]", 1.5),  # letters with marks break words up: German comes to 3.6, Spanish to 3.8, Polish to 2.9
    (r"[0-9]", 2.5),
    (r"[\u0370-\u03ff]", 2.2),  # Greek
    (r"[\u0400-\u052f]", 3.0),  # Cyrillic
    (r"[\u0590-\u06ff\u0750-\u077f]", 2.6),  # Hebrew, Arabic
    (r"[\u0900-\u0dff]", 2.4),  # scripts of India
    (r"[\u0e00-\u0eff]", 2.2),  # Thai, Lao
    (r"[\u3040-\u30ff]", 1.4),  # kana
    (r"[\u3400-\u9fff\uf900-\ufaff]", 1.4),  # Han
    (r"[\uac00-\ud7af]", 1.6),  # Hangul
    (r"[\x00-\x2f\x3a-\x7f]", ASCII_RATIO),
)
COMPILED_RATIOS = tuple((re.compile(script), ratio) for script, ratio in SCRIPT_RATIOS)
MESSAGE_TOKENS = 8  # around system and user message
# A template, tools or a system prompt of the server's own come on top of what is sent; beyond these it is no count.
SPARE_TOKENS = 4096
SPARE_FACTOR = 4


def tokens_of(text: str) -> float:
    """The estimated number of tokens in `text`."""
    if text.isascii():
        digits = sum(map(text.count, "0123456789"))
        return digits / 2.5 + (len(text) - digits) / ASCII_RATIO
    tokens, rest = 0.0, len(text)
    for pattern, ratio in COMPILED_RATIOS:
        found = len(pattern.findall(text))
        tokens += found / ratio
        rest -= found
    return tokens + rest / DEFAULT_RATIO


def tokens_said(value: Any, at_most: int) -> int | None:
    """The tokens that `value` of a `usage` says; None where it says nothing that can be.

    `at_most`: an upper bound by what was sent or asked for, such as `max_input_tokens` of the request. A server may
    count more than that (a template of its own, thoughts beyond the limit), but not by far. 0 is said by servers that
    do not count, so it is None too; so are texts, negative numbers, NaN, 1e300 and parts of a token. One such number in
    a store ends the job ("Integer exceeds 64-bit range"), or unbinds its budget.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value <= SPARE_FACTOR * at_most + SPARE_TOKENS:  # False for NaN, too
        return None
    return int(value) if value == int(value) else None
