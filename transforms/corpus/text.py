"""The text of a document: made safe and normal, weighed, and cut at a sentence."""

from __future__ import annotations

import unicodedata

import regex

from persona_hub.transforms.normal_forms import nfc

# A sentence ends at these of every script: . ! ? … 。 ！ ？ । ॥ ؟ ۔ ። ។ ... A full stop of the Latin kind counts only
# before white space ("3.5", "example.org"); those of other scripts count anywhere. Closing quotes belong to it.
SENTENCE_END = regex.compile(
    r"(?:[\p{SB=STerm}--[!?]]+|[\p{SB=ATerm}!?…]+(?=[\p{SB=Close}]*(?:\s|$)))[\p{SB=Close}--[(\[{]]*", regex.V1
)
PARAGRAPH_END = regex.compile(r"\n\s*")
# The 240 paragraphs of XQuAD average 784 characters in English and 252 in Chinese, 3.1 to one.
DENSE_LETTERS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
DENSE_WEIGHT = 3
JOINS = "\u200d\ufe0f"  # joiner and variation selector, as in emoji
WHITE_SPACE = regex.compile(r"\s+")


def clean_text(text: str, characters: int) -> str:
    """`text` in NFC, stripped, encodable as UTF-8 (lone surrogates replaced), and cut to about `characters`.

    NUL, right-to-left marks, markup and the like stay: they are data.
    """
    text = text.lstrip("\ufeff \t\r\n")[: characters * 4]  # composing shortens at most so much
    if not text.isascii():
        text = nfc(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return cut_at_sentence(text.strip(), characters)


def cut_at_sentence(text: str, characters: int) -> str:
    """`text` if it has no more than `characters`, else as much of it as ends with a sentence.

    Where the second half of what may stay has no end of a sentence, the cut is after a word, else between two
    characters that are not one for the reader.
    """
    if len(text) <= characters:
        return text
    window = text[: characters + 1]
    least = characters // 2
    ends = [m.end() for p in (SENTENCE_END, PARAGRAPH_END) for m in p.finditer(window, least) if m.end() <= characters]
    if ends:
        return text[: max(ends)].rstrip()
    space = max((m.start() for m in WHITE_SPACE.finditer(window, least)), default=0)
    if space:
        return text[:space].rstrip()
    end = characters
    while end > least and (unicodedata.combining(text[end]) or text[end] in JOINS or text[end - 1] in JOINS):
        end -= 1
    return text[:end]


def text_weight(text: str) -> int:
    """Characters of a text but white space, where one of Chinese or Japanese says as much as three of others."""
    plain = len("".join(text.split()))
    return plain if text.isascii() else plain + (DENSE_WEIGHT - 1) * len(DENSE_LETTERS.findall(text))
