"""Stop words by language: our own for the languages with phrase tables, jusText's for the others."""

from __future__ import annotations

from functools import cache
from importlib import resources

from persona_hub.transforms.offline_model.phrasebook import LANGUAGES, phrasebook

JUSTEXT = {
    "af": "Afrikaans", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da":
    "Danish", "el": "Greek", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "ga": "Irish",
    "gl": "Galician", "gu": "Gujarati", "he": "Hebrew", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian",
    "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ka": "Georgian", "kk": "Kazakh", "ko": "Korean",
    "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "mr": "Marathi", "ms": "Malay", "nb":
    "Norwegian_Bokmal", "nn": "Norwegian_Nynorsk", "nl": "Dutch", "pl": "Polish", "ro": "Romanian", "sk":
    "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta":
    "Tamil", "te": "Telugu", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi":
    "Vietnamese", "yo": "Yoruba",
}  # fmt: skip
MOST = 600  # lists drawn from small corpora run to thousands and hold the very nouns that we look for


@cache
def stop_words(language: str) -> frozenset[str]:
    """Lower-case words that no key phrase of `language` begins, ends or holds; none for a language unheard of."""
    if language in LANGUAGES:
        table = phrasebook(language).table
        verbs = table.get("verbs", "").split()
        return frozenset(table["stop"].split()) | frozenset(verbs) | frozenset(third_person(verb) for verb in verbs)
    if language not in JUSTEXT:
        return frozenset()
    listed = resources.files("justext") / "stoplists" / f"{JUSTEXT[language]}.txt"
    return frozenset(listed.read_text("utf-8").lower().split()[:MOST])


def third_person(verb: str) -> str:
    """English verbs stand in the table in their plain form: "seeks" of "seek"."""
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
