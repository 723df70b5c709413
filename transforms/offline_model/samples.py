"""Short samples of the use cases, in the persona's own matter: sentences of its language, filled by rules."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.problems import MATH, NAMES, order
from persona_hub.transforms.offline_model.reading import read_persona
from persona_hub.transforms.offline_model.schema import instance
from persona_hub.transforms.offline_model.words import tidy

IDENTIFIER_WORDS = 4


class Subject:
    """What the rules know of a persona, and the slots that its samples are filled with."""

    def __init__(self, values: Mapping[str, str], task: str, number: int):
        self.book, matter = read_persona(values.get("persona", ""), values.get("language", "und"))
        self.draw = Draw(values.get("persona", ""), task, number=number)
        self.field = matter.field
        p = self.draw.pick("p", matter.phrases[:2] or self.field.topics)
        who = matter.head
        self.slots = {
            "who": who,
            "Who": who[:1].upper() + who[1:],
            "p": p,
            "P": p[:1].upper() + p[1:],
            "topic": self.draw.pick("topic", [topic for topic in self.field.topics if topic != p]),
            "aim": self.draw.pick("aim", self.field.aims),
            "name": self.draw.pick("name", NAMES),
        }

    def say(self, name: str, template: str, **more: object) -> str:
        """`template` with the slots put in."""
        return tidy(template.format_map({**self.slots, **more}))

    def pick(self, name: str) -> Any:
        """One of the sentences that the language has for `name`."""
        return self.draw.pick(name, self.book.table["samples"][name])


def math(subject: Subject) -> dict[str, str]:
    """A word problem and its answer."""
    sentences = subject.book.table["samples"]["math"]
    kind = subject.draw.pick("kind", sorted(sentences))
    numbers, answer = MATH[kind](subject.draw)
    return {"problem": subject.say(kind, sentences[kind], **numbers), "answer": answer}


def logical_reasoning(subject: Subject) -> dict[str, str]:
    """A puzzle with one solution."""
    table = subject.pick("logical_reasoning")
    slots, answer = order(subject.draw, table)
    return {"problem": subject.say("logic", table["problem"], **slots), "answer": answer}


def instruction(subject: Subject) -> dict[str, str]:
    """What this person would ask an assistant."""
    return {"instruction": subject.say("instruction", subject.pick("instruction"))}


def knowledge_text(subject: Subject) -> dict[str, str]:
    """A short article."""
    table = subject.pick("knowledge_text")
    return {"title": subject.say("title", table["title"]), "text": subject.say("text", table["text"])}


def game_npc(subject: Subject) -> dict[str, str]:
    """A character for a game: who it is, what happened, and what it says."""
    name = subject.say("full", subject.pick("game_name"))
    return {"name": name, "description": subject.say("npc", subject.pick("game_npc"))}


def tool(subject: Subject) -> dict[str, Any]:
    """An interface that this person would use."""
    table = subject.pick("tool")
    noun = identifier(subject.slots["p"]) or subject.field.name
    return {
        "name": subject.say("name", table["name"]),
        "description": subject.say("description", table["description"]),
        "function_name": f"{table['verb']}_{noun}",
        "input_args": [argument.format(noun=noun) for argument in table["input_args"]],
        "return": subject.say("return", table["return"]),
        "depend": table["depend"],
    }


def identifier(phrase: str) -> str:
    """`phrase` as part of a Python identifier, "" where it has too few Latin letters."""
    ascii_only = unicodedata.normalize("NFKD", phrase).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in ascii_only).split()
    name = "_".join(words[-IDENTIFIER_WORDS:])
    return name if len(name) > 2 else ""


USE_CASES: Mapping[str, Callable[[Subject], dict[str, Any]]] = {
    "math": math,
    "logical_reasoning": logical_reasoning,
    "instruction": instruction,
    "knowledge_text": knowledge_text,
    "game_npc": game_npc,
    "tool": tool,
}


def sample(task: str, values: Mapping[str, str], schema: str, number: int) -> str:
    """The answer to a use case; for a user's own, whatever its schema wants, else two sentences."""
    subject = Subject(values, task, number)
    if task in USE_CASES:
        return json.dumps(USE_CASES[task](subject), ensure_ascii=False)
    if schema:
        return json.dumps(instance(json.loads(schema), subject.draw, text_of(subject)), ensure_ascii=False)
    return subject.say("plain", subject.pick("plain"))


def text_of(subject: Subject) -> Callable[[str], str]:
    """Texts for the fields of a schema: another one for each name."""

    def text(name: str) -> str:
        return subject.say(name, subject.draw.pick(name, subject.book.table["samples"]["plain"]))

    return text
