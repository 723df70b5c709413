"""One way to write each character: digits, minus signs, blanks, powers and fractions of many scripts to ASCII.

Unicode's NFKC is no help here: it makes 52 of 5² and 11/2 of 1½.
"""

from __future__ import annotations

import re
import unicodedata

SPACE = "\u00a0"  # a blank that groups digits, of whatever width: it never parts two values
GROUPING_BLANKS = "\u00a0\u2007\u2009\u202f\u2008"
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ⁽⁾", "0123456789+-n()")
SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ⁽⁾]+")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SUBSCRIPT_RUN = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
ASCII_FORMS = str.maketrans(
    {
        **dict.fromkeys("−‐‑‒–—﹣－", "-"),
        **dict.fromkeys("’‘ʼ＇`´", "'"),
        **dict.fromkeys("“”„«»＂", '"'),
        **dict.fromkeys("⁄∕／", "/"),
        **dict.fromkeys("·⋅∙•＊∗", "*"),
        **dict.fromkeys("×✕✖", "×"),
        **dict.fromkeys("٫", "."),
        **dict.fromkeys("、", ", "),
        **dict.fromkeys("，", ","),
        **dict.fromkeys("。．", "."),
        **dict.fromkeys("：∶", ":"),
        **dict.fromkeys("；", ";"),
        **dict.fromkeys("【〔", "["),
        **dict.fromkeys("】〕", "]"),
        "≤": "<=",
        "≥": ">=",
        "⩽": "<=",
        "⩾": ">=",
        "≦": "<=",
        "≧": ">=",
        "≠": "!=",
        "÷": "/",
        "％": "%",
        "﹪": "%",
        "￥": "¥",
        "µ": "μ",
        "º": "°",
        "\t": " ",
        "\n": " ",
        "\r": " ",
        "\u3000": " ",
        **dict.fromkeys(GROUPING_BLANKS, SPACE),
    }
)
# What changes how a text looks, or is not seen: a text that is turned round may show another number than it holds.
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f]")
CASE_MATTERS = 3  # letters up to which capitals are meant
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def plain_characters(text: str) -> str | None:
    """`text` with ASCII digits and signs; None where what is seen may not be what is there."""
    if text.isascii():
        return None if CONTROLS.search(text) else text.translate(ASCII_FORMS)
    if DIRECTIONS.search(text) or CONTROLS.search(text):
        return None
    text = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = SUPERSCRIPT_RUN.sub(lambda run: f"^({run[0].translate(SUPERSCRIPTS)})", text)
    text = SUBSCRIPT_RUN.sub(lambda run: f"_{{{run[0].translate(SUBSCRIPTS)}}}", text)
    return "".join(map(_plain, text)).translate(ASCII_FORMS)


def plain_case(text: str) -> str:
    """A text with one blank between words, and those of more than three letters in small ones: CO is not Co."""
    words = text.split()
    return " ".join(word if len(word) <= CASE_MATTERS or not word.isalpha() else word.casefold() for word in words)


def _plain(character: str) -> str:
    """One character; a fraction such as ½ is parted from the number before it."""
    if character < "\x80":
        return character
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) == "No" and "\u2044" in unicodedata.normalize("NFKC", character):
        return f" {unicodedata.normalize('NFKC', character)}".replace("\u2044", "/")
    return character
