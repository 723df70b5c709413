"""Short samples of the use cases, in the persona's own matter: sentences of its language, filled by rules."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.problems import NAMES, order_puzzle, word_problem
from persona_hub.transforms.offline_model.reading import on_one_line, read_persona
from persona_hub.transforms.offline_model.schema import instance


class Sampler:
    """What the rules know of a persona, and the slots that its samples are filled with."""

    def __init__(self, values: Mapping[str, str], task: str, number: int):
        self.book, matter = read_persona(values["persona"], values["language"])
        self.draw = Draw(values["persona"], task, number=number)
        self.field, who = matter.field, matter.head
        p = self.draw.pick("p", matter.phrases[:2] or self.field.topics)
        self.slots = {
            "who": who,
            "Who": who[:1].upper() + who[1:],
            "p": p,
            "P": p[:1].upper() + p[1:],
            "topic": self.draw.pick("topic", [topic for topic in self.field.topics if topic != p]),
            "aim": self.draw.pick("aim", self.field.aims),
            "name": self.draw.pick("name", NAMES),
        }

    def fill(self, template: str, **more: object) -> str:
        """`template` with the slots put in."""
        return on_one_line(template.format_map({**self.slots, **more}))

    def pick(self, name: str, by: str = "") -> Any:
        """One of the sentences that the language has for `name`; another one for another `by`."""
        return self.draw.pick(by or name, self.book.table["samples"][name])

    def answer(self, task: str) -> dict[str, Any] | None:
        """The fields of an answer to a use case of ours; None for a user's own."""
        match task:
            case "math":
                sentences = self.book.table["samples"]["math"]
                kind = self.draw.pick("kind", sorted(sentences))
                numbers, result = word_problem(kind, self.draw)
                return {"problem": self.fill(sentences[kind], **numbers), "answer": str(result)}
            case "logical_reasoning":
                table = self.pick(task)
                slots, answer = order_puzzle(self.draw, table)
                return {"problem": self.fill(table["problem"], **slots), "answer": answer}
            case "instruction":
                return {"instruction": self.fill(self.pick(task))}
            case "knowledge_text":
                table = self.pick(task)
                return {"title": self.fill(table["title"]), "text": self.fill(table["text"])}
            case "game_npc":
                return {"name": self.fill(self.pick("game_name")), "description": self.fill(self.pick(task))}
            case "tool":
                table = self.pick(task)
                noun = identifier(self.slots["p"]) or self.field.name
                return {
                    "name": self.fill(table["name"]),
                    "description": self.fill(table["description"]),
                    "function_name": f"{table['verb']}_{noun}",
                    "input_args": [argument.format(noun=noun) for argument in table["input_args"]],
                    "return": self.fill(table["return"]),
                    "depend": table["depend"],
                }
        return None


def identifier(phrase: str) -> str:
    """The last words of `phrase` as part of a Python identifier, "" where it has too few Latin letters."""
    ascii_only = unicodedata.normalize("NFKD", phrase).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in ascii_only).split()
    name = "_".join(words[-4:])
    return name if len(name) > 2 else ""


def sample_answer(task: str, values: Mapping[str, str], schema: str, number: int) -> str:
    """The answer to a use case; for a user's own, whatever its schema asks for, else a sentence."""
    sampler = Sampler(values, task, number)
    answer: Any = sampler.answer(task)
    if answer is None and not schema:
        return sampler.fill(sampler.pick("plain"))
    if answer is None:
        answer = instance(json.loads(schema), sampler.draw, lambda name: sampler.fill(sampler.pick("plain", name)))
    return json.dumps(answer, ensure_ascii=False)
