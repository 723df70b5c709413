"""Personas: somebody in the field of a document, busy with its key phrases; and who is close to such a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.phrasebook import Field, Phrasebook, Sentence, entries
from persona_hub.transforms.offline_model.reading import Matter, book_for, on_one_line, read_document, read_persona

BEST = 3  # key phrases of which one becomes the subject
LEARNERS = ("student", "undergraduate", "trainee", "apprentice", "retire", "first-", "amateur", "newly", "former")


def extract_persona(values: Mapping[str, str], number: int) -> dict[str, str]:
    """Who is likely to read, write, like or dislike (`ask`) the `text`."""
    text, ask, language, wanted = (values[name] for name in ("text", "ask", "language", "persona_language"))
    book = book_for(language if wanted == "same" else wanted)
    matter = read_document(text, language, book)
    draw = Draw(text, ask, wanted, number=number)
    return {"persona": persona(draw, book, matter.field, book.ask[ask], matter)}


def expand_persona(values: Mapping[str, str], number: int) -> dict[str, str]:
    """A relation of the `persona`, and who is at its other end: another role, the same matter."""
    book, matter = read_persona(values["persona"], values["language"])
    draw = Draw(values["persona"], number=number)
    relation = draw.pick("relation", book.relations)
    field = field_at(draw, book, matter.field, relation.field)
    subject = matter.phrases[:1] if draw.whole("wander", 5) else matter.phrases[1:2] or matter.phrases
    narrowed = matter._replace(phrases=subject)
    return {"relation": relation.name, "persona": persona(draw, book, field, relation.sentences, narrowed)}


def field_at(draw: Draw, book: Phrasebook, field: Field, where: str) -> Field:
    """The field at the other end of a relation: the same, a given one, or any other."""
    if where == "same":
        return field
    if where != "any":
        return book.fields[where]
    return book.fields[draw.pick("field", [name for name in book.fields if name not in (field.name, "general")])]


def persona(draw: Draw, book: Phrasebook, field: Field, sentences: Sequence[Sentence], matter: Matter) -> str:
    """Somebody of `field` in one of `sentences`, on the `matter` of a document or of another persona (`head`)."""
    topics = field.topics
    p = draw.pick("p", matter.phrases[:BEST] or topics)
    others = [phrase for phrase in matter.phrases[: 2 * BEST] if phrase != p]
    q = draw.pick("q", others or [topic for topic in topics if topic != p])
    roles = field.pros if draw.whole("who", 5) < 3 else field.lay
    role = draw.pick("role", [role for role in roles if role not in matter.head] or roles)
    who = indefinite(book, seasoned(draw, book, role))
    slots = {
        "role": who,
        "Role": who[:1].upper() + who[1:],
        "p": p,
        "q": q,
        "topic": draw.pick("topic", [topic for topic in topics if topic not in (p, q)] or topics),
        "aim": draw.pick("aim", field.aims),
        "parent": matter.head,
    }
    return on_one_line(draw.pick("template", sentences).fill(slots, book.feminine(role)))


def seasoned(draw: Draw, book: Phrasebook, role: str) -> str:
    """`role`, in two cases of five with a word on the stage of life: "retired", "newly qualified"."""
    stages = book.table.get("seniority")
    if not stages or draw.whole("seasoned", 5) > 1 or any(learner in role for learner in LEARNERS):
        return role
    return f"{draw.pick('seniority', entries(stages))} {role}"


def indefinite(book: Phrasebook, role: str) -> str:
    """`role` with its article; other languages carry theirs in the tables."""
    if book.language != "en":
        return role
    return f"{'an' if role[0].lower() in 'aeio' else 'a'} {role}"
