"""Untrusted text -> clean words: no markup, links, addresses or control characters; and which language they are in."""

from __future__ import annotations

import unicodedata

import regex

LOOK_AT = 3000  # characters of a document: 100,000 documents in minutes, and the subject shows early
MARKUP = regex.compile(
    r"<(?:script|style)\b.{0,2000}?</(?:script|style)>|<[^<>]{0,300}>|&#?\w{1,10};|\b(?:https?|ftp)://\S+|\bwww\.\S+"
    r"|[^\s@]{1,64}@[^\s@]{1,64}\.\S+|[#@]\w+|\\[nrt]|\$\w+|\S*[_/\\=]\S*",
    regex.IGNORECASE | regex.DOTALL,
)
HIDDEN = regex.compile(r"[\p{Cf}\p{Cs}\p{Co}\p{Cn}]+")  # zero-width joiners, right-to-left marks, lone surrogates
TOKEN = regex.compile(r"[\p{L}\p{M}]+(?:['’‑-][\p{L}\p{M}]+)*|\p{N}[\p{N}\p{L}.,]*|[^\s\p{L}\p{M}\p{N}]|\n")

SCRIPTS = (
    ("ja", regex.compile(r"[\p{Hiragana}\p{Katakana}]")),
    ("ko", regex.compile(r"\p{Hangul}")),
    ("th", regex.compile(r"\p{Thai}")),
    ("ar", regex.compile(r"\p{Arabic}")),
    ("hi", regex.compile(r"\p{Devanagari}")),
    ("ru", regex.compile(r"\p{Cyrillic}")),
    ("el", regex.compile(r"\p{Greek}")),
    ("he", regex.compile(r"\p{Hebrew}")),
    ("zh", regex.compile(r"\p{Han}")),
)


def clean(text: str, look_at: int = LOOK_AT) -> str:
    """The beginning of `text` without markup, links, addresses, code-like and hidden characters."""
    head = text[:look_at].replace("\0", " ").replace("\xad", "")
    return HIDDEN.sub("", MARKUP.sub(" . ", head))


def tidy(text: str) -> str:
    """`text` on one line, in composed form, without control characters."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return unicodedata.normalize("NFC", " ".join(printable.split()))


def script_language(text: str) -> str:
    """The likeliest language of the script that prevails in the beginning of `text`, "" for Latin or none."""
    head = text[:400]
    letters = sum(c.isalpha() for c in head)
    for language, pattern in SCRIPTS:
        share = 0.1 if language == "ja" else 0.4  # Japanese mixes kana with Han
        if letters and len(pattern.findall(head)) > share * letters:
            return language
    return ""
