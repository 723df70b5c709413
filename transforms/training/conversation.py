"""Sample -> the conversation in it: what is asked, and what a model that is trained on it should answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from persona_hub.transforms.records import Sample
from persona_hub.transforms.synthesis.problems import ANSWER_HEADING, problem_and_answer
from persona_hub.transforms.training.asks import ask_for_persona, ask_for_title
from persona_hub.transforms.training.tools import ToolCall, example_calls

USER, ASSISTANT, SYSTEM = "user", "assistant", "system"
ROLES = {"human": USER, "gpt": ASSISTANT, "bot": ASSISTANT, "model": ASSISTANT}  # other names of the two sides
# Names of the fields of an answer, the packaged use cases' and those that users give theirs, the most telling first.
QUESTIONS = ("problem", "question", "puzzle", "instruction", "prompt", "query", "task", "message")
CONTEXTS = ("input", "context")
EXPLANATIONS = ("solution", "reasoning", "explanation")
ANSWERS = ("answer", "response", "reply", "output", "completion")
DEEPEST_FIELDS = 100  # lists and objects in one another
SOLVED_BY_PROGRAM = ("math", "logical_reasoning")  # use cases whose `solution` is a program
TITLE_HEADING = "Title: "  # of a sample's text of `knowledge_text`
PARTS_OF_TEXTS = ("questions", "rows", "steps")  # fields of those texts that are no prose
# What parts the turns of known chat templates: in a text it would end a turn, or begin another one's.
CONTROL_TOKEN = re.compile(
    r"<\|[A-Za-z0-9_.-]{1,40}\|>|<\uff5c[^\uff5c\n]{1,40}\uff5c>|\[/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
    r"|<</?SYS>>|</?(?:start|end)_of_turn>|</s>|</?tool_call>"
)
HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")  # of a pair, as JSON spells it
NO_ANSWER, NO_QUESTION, TURNS, WITH_CONTROL_TOKEN = (
    "no-answer",
    "no-question",
    "turns-do-not-alternate",
    "control-token",
)


@dataclass(frozen=True)
class Turn:
    """What one side says."""

    role: str  # USER, ASSISTANT or SYSTEM
    content: str
    call: ToolCall | None = None  # that the assistant makes in place of an answer


@dataclass(frozen=True)
class Conversation:
    """Turns that begin with a question and end with an answer."""

    turns: tuple[Turn, ...]
    tools: tuple[Mapping[str, Any], ...] = ()  # JSON Schemas of functions, as chat templates take them

    @property
    def question(self) -> str:
        """What is asked first."""
        return next((turn.content for turn in self.turns if turn.role == USER), "")

    @property
    def answer(self) -> str:
        """What is answered last."""
        return self.turns[-1].content


Conversations = tuple[Conversation, ...] | str  # those of one sample, or the reason why there are none


def conversations_of(sample: Sample, language: str = "und") -> Conversations:
    """The conversations in a sample: one, or of a tool one for each of its example calls; else the reason.

    `language` (ISO 639-1) is that of what is asked where the sample has no question of its own, as a knowledge text.
    """
    fields = answer_fields(sample)
    if calls := example_calls(fields):
        found: Conversations = tuple(
            Conversation((Turn(USER, call.question), Turn(ASSISTANT, "", call)), (call.function,)) for call in calls
        )
    elif sample.use_case == "instruction" and not any(fields.get(name) for name in (*ANSWERS, "turns")):
        return NO_ANSWER
    elif turns := fields.get("turns"):
        found = spoken(turns, fields, sample)
    elif question := first_text(fields, QUESTIONS):
        found = asked(question, fields, sample)
    elif sample.use_case == "knowledge_text" and (title := first_text(fields, ("title",))):
        kind = next((name for name in PARTS_OF_TEXTS if name in fields), "")
        found = pair(ask_for_title(title, language, kind), sample.text.removeprefix(f"{TITLE_HEADING}{title}\n\n"))
    else:
        found = pair(ask_for_persona(sample.use_case, sample.description, sample.persona), sample.text)
    if isinstance(found, tuple) and any(map(has_control_token, found)):
        return WITH_CONTROL_TOKEN
    return found


def answer_fields(sample: Sample) -> Mapping[str, Any]:
    """The fields of a sample's answer; of one of an earlier release, which lacks them, what its text tells of them."""
    if sample.fields:
        return as_object(sample.fields)
    if sample.use_case in ("math", "logical_reasoning"):
        problem, answer = problem_and_answer(sample.text)
        return {"problem": problem, "answer": answer} if problem else {}
    if sample.use_case == "knowledge_text" and sample.text.startswith(TITLE_HEADING):
        title, _, text = sample.text.removeprefix(TITLE_HEADING).partition("\n\n")
        return {"title": title, "text": text}
    if sample.use_case == "instruction":
        return {"instruction": sample.text}
    return as_object(sample.text) if sample.text.startswith("{") else {}


def whole_number(digits: str) -> int | float:
    """A whole number of JSON; one of more than 64 bits, which no column can hold, as a float."""
    value = int(digits)
    return value if -(1 << 63) <= value < 1 << 63 else float(value)


def too_deep(value: Any) -> bool:
    """Whether lists and objects lie in one another more than DEEPEST_FIELDS times: the writer of JSON stops at 254."""
    inside = [value]
    for _ in range(DEEPEST_FIELDS):
        inside = [
            inner
            for one in inside
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(inside)


DECODER = json.JSONDecoder(parse_int=whole_number)


def as_object(text: str) -> Mapping[str, Any]:
    """The JSON object in a text, empty where there is none, with U+FFFD for halves of characters that it spells.

    One that is nested too deep is none.
    """
    try:
        found = DECODER.decode(text)
        if HALF_CHARACTER.search(text):
            whole = json.dumps(found, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            found = DECODER.decode(whole)
        if text.count("[") + text.count("{") > DEEPEST_FIELDS and too_deep(found):
            return {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def first_text(fields: Mapping[str, Any], names: Iterable[str]) -> str:
    """The first of these fields that holds something, as a text."""
    return next((text for name in names if (text := as_text(fields.get(name)))), "")


def as_text(value: Any) -> str:
    """A value as a text: lists and objects as JSON, nothing as ""."""
    if isinstance(value, str):
        return value.strip()
    return "" if value in (None, [], {}) else json.dumps(value, ensure_ascii=False)


def asked(question: str, fields: Mapping[str, Any], sample: Sample) -> Conversations:
    """One question and its answer."""
    context = first_text(fields, CONTEXTS)
    answer = answer_in(fields, sample)
    return pair(f"{question}\n\n{context}" if context else question, answer) if answer else NO_ANSWER


def answer_in(fields: Mapping[str, Any], sample: Sample) -> str:
    """The way to the answer, where there is one, and the answer: an explanation, or the program that was run."""
    answer = first_text(fields, ANSWERS)
    way, program = first_text(fields, EXPLANATIONS), first_text(fields, ("program",))
    if sample.use_case in SOLVED_BY_PROGRAM or (way and way == sample.proof.program.strip()):
        way, program = "", program or way
    if not way and program:
        way = fenced(program, "python")
    if way and answer and not re.search(rf"(?<!\w){re.escape(answer)}[\s.!]*$", way):
        return f"{way}{ANSWER_HEADING}{answer}"
    return way or answer


def fenced(text: str, language: str = "") -> str:
    """A text as a block of code, in a fence that no line of it closes."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def pair(question: str, answer: str) -> Conversations:
    """A question and an answer."""
    if not question.strip():
        return NO_QUESTION
    return (Conversation((Turn(USER, question), Turn(ASSISTANT, answer))),) if answer.strip() else NO_ANSWER


def spoken(value: Any, fields: Mapping[str, Any], sample: Sample) -> Conversations:
    """Several turns: user and assistant by turns, up to the last answer; before them the instruction, if they lack it.

    Turns are objects {role, text} or {role, content}, objects {user, assistant}, or texts, the user's first.
    """
    turns: list[Turn] = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, Mapping):
            if said := first_text(one, ("content", "text")):
                role = str(one.get("role") or one.get("from") or "").lower()
                turns.append(Turn(ROLES.get(role, role), said))
            else:
                turns += [Turn(role, text) for role in (USER, ASSISTANT) if (text := as_text(one.get(role)))]
        elif text := as_text(one):
            turns.append(Turn((USER, ASSISTANT)[len(turns) % 2], text))
    question, answer = first_text(fields, QUESTIONS), answer_in(fields, sample)
    spoken_first = next((turn for turn in turns if turn.role != SYSTEM), None)
    if question and (spoken_first is None or spoken_first.content != question):
        opening = [Turn(USER, question)]
        if answer and (spoken_first is None or spoken_first.role == USER):
            opening.append(Turn(ASSISTANT, answer))
        turns = opening + turns
    while turns and turns[-1].role == USER:
        turns.pop()
    roles = [turn.role for turn in turns]
    after_system = roles[1:] if roles[:1] == [SYSTEM] else roles
    if not after_system:
        return NO_ANSWER
    return (Conversation(tuple(turns)),) if after_system == [USER, ASSISTANT] * (len(after_system) // 2) else TURNS


def has_control_token(conversation: Conversation) -> bool:
    """Whether a turn holds what a tokeniser takes for the end of one, or for the beginning of another."""
    texts = [turn.content for turn in conversation.turns]
    calls = [json.dumps(turn.call.arguments, ensure_ascii=False) for turn in conversation.turns if turn.call]
    schemas = [json.dumps(tool, ensure_ascii=False) for tool in conversation.tools]
    return any(CONTROL_TOKEN.search(text) for text in (*texts, *calls, *schemas))
