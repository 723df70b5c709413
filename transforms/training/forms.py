"""The forms of a data set: what a row of each looks like, and its Parquet schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Sample
from persona_hub.transforms.synthesis.sample_fields import as_json
from persona_hub.transforms.training.asks import ask_for_persona
from persona_hub.transforms.training.conversation import (
    ASSISTANT,
    CONTROL_TOKEN,
    USER,
    WITH_CONTROL_TOKEN,
    Conversation,
    Turn,
    conversations_of,
)
from persona_hub.transforms.training.lineage import LINEAGE, LINEAGE_TYPE

CHAT, ALPACA, RELEASED, PREFERENCE = "chat", "alpaca", "released", "preference"
TRAINING_FORMS = (CHAT, ALPACA, RELEASED, PREFERENCE)
SEVERAL_TURNS, NO_REJECTED = "several-turns", "no-rejected-sample"
LEFT_OUT = {
    "no-answer": "without an answer",
    "no-question": "without a question",
    "turns-do-not-alternate": "whose turns do not alternate",
    WITH_CONTROL_TOKEN: "with what a tokeniser takes for the end of a turn, such as <|im_end|>",
    SEVERAL_TURNS: "of several turns, of which a row of alpaca holds one",
    NO_REJECTED: "without a rejected sample of the same persona",
}
MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
MESSAGES = pa.list_(MESSAGE)
JSON_LIST = pa.list_(pa.string())  # of JSON objects: of no two functions are the arguments alike
RELEASED_COLUMNS = ("input persona", "synthesized text", "description")
COLUMNS: Mapping[str, Mapping[str, pa.DataType]] = {
    CHAT: {"messages": MESSAGES},
    ALPACA: dict.fromkeys(("instruction", "input", "output"), pa.string()),
    RELEASED: dict.fromkeys(RELEASED_COLUMNS, pa.string()),
    PREFERENCE: {"prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES, "rejected_reason": pa.string()},
}
COLUMN_DOCS = {
    "messages": "The conversation: user and assistant by turns, the assistant last",
    "tools": "JSON Schemas of the functions that the assistant may call",
    "instruction": "What is asked",
    "input": "The functions that may be called, as JSON; empty where there are none",
    "output": "What is answered",
    "input persona": "The persona that the sample was made with",
    "synthesized text": "The sample",
    "description": "What kind of sample it is",
    "prompt": "What is asked",
    "chosen": "The answer that was kept",
    "rejected": "The answer that was rejected",
    "rejected_reason": "The check that rejected it",
    LINEAGE: "Where the row comes from: persona, hop, document, prompt, model, parameters, usage, proof",
    "license": "Licence of the row",
}


class FormError(InvalidInputError):
    """A form that there is not, or that nothing can be written in."""


@dataclass(frozen=True)
class FormRow:
    """A row of a data set without its lineage, and the texts in it by which a leak is known."""

    columns: Mapping[str, Any]
    question: str
    answers: tuple[str, ...]  # and whatever else is said
    tools: bool = False  # whether it has such


@dataclass(frozen=True)
class Layout:
    """The columns of one use case's files."""

    form: str
    tools: bool = False
    license: str = ""

    @property
    def schema(self) -> pa.Schema:
        """Of Parquet; objects that are not alike are JSON there."""
        columns = dict(COLUMNS[self.form])
        if self.tools:
            columns = {"messages": JSON_LIST, "tools": JSON_LIST}
        columns[LINEAGE] = LINEAGE_TYPE
        if self.license:
            columns["license"] = pa.string()
        return pa.schema([pa.field(name, kind, metadata={"doc": COLUMN_DOCS[name]}) for name, kind in columns.items()])

    @property
    def json_columns(self) -> tuple[str, ...]:
        """Columns of lists of JSON objects."""
        return ("messages", "tools") if self.tools else ()

    def row(self, row: FormRow, lineage: Mapping[str, Any]) -> dict[str, Any]:
        """A row as JSON Lines have it."""
        more = {"tools": row.columns.get("tools", [])} if self.tools else {}
        license = {"license": self.license} if self.license else {}
        return {**row.columns, **more, LINEAGE: lineage, **license}

    def parquet_row(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row of JSON Lines as Parquet has it."""
        if not self.tools:
            return row
        return {**row, **{name: list(map(as_json, row[name])) for name in self.json_columns}}


def check_training_form(form: str) -> str:
    """`form` itself. Raises FormError for one that there is not."""
    if form not in TRAINING_FORMS:
        raise FormError(f"--form {form}: there are {', '.join(TRAINING_FORMS)}")
    return form


def form_rows(form: str, sample: Sample, language: str = "und") -> Sequence[FormRow] | str:
    """The rows of a sample in a form other than `preference`, or the reason why it has none."""
    if form == RELEASED:
        columns = dict(zip(RELEASED_COLUMNS, (sample.persona, sample.text, sample.description), strict=True))
        asked = question_and_answer(sample, language)
        return [FormRow(columns, asked[0] if asked else sample.text, (sample.text,))]
    found = conversations_of(sample, language)
    if isinstance(found, str):
        return found
    if form == CHAT:
        return list(map(chat_row, found))
    if any(len(one.turns) > 2 for one in found):
        return SEVERAL_TURNS
    return list(map(alpaca_row, found))


def chat_row(conversation: Conversation) -> FormRow:
    """A conversation as messages."""
    columns: dict[str, Any] = {"messages": list(map(message, conversation.turns))}
    if conversation.tools:
        columns["tools"] = list(conversation.tools)
    said = tuple(turn.content for turn in conversation.turns)
    return FormRow(columns, conversation.question, said, bool(conversation.tools))


def message(turn: Turn) -> dict[str, Any]:
    """A turn as chat templates take it."""
    said: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.call:
        called = {"name": turn.call.name, "arguments": dict(turn.call.arguments)}
        said["tool_calls"] = [{"type": "function", "function": called}]
    return said


def alpaca_row(conversation: Conversation) -> FormRow:
    """A question and its answer as instruction and output; a call of a function as JSON."""
    question, last = conversation.question, conversation.turns[-1]
    given = as_json(list(conversation.tools)) if conversation.tools else ""
    call = last.call
    answer = as_json({"name": call.name, "arguments": dict(call.arguments)}) if call else last.content
    return FormRow({"instruction": question, "input": given, "output": answer}, question, (answer,))


def preference_row(kept: Sample, rejected: Sample, reason: str, same_question: bool, language: str) -> FormRow | str:
    """A kept sample and one that was rejected, as answers to one prompt, or why they are none.

    Where both answer one question, that is the prompt; else it is the request for a sample made with their persona.
    """
    prompt = ask_for_persona(kept.use_case, kept.description, kept.persona)
    chosen, worse = kept.text, rejected.text
    if same_question:
        ours, theirs = question_and_answer(kept, language), question_and_answer(rejected, language)
        if ours and theirs:
            prompt, chosen, worse = ours[0], ours[1], theirs[1]
    if any(map(CONTROL_TOKEN.search, (prompt, chosen, worse))):
        return WITH_CONTROL_TOKEN
    columns = {
        "prompt": [message(Turn(USER, prompt))],
        "chosen": [message(Turn(ASSISTANT, chosen))],
        "rejected": [message(Turn(ASSISTANT, worse))],
        "rejected_reason": reason,
    }
    return FormRow(columns, prompt, (chosen, worse))


def question_and_answer(sample: Sample, language: str = "und") -> tuple[str, str] | None:
    """The question and the answer of a sample of one turn; None of another."""
    found = conversations_of(sample, language)
    if isinstance(found, str) or len(found) != 1 or len(found[0].turns) != 2 or found[0].tools:
        return None
    return found[0].question, found[0].answer
