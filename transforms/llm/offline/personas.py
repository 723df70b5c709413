"""A persona from a document: somebody of the field that its cue words point to, busy with its key phrases."""

from __future__ import annotations

from collections.abc import Mapping

from transforms.llm.offline.draw import Draw
from transforms.llm.offline.key_phrases import key_phrases
from transforms.llm.offline.phrasebook import LANGUAGES, Field, Phrasebook, field_of, phrasebook
from transforms.llm.offline.words import TOKEN, clean, tidy

LEARNERS = ("student", "undergraduate", "trainee", "apprentice", "retired", "retiree", "first-", "amateur", "newly")


def extract_persona(values: Mapping[str, str], number: int) -> dict[str, str]:
    """Who is likely to read, write, like or dislike (`ask`) the `text`."""
    text, ask = values.get("text", ""), values.get("ask", "read")
    book = phrasebook(language_to_write(values))
    draw = Draw(text, ask, values.get("persona_language", ""), number=number)
    tokens = TOKEN.findall(clean(text))
    words = [token.casefold() for token in tokens if token[0].isalpha()]
    field = field_of(words, book)
    phrases = key_phrases(tokens, book.stop, book.cues)
    sentences = book.sentences("ask")
    return {"persona": sentence(draw, book, field, sentences.get(ask, sentences["read"]), phrases)}


def language_to_write(values: Mapping[str, str]) -> str:
    """The language of the answer: as asked, else the document's, else English."""
    wanted = values.get("persona_language", "same")
    language = values.get("language", "und") if wanted in ("", "same") else wanted
    return language if language in LANGUAGES else "en"


def sentence(
    draw: Draw,
    book: Phrasebook,
    field: Field,
    templates: list[str],
    phrases: list[str],
    parent: str = "",
    only_pros: bool = False,
) -> str:
    """One of `templates`, filled: who it is, what about, to which end."""
    topics = [topic for topic in field.topics if topic not in phrases]
    topic = draw.pick("topic", topics)
    p, q = two_phrases(draw, phrases, topics)
    role = draw.pick("role", field.pros if only_pros or draw.whole("who", 5) < 3 else field.lay)
    role = indefinite(book, seasoned(draw, book, role))
    template = draw.pick("template", templates)
    filled = template.format(
        role=role,
        Role=role[:1].upper() + role[1:],
        p=p,
        q=q,
        topic=topic,
        aim=draw.pick("aim", field.aims),
        parent=parent,
    )
    return tidy(filled)


def two_phrases(draw: Draw, phrases: list[str], topics: list[str]) -> tuple[str, str]:
    """What the sentence is about and what it touches: key phrases as far as there are, else topics of the field."""
    if not phrases:
        first = draw.pick("p", topics)
        return first, draw.pick("q", [topic for topic in topics if topic != first] or topics)
    p = draw.pick("p", phrases[:3])
    rest = [phrase for phrase in phrases[:6] if phrase != p] or topics
    return p, draw.pick("q", rest)


def seasoned(draw: Draw, book: Phrasebook, role: str) -> str:
    """`role`, in two cases of five with a word on the stage of life: "retired", "newly qualified"."""
    words = book.table.get("seniority", "")
    if not words or draw.whole("seasoned", 5) > 1 or any(learner in role for learner in LEARNERS):
        return role
    return f"{draw.pick('seniority', words.split('; '))} {role}"


def indefinite(book: Phrasebook, role: str) -> str:
    """`role` with its article; other languages carry theirs in the tables."""
    if book.language != "en":
        return role
    return f"{'an' if role[0].lower() in 'aeio' or role.startswith(('unc', 'und', 'ush')) else 'a'} {role}"
