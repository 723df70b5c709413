"""A persona that addresses its reader, in English, as one that does not: "You are a nurse." is "A nurse."."""

from __future__ import annotations

import regex

YOU_ARE = regex.compile(r"you(?: are|['’]re) (?=(?:an?|the|one) )", regex.IGNORECASE)
# "You" as the subject: at the beginning of a sentence or clause, or with its verb drawn together.
SUBJECT = regex.compile(
    r"(?:(?<=^|[.!?;:,–—] )you|(?<=\b(?:and|but|or|so|that|when|whenever|where|if|because|as|while|what|how|which"
    r"|who|whom|since|before|after|until|though|although) )you|you(?=['’](?:re|ve|ll|d)\b))\b",
    regex.IGNORECASE,
)
POSSESSIVE = {"your": "their", "yours": "theirs", "yourself": "themselves", "yourselves": "themselves"}
OF_YOU = regex.compile(r"\b(?:your(?:s|self|selves)?)\b", regex.IGNORECASE)
YOU = regex.compile(r"\byou", regex.IGNORECASE)


def in_third_person(text: str) -> str:
    """What "You are a ..." says of somebody else; "" where that is not sure.

    English has one form of the verb for "you" and "they"; "you" as an object, after a verb or a preposition, cannot be
    told from a subject everywhere, and is not turned.

    >>> in_third_person("You are a sign language tutor. You help parents.")
    'A sign language tutor. They help parents.'
    """
    found = YOU_ARE.match(text)
    if found is None:
        return ""
    rest = text[found.end() :]
    rest = rest[:1].upper() + rest[1:]
    rest = SUBJECT.sub(lambda you: like("they", you[0]), rest)
    rest = OF_YOU.sub(lambda your: like(POSSESSIVE[your[0].lower()], your[0]), rest)
    return "" if YOU.search(rest) else rest


def like(word: str, other: str) -> str:
    """`word` with a capital if `other` has one."""
    return word.capitalize() if other[0].isupper() else word
