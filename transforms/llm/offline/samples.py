"""Short samples of the use cases, in the persona's own matter, from rules."""

from __future__ import annotations

import json
from collections.abc import Mapping

from transforms.llm.offline.draw import Draw
from transforms.llm.offline.key_phrases import key_phrases
from transforms.llm.offline.personas import language_to_write
from transforms.llm.offline.phrasebook import Field, Phrasebook, field_of, phrasebook
from transforms.llm.offline.relations import head_of
from transforms.llm.offline.words import TOKEN, clean, tidy

NAMES = ("Mirela", "Tobin", "Asha", "Caddoc", "Yorva", "Nimue", "Oskan", "Leontes", "Sable", "Ruvin", "Ilka", "Dorrin")


class Subject:
    """What the rules know of a persona."""

    def __init__(self, values: Mapping[str, str], task: str, number: int):
        self.text = tidy(values.get("persona", ""))[:1000]
        self.book: Phrasebook = phrasebook(language_to_write(values))
        self.draw = Draw(self.text, task, number=number)
        self.head, rest = head_of(self.text)
        tokens = TOKEN.findall(clean(self.text))
        self.field: Field = field_of([t.casefold() for t in tokens if t[0].isalpha()], self.book)
        self.phrases = key_phrases(TOKEN.findall(clean(rest)), self.book.stop, self.book.cues)
        self.p = self.draw.pick("p", self.phrases[:2] or self.field.topics)
        self.topic = self.draw.pick("topic", [t for t in self.field.topics if t != self.p])


def math(subject: Subject) -> dict[str, str]:
    """A word problem and its answer."""
    draw, who, p = subject.draw, subject.head, subject.p
    n, each, more = 3 + draw.whole("n", 18), 4 + draw.whole("each", 36), 2 + draw.whole("more", 29)
    share = 2 + draw.whole("share", 7)
    kinds = (
        (
            f"{who} plans {n} sessions on {p} of {each} minutes each and keeps {more} minutes in reserve. How many minutes are needed in all?",
            n * each + more,
        ),
        (
            f"{who} has {n * share * each} leaflets about {p} and packs them into boxes of {each}. The boxes go to {share} places in equal numbers. How many boxes does each place get?",
            n * share,
        ),
        (
            f"{who} spends {each} euros a week on {p} for {n} weeks, then {more} euros a week for {share} weeks. How many euros is that altogether?",
            n * each + more * share,
        ),
        (
            f"Out of {100 * n} people whom {who} asked about {p}, {each} percent had never heard of it. How many had heard of it?",
            100 * n - n * each,
        ),
    )
    problem, answer = draw.pick("kind", kinds)
    return {"problem": problem[:1].upper() + problem[1:], "answer": str(answer)}


def logical_reasoning(subject: Subject) -> dict[str, str]:
    """A puzzle with one solution."""
    draw = subject.draw
    names = [NAMES[(draw.whole("names", 12) + i) % 12] for i in range(4)]
    order = sorted(names, key=lambda name: draw.whole(name, 10**6))
    clues = [f"{a} spoke directly before {b}" for a, b in zip(order, order[1:], strict=False)]
    clues.sort(key=lambda clue: draw.whole(clue, 10**6))
    problem = f"{subject.head} invited four people to speak about {subject.p}. {'. '.join(clues)}. Who spoke {('first', 'last')[draw.whole('end', 2)]}?"
    answer = order[0] if "first?" in problem else order[-1]
    return {"problem": problem[:1].upper() + problem[1:], "answer": answer}


def instruction(subject: Subject) -> dict[str, str]:
    """What this person would ask an assistant."""
    s, aim = subject, subject.draw.pick("aim", subject.field.aims)
    kinds = (
        f"I am {s.head}. Give me a one-page plan on {s.p} that helps me to {aim}, and say which step is most likely to fail.",
        f"Explain {s.p} to somebody who only knows {s.topic}. Use one example from my daily work as {s.head}.",
        f"Draft a short message in which {s.head} asks for help with {s.p}, polite but firm, under 120 words.",
        f"List five mistakes people make with {s.p} and, for each, how {s.head} could notice it early.",
        f"Compare two ways of dealing with {s.p} when the goal is to {aim}. Put the result in a table.",
    )
    return {"instruction": s.draw.pick("kind", kinds)}


def knowledge_text(subject: Subject) -> dict[str, str]:
    """A short article."""
    s, aim = subject, subject.draw.pick("aim", subject.field.aims)
    title = s.draw.pick(
        "title",
        (f"What {s.head} knows about {s.p}", f"{s.p.capitalize()}, explained from practice", f"Five notes on {s.p}"),
    )
    text = (
        f"Anyone who wants to {aim} meets {s.p} sooner or later. {s.head.capitalize()} will say that it cannot be understood apart from {s.topic}. "
        f"Start with what can be observed, write it down, and compare it with what others report. "
        f"Most disagreements about {s.p} come from mixing up cause and habit: what has always been done is taken for what has to be done."
    )
    return {"title": title, "text": text}


def game_npc(subject: Subject) -> dict[str, str]:
    """A character for a game."""
    s = subject
    name = f"{s.draw.pick('name', NAMES)} of {s.draw.pick('place', ('the Salt Gate', 'Low Fen', 'the Ninth Bridge', 'Amber Quay', 'Hollow Hill'))}"
    description = (
        f"In the old town {name} is known as {s.head}, and keeps every scrap of news about {s.p}. "
        f"Years ago a bargain over {s.topic} went wrong, and the debt is still open; travellers who help to {s.draw.pick('aim', s.field.aims)} are paid in secrets. "
        f'"Bring me something true about {s.p}," {name.split()[0]} says, "and my door is yours."'
    )
    return {"name": name, "description": description}


def tool(subject: Subject) -> dict[str, object]:
    """An interface that this person would use."""
    s = subject
    noun = (
        "_".join(word for word in s.p.lower().replace("-", " ").split() if word.isascii() and word.isalnum())
        or s.field.name
    )
    verb, returns = s.draw.pick(
        "verb",
        (
            ("search", "list of matching entries"),
            ("summarise", "summary in plain words"),
            ("compare", "table of differences"),
            ("track", "time series of changes"),
        ),
    )
    return {
        "name": f"{s.p.title()} {verb.capitalize()} Interface",
        "description": f"Lets {s.head} {verb} what is known about {s.p} within a period of time.",
        "function_name": f"{verb}_{noun}",
        "input_args": [f"{noun}_query", "start_date", "end_date"],
        "return": returns,
        "depend": "requests, pandas",
    }


USE_CASES = {
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
        from transforms.llm.offline.schema import instance

        return json.dumps(instance(json.loads(schema), subject), ensure_ascii=False)
    return f"{subject.head[:1].upper()}{subject.head[1:]} spends much time on {subject.p}. What comes next is {subject.topic}."
