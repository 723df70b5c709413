"""Short samples of the use cases, in the persona's own matter: sentences of its language, filled by rules."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Container, Mapping
from itertools import cycle
from typing import Any

from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.functions import example_calls, parameters_of, weighted_sum
from persona_hub.transforms.offline_model.problems import NAMES, order_puzzle, word_problem
from persona_hub.transforms.offline_model.reading import on_one_line, read_persona
from persona_hub.transforms.offline_model.schema import instance

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।؟])\s*")
ARABIC_LETTER = re.compile("[\u0620-\u064a]")
NAME_CHARACTERS = 64  # of a function: what interfaces for function calling take


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

    def answer(self, task: str, wanted: Container[str] = ()) -> dict[str, Any] | None:
        """The fields of an answer to a use case of ours, in the form that has those `wanted`; None for a user's own."""
        match task:
            case "math":
                sentences = self.book.table["samples"]["math"]
                kind = self.draw.pick("kind", sorted(sentences))
                found = word_problem(kind, self.draw)
                problem = self.fill(sentences[kind], **found.numbers)
                return {"problem": problem, "solution": found.program, "answer": str(found.answer)}
            case "logical_reasoning":
                table = self.pick(task)
                slots, program, answer = order_puzzle(self.draw, table)
                return {"problem": self.fill(table["problem"], **slots), "program": program, "answer": answer}
            case "instruction":
                return self.instruction(wanted)
            case "knowledge_text":
                return self.knowledge_text(wanted)
            case "game_npc":
                table = self.pick(task)
                character = {
                    key: [self.fill(line) for line in value] if key == "dialogue" else self.fill(value)
                    for key, value in table.items()
                }
                return {"name": self.fill(self.pick("game_name")), **character}
            case "tool":
                return self.tool(wanted)
        return None

    def instruction(self, wanted: Container[str]) -> dict[str, Any]:
        """A message; with an answer, or in a conversation."""
        asked, said = self.messages(), self.sentences()
        if "turns" in wanted:
            half = (len(said) + 1) // 2
            turns = [asked[0], " ".join(said[:half]), asked[1], " ".join(said[half:])]
            return {"turns": [{"role": ("user", "assistant")[i % 2], "text": text} for i, text in enumerate(turns)]}
        return {"instruction": asked[0], **({"answer": " ".join(said)} if "answer" in wanted else {})}

    def knowledge_text(self, wanted: Container[str]) -> dict[str, Any]:
        """A text; in the form of questions and answers, of a table, or of steps."""
        table = self.pick("knowledge_text")
        title, said = self.fill(table["title"]), self.sentences()
        if "questions" in wanted:
            asked = zip(self.messages(), said, strict=False)
            return {"title": title, "questions": [{"question": one, "answer": other} for one, other in asked]}
        if "rows" in wanted:
            rows = [[topic, aim] for topic, aim in zip(self.field.topics, cycle(self.field.aims), strict=False)][:4]
            columns = [self.slots["P"], self.slots["who"]]
            return {"title": title, "text": " ".join(said), "columns": columns, "rows": rows}
        if "steps" in wanted:
            steps = [{"heading": one, "text": other} for one, other in zip(self.messages(), said[1:], strict=False)]
            return {"title": title, "goal": said[0], "steps": steps}
        return {"title": title, "text": self.fill(table["text"])}

    def messages(self) -> list[str]:
        """The messages that the language has, another one first for another number."""
        templates = self.book.table["samples"]["instruction"]
        first = self.draw.whole("instruction", len(templates))
        return [self.fill(template) for template in (*templates[first:], *templates[:first])]

    def sentences(self) -> list[str]:
        """The sentences of a text."""
        text = self.fill(self.pick("knowledge_text")["text"])
        return [part.strip() for part in SENTENCE_END.split(text) if part.strip()]

    def tool(self, wanted: Container[str]) -> dict[str, Any]:
        """A function; with a program, or with calls."""
        table = self.pick("tool")
        noun, matter = identifier(self.slots["p"]) or self.field.name, self.slots["p"]
        description = " ".join([self.fill(table["description"]), self.fill(table["return"])])
        if "implementation" in wanted:
            made = weighted_sum(noun, matter, self.draw)
            return {"name": made.pop("name"), "description": description, **made}
        parameters = parameters_of([argument.format(noun=noun) for argument in table["input_args"]], matter)
        calls = {"calls": example_calls(parameters, self.messages()[:3], matter)} if "calls" in wanted else {}
        name = f"{table['verb']}_{noun}"[:NAME_CHARACTERS].rstrip("_")
        return {"name": name, "description": description, "parameters": parameters, **calls}


def identifier(phrase: str) -> str:
    """The last words of `phrase` as part of a Python identifier, "" where it has too few Latin letters."""
    ascii_only = unicodedata.normalize("NFKD", phrase).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in ascii_only).split()
    name = "_".join(words[-4:])
    return name if len(name) > 2 else ""


def sample_answer(task: str, values: Mapping[str, str], schema: str, number: int) -> str:
    """The answer to a use case; for a user's own, whatever its schema asks for, else a sentence."""
    sampler = Sampler(values, task, number)
    wanted = json.loads(schema) if schema else {}
    answer: Any = sampler.answer(task, wanted.get("properties", {}))
    if answer is None and not schema:
        return sampler.fill(sampler.pick("plain"))
    if answer is None:
        answer = instance(
            wanted, sampler.draw, lambda name: field_text(name, sampler.fill(sampler.pick("plain", name)))
        )
    return json.dumps(answer, ensure_ascii=False)


def field_text(name: str, text: str) -> str:
    """`text` for a field of a user's own schema: that of a field called `question` ends with a question mark.

    Users' checks look for one: without it none of 60 samples of examples/use_case.yaml was kept.

    >>> field_text(".question", "Look at tides.")
    'Look at tides?'
    """
    if name.rpartition(".")[2] != "question":
        return text
    bare = text.rstrip(".。।")
    mark = "？" if text.endswith("。") else "؟" if ARABIC_LETTER.search(bare) else "?"
    return bare + mark
