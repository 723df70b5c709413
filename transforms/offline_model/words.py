"""Untrusted text -> clean words: no markup, links, addresses or control characters; and which language they are in."""

from __future__ import annotations

import re
import unicodedata

import regex

LOOK_AT = 3000  # characters of a document: 100,000 documents in minutes, and the subject shows early
TAGS = re.compile(r"<(script|style)\b.{0,2000}?</\1>|<[^<>]{0,300}>", re.IGNORECASE | re.DOTALL)
ENTITIES = re.compile(r"&#?\w{1,10};|\\[nrt]")
# Links, addresses, paths, code: whatever has such a sign in it. Begins where a word does, so that it is linear.
CODE = re.compile(r"(?<!\S)(?:https?:\S*|www\.\S*|[^\s@#$_/\\=]*+[@#$_/\\=]\S*)")
# Format characters (zero-width joiners, right-to-left marks), lone surrogates, private use.
HIDDEN = re.compile(
    "[\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\uf8ff\U000e0000-\U0010ffff]+"
)
TOKEN = regex.compile(r"[\p{L}\p{M}]+(?:['’‑-][\p{L}\p{M}]+)*|\p{N}[\p{N}\p{L}.,]*|[^\s\p{L}\p{M}\p{N}]|\n")
PLAIN_TOKEN = re.compile(
    r"[^\W\d_]+(?:['’‑-][^\W\d_]+)*|\d[\w.,]*|[^\s\w]|\n"
)  # three times as fast, but splits at marks
MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u1aff\u302a-\u302f\u3099]"
)

SCRIPT_AT, SCRIPT_EVERY = 400, 3  # characters looked at for the script, and every how many
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
    head = text[:look_at].replace("\0", " ")
    if "<" in head:
        head = TAGS.sub(" . ", head)
    if "&" in head or "\\" in head:
        head = ENTITIES.sub(" ", head)
    head = CODE.sub(".", head)
    return head if head.isascii() else HIDDEN.sub("", head)


def tokens_of(text: str) -> list[str]:
    """Words, numbers, signs and line ends of a clean text."""
    return (TOKEN if MARKS.search(text) else PLAIN_TOKEN).findall(text)


def tidy(text: str) -> str:
    """`text` on one line, in composed form, without control characters."""
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return unicodedata.normalize("NFC", " ".join(printable.split()))


def script_language(text: str) -> str:
    """The likeliest language of the script that prevails in the beginning of `text`, "" for Latin or none."""
    if text[:SCRIPT_AT].isascii():
        return ""
    sample = text[:SCRIPT_AT:SCRIPT_EVERY]
    letters = sum(c.isalpha() for c in sample)
    for language, pattern in SCRIPTS:
        share = 0.1 if language == "ja" else 0.4  # Japanese mixes kana with Han
        if letters and len(pattern.findall(sample)) > share * letters:
            return language
    return ""
