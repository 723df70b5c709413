"""The words of a persona that may tell what a cluster is about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import pairwise

import regex

from persona_hub.transforms.normal_forms import nfkc

# Languages whose most frequent words jusText lists; the most frequent first.
STOP_LISTS = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian_Bokmal", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian",
    "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "vi": "Vietnamese",
}  # fmt: skip
STOP_WORDS = 120  # of a list: further down stand "school" and "music"
TEXT_CHARACTERS = 2000  # of a persona that are looked at
LEAST_LETTERS = 3
GRAMS = (2, 3, 4)  # characters of a word where none parts words

# Words that any persona may have, whatever it is about.
PERSONA_WORDS = {
    "en": "person individual someone somebody who whose whom like likes loves love enjoys enjoy interested interest "
    "passionate enthusiast enthusiasts avid looking look wants want needs need named years old year based working "
    "works worked work make makes making help helps using uses use way things lot spends often always never "
    "really also just get gets even ever around every each own both regularly frequently "
    "responsible known big unique experience experienced studies studying woman man women men "
    "blend blends blending balance balances balancing channels fuses melds leverages combines pairs turns turning "
    "juggles juggling keeps keeping "
    "don't doesn't can't i'm it's he's she's",
    "de": "person jemand mensch die der das sich für gern gerne mag liebt interessiert",
    "es": "persona alguien que interesado interesada apasionado apasionada",
    "fr": "personne quelqu'un qui passionné passionnée intéressé intéressée",
}

SPACED_WORD = regex.compile(r"[\p{L}\p{M}][\p{L}\p{M}\p{N}]*(?:['’\-][\p{L}\p{M}\p{N}]+)*")
NO_SPACES = regex.compile(r"[\p{Han}\p{Katakana}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]")
UNPARTED = regex.compile(r"[\p{Katakana}ー]{2,12}|\p{Han}{2,}|(?:[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*){2,}")
GRAPHEME = regex.compile(r"\X")
HAN_STOP = regex.compile(
    r"[的了是在和与及或也都就而但不被把将从对为以于到向由使让给这那其之个们所着过得地他她它我你您有会能可要很更最还又只如若"
    r"等并因则且吗呢吧啊一位名人者]"
)


@cache
def stop_words(language: str) -> frozenset[str]:
    """Lower-case words that tell nothing; none for a language unheard of."""
    own = frozenset(PERSONA_WORDS.get(language, "").split())
    if language not in STOP_LISTS:
        return own
    words = (resources.files("justext") / "stoplists" / f"{STOP_LISTS[language]}.txt").read_text("utf-8")
    return own | frozenset(words.lower().split()[:STOP_WORDS])


def words_for_labels(text: str, language: str) -> list[str]:
    """The words of a text, in lower case, in their order; "" where something else stands between two, as stop words do.

    Of scripts that part no words: runs of katakana, and of others every run of 2 to 4 characters, each once.
    """
    text = nfkc(text[:TEXT_CHARACTERS]).lower().replace("’", "'")
    stop = stop_words(language)
    words, end = [], 0
    for match in SPACED_WORD.finditer(text):
        if text[end : match.start()] != " ":
            words.append("")
        word = match[0].removesuffix("'s")
        kept = len(word) >= LEAST_LETTERS and word not in stop and not NO_SPACES.search(word)
        words.append(word if kept else "")
        end = match.start() + len(word)
    for run in sorted(unspaced_words(text)) if NO_SPACES.search(text) else ():
        words += ["", run]
    return words


def pairs_of(words: Sequence[str]) -> set[str]:
    """Words that stand side by side, as they are written: "high school"."""
    return {f"{one} {other}" for one, other in pairwise(words) if one and other}


def terms_of(text: str, language: str) -> set[str]:
    """All of a text that a label may show."""
    words = words_for_labels(text, language)
    return {word for word in words if word} | pairs_of(words)


def unspaced_words(text: str) -> set[str]:
    """Runs of characters that may be words."""
    found: set[str] = set()
    for run in UNPARTED.findall(HAN_STOP.sub(" ", text)):
        if regex.match(r"[\p{Katakana}ー]", run):
            found.add(run)
            continue
        characters = GRAPHEME.findall(run)
        for length in GRAMS:
            found.update("".join(characters[i : i + length]) for i in range(len(characters) - length + 1))
    return found
