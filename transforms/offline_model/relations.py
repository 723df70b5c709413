"""Who is in close relationship with a persona: another role, the same matter, one step further into society."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.personas import persona
from persona_hub.transforms.offline_model.phrasebook import Field, Phrasebook
from persona_hub.transforms.offline_model.reading import read_persona


def expand_persona(values: Mapping[str, str], number: int) -> dict[str, str]:
    """A relation and the persona at its other end."""
    text = values.get("persona", "")
    book, matter = read_persona(text, values.get("language", "und"))
    draw = Draw(text, number=number)
    relation = draw.pick("relation", book.relations)
    field = field_at(draw, book, matter.field, relation.field)
    subject = matter.phrases[:1] if draw.whole("wander", 5) else matter.phrases[1:2] or matter.phrases
    narrowed = replace(matter, phrases=subject)
    return {"relation": relation.name, "persona": persona(draw, book, field, relation.sentences, narrowed)}


def field_at(draw: Draw, book: Phrasebook, field: Field, where: str) -> Field:
    """The field at the other end: the same, a given one, or any other."""
    if where == "same":
        return field
    if where != "any":
        return book.fields[where]
    return book.fields[draw.pick("field", [name for name in book.fields if name not in (field.name, "general")])]
