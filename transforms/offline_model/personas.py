"""A persona from a document: somebody of the field that its cue words point to, busy with its key phrases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.phrasebook import Field, Phrasebook
from persona_hub.transforms.offline_model.reading import Matter, book_for, language_of, read_document
from persona_hub.transforms.offline_model.sentences import Sentence
from persona_hub.transforms.offline_model.words import clean, tidy

BEST = 3  # key phrases of which one becomes the subject
LEARNERS = ("student", "undergraduate", "trainee", "apprentice", "retire", "first-", "amateur", "newly", "former")


def extract_persona(values: Mapping[str, str], number: int) -> dict[str, str]:
    """Who is likely to read, write, like or dislike (`ask`) the `text`."""
    text, ask, wanted = values.get("text", ""), values.get("ask", "read"), values.get("persona_language", "same")
    cleaned = clean(text)
    language = language_of(cleaned, values.get("language", "und"))
    book = book_for(language, wanted)
    matter = read_document(cleaned, language, book)
    draw = Draw(text, ask, wanted, number=number)
    templates = book.ask.get(ask) or book.ask["read"]
    return {"persona": persona(draw, book, matter.field, templates, matter)}


def persona(draw: Draw, book: Phrasebook, field: Field, templates: Sequence[Sentence], matter: Matter) -> str:
    """Somebody of `field` in one of `templates`, on the `matter` of a document or of another persona (`head`)."""
    topics = [topic for topic in field.topics if topic not in matter.phrases]
    p, q = two_phrases(draw, matter.phrases, topics)
    roles = field.pros if draw.whole("who", 5) < 3 else field.lay
    role = draw.pick("role", [role for role in roles if role not in matter.head] or roles)
    who = indefinite(book, seasoned(draw, book, role))
    filled = draw.pick("template", templates).fill(
        {
            "role": who,
            "Role": who[:1].upper() + who[1:],
            "p": p,
            "q": q,
            "topic": draw.pick("topic", [topic for topic in topics if topic not in (p, q)] or topics),
            "aim": draw.pick("aim", field.aims),
            "parent": matter.head,
        },
        book.feminine(role),
    )
    return tidy(filled)


def two_phrases(draw: Draw, phrases: Sequence[str], topics: Sequence[str]) -> tuple[str, str]:
    """What the sentence is about and what it touches: key phrases as far as there are, else topics of the field."""
    p = draw.pick("p", phrases[:BEST] or topics)
    rest = [phrase for phrase in phrases[: 2 * BEST] if phrase != p] or [topic for topic in topics if topic != p]
    return p, draw.pick("q", rest)


def seasoned(draw: Draw, book: Phrasebook, role: str) -> str:
    """`role`, in two cases of five with a word on the stage of life: "retired", "newly qualified"."""
    if not book.seniority or draw.whole("seasoned", 5) > 1 or any(learner in role for learner in LEARNERS):
        return role
    return f"{draw.pick('seniority', book.seniority)} {role}"


def indefinite(book: Phrasebook, role: str) -> str:
    """`role` with its article; other languages carry theirs in the tables."""
    if book.language != "en":
        return role
    return f"{'an' if role[0].lower() in 'aeio' or role.startswith(('unc', 'und', 'ush')) else 'a'} {role}"
