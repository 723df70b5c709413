"""Texts rich in knowledge: an article, questions and answers, a table, or a tutorial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.synthesis.checks.schema import proved_by_schema
from persona_hub.transforms.synthesis.checks.texts import Length, NoRefusal, no_control_characters, no_repetition
from persona_hub.transforms.synthesis.form import TEXT, TEXT_LIST, Form, PackagedUseCase, closed_object
from persona_hub.transforms.synthesis.use_case import check_not_empty

FEWEST_PARTS = 3  # questions, or steps
USUAL_WORDS = (300, 600)  # as the prompt says; what is far from it is kept, so long as it is a text:
ANY_WORDS = (20, 4000)


def require_texts(rows: Sequence[Mapping[str, str]], where: str) -> None:
    """Raises MalformedAnswer for too few parts of a text, or an empty one."""
    if len(rows) < FEWEST_PARTS:
        raise MalformedAnswer(f"'{where}' has {len(rows)}; at least {FEWEST_PARTS} are wanted")
    for number, row in enumerate(rows, 1):
        for name, text in row.items():
            if not text.strip():
                raise MalformedAnswer(f"'{name}' of {number} of '{where}' is empty")


def check_questions(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for a question that is empty, or comes twice."""
    check_not_empty(fields)
    require_texts(fields["questions"], "questions")
    asked = [row["question"].strip().casefold() for row in fields["questions"]]
    if len(set(asked)) < len(asked):
        raise MalformedAnswer("'questions' has one question twice")


def check_steps(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for a step that is empty."""
    check_not_empty(fields)
    require_texts(fields["steps"], "steps")


def check_table(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for a table with holes."""
    check_not_empty(fields)
    columns, rows = fields["columns"], fields["rows"]
    if len(columns) < 2 or len(rows) < 2:
        raise MalformedAnswer("a table has at least two columns and two rows")
    for number, row in enumerate(rows, 1):
        if len(row) != len(columns):
            raise MalformedAnswer(f"row {number} has {len(row)} cells, where there are {len(columns)} columns")
    if any(not cell.strip() for row in (columns, *rows) for cell in row):
        raise MalformedAnswer("a cell of the table is empty")


def as_faq(fields: Mapping[str, Any]) -> str:
    """Title, and each question with its answer."""
    parts = [f"Q: {row['question'].strip()}\nA: {row['answer'].strip()}" for row in fields["questions"]]
    return "\n\n".join([f"Title: {fields['title'].strip()}", *parts])


def as_table(fields: Mapping[str, Any]) -> str:
    """Title, text, and the table as Markdown."""
    columns = fields["columns"]
    rows = [table_row(columns), table_row(["---"] * len(columns)), *map(table_row, fields["rows"])]
    return f"Title: {fields['title'].strip()}\n\n{fields['text'].strip()}\n\n" + "\n".join(rows)


def table_row(cells: Sequence[str]) -> str:
    """A line of a table of Markdown."""
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def as_tutorial(fields: Mapping[str, Any]) -> str:
    """Title, goal, and the steps with their numbers."""
    steps = [
        f"{number}. {step['heading'].strip()}\n{step['text'].strip()}" for number, step in enumerate(fields["steps"], 1)
    ]
    return "\n\n".join([f"Title: {fields['title'].strip()}", fields["goal"].strip(), *steps])


def text_form(**more: Any) -> Form:
    """A form of knowledge texts with the checks that all have."""
    checks = (
        no_control_characters,
        NoRefusal(("title", "text", "goal")),
        Length(*ANY_WORDS),
        no_repetition,
        proved_by_schema,
    )
    return Form(checks=checks, proofs=(proved_by_schema,), max_tokens=2048, **more)


KNOWLEDGE_TEXT = PackagedUseCase(
    description="knowledge text",
    settings=frozenset({"topic", "words"}),
    words=USUAL_WORDS,
    forms={
        "prose": text_form(
            prompt="knowledge_text", fields={"title": TEXT, "text": TEXT}, text="Title: $title\n\n$text"
        ),
        "faq": text_form(
            prompt="knowledge_text_faq",
            fields={
                "title": TEXT,
                "questions": {"type": "array", "items": closed_object({"question": TEXT, "answer": TEXT})},
            },
            compose=as_faq,
            check=check_questions,
        ),
        "table": text_form(
            prompt="knowledge_text_table",
            fields={"title": TEXT, "text": TEXT, "columns": TEXT_LIST, "rows": {"type": "array", "items": TEXT_LIST}},
            compose=as_table,
            check=check_table,
        ),
        "tutorial": text_form(
            prompt="knowledge_text_tutorial",
            fields={
                "title": TEXT,
                "goal": TEXT,
                "steps": {"type": "array", "items": closed_object({"heading": TEXT, "text": TEXT})},
            },
            compose=as_tutorial,
            check=check_steps,
        ),
    },
)
