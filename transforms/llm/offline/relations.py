"""Who is in close relationship with a persona: another role, the same matter, one step further into society."""

from __future__ import annotations

import re
from collections.abc import Mapping

from transforms.llm.offline.draw import Draw
from transforms.llm.offline.key_phrases import key_phrases
from transforms.llm.offline.personas import language_to_write, sentence
from transforms.llm.offline.phrasebook import Field, Phrasebook, field_of, phrasebook
from transforms.llm.offline.words import TOKEN, clean

HEAD = re.compile(
    r"^(?:an?|the)\s+(.{3,70}?)(?=,|\.|;| (?:who|whose|with|that|and|in|at|from|to|for|of|on|by|married|trying|preparing|looking|known|working|focus\w+|speciali\w+|interested|responsible|dedicated|passionate)\b|$)",
    re.I,
)
HEAD_WORDS = 6


def expand_persona(values: Mapping[str, str], number: int) -> dict[str, str]:
    """A relation and the persona at its other end."""
    text = values.get("persona", "")
    book = phrasebook(language_to_write(values))
    draw = Draw(text, number=number)
    head, rest = head_of(text)
    tokens = TOKEN.findall(clean(rest))
    words = [token.casefold() for token in TOKEN.findall(clean(text)) if token[0].isalpha()]
    field = field_of(words, book)
    relation = draw.pick("relation", book.sentences("relations"))
    phrases = key_phrases(tokens, book.stop, book.cues)[:2]
    target = field_at(draw, book, field, relation["field"])
    persona = sentence(draw, book, target, relation["persona"], phrases, parent=head)
    return {"relation": relation["relation"], "persona": persona}


def head_of(text: str) -> tuple[str, str]:
    """("a ward nurse", " who ...") of a persona: who it is in a few words, and the rest."""
    found = HEAD.match(text.strip())
    if not found:
        return "a neighbour", text
    words = found.group(1).split()[-HEAD_WORDS:]
    article = "an" if words[0][0].lower() in "aeio" else "a"
    return f"{article} {' '.join(words)}", text.strip()[found.end() :]


def field_at(draw: Draw, book: Phrasebook, field: Field, where: str) -> Field:
    """The field at the other end: the same, a given one, or any other."""
    if where == "same":
        return field
    if where != "any":
        return book.fields[where]
    return book.fields[draw.pick("field", sorted(set(book.fields) - {field.name, "general"}))]
