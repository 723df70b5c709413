"""The six use cases of the paper, a row for each; their prompts are the files of the same names."""

from __future__ import annotations

import json
import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from persona_hub.transforms.llm.protocol import MalformedAnswer, Sampling
from persona_hub.transforms.synthesis.use_case import check_not_empty

ANSWER_HEADING = "\n\nAnswer: "  # between a problem and its answer in a sample's text
STRING = {"type": "string"}
TOOL_ARGUMENT = {
    "type": "object",
    "properties": {"name": STRING, "type": STRING, "description": STRING},
    "required": ["name", "type", "description"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True)
class PackagedUseCase:
    """What tells one use case from another, besides its prompt."""

    description: str
    fields: Mapping[str, Any]  # JSON schemas of the fields of an answer, all of them wanted
    text: str = ""
    question: str = ""
    answer: str = ""
    check: Callable[[dict[str, Any]], None] = check_not_empty
    max_tokens: int = 1024

    @property
    def schema(self) -> str:
        """JSON schema of an answer, as the strict modes of the backends want it."""
        wanted = {
            "type": "object",
            "properties": dict(self.fields),
            "required": list(self.fields),
            "additionalProperties": False,
        }
        return json.dumps(wanted)

    @property
    def sampling(self) -> Sampling:
        """How an answer is drawn."""
        return Sampling(max_tokens=self.max_tokens)


def check_tool(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for a tool that no program could call: the name has to be an identifier."""
    check_not_empty(fields)
    name = fields["function_name"]
    if not name.isidentifier() or keyword.iskeyword(name):
        raise MalformedAnswer("'function_name' is not an identifier")
    arguments = [argument["name"] if isinstance(argument, dict) else argument for argument in fields["input_args"]]
    if not all(argument.strip() for argument in arguments):
        raise MalformedAnswer("'input_args' has an argument without a name")
    if len(set(arguments)) < len(arguments):
        raise MalformedAnswer("'input_args' has two arguments of one name")


def problem_and_answer(text: str) -> tuple[str, str]:
    """The two parts of a sample's text of `math` or `logical_reasoning`."""
    problem, _, answer = text.rpartition(ANSWER_HEADING)
    return problem, answer


PACKAGED = {
    "math": PackagedUseCase(
        description="math problem",
        fields={"problem": STRING, "answer": STRING},
        text=f"$problem{ANSWER_HEADING}$answer",
        question="problem",
        answer="answer",
    ),
    "logical_reasoning": PackagedUseCase(
        description="logical reasoning problem",
        fields={"problem": STRING, "answer": STRING},
        text=f"$problem{ANSWER_HEADING}$answer",
        question="problem",
        answer="answer",
    ),
    "instruction": PackagedUseCase(
        description="instruction",
        fields={"instruction": STRING},
    ),
    "knowledge_text": PackagedUseCase(
        description="knowledge text",
        fields={"title": STRING, "text": STRING},
        text="Title: $title\n\n$text",
        max_tokens=2048,
    ),
    "game_npc": PackagedUseCase(
        description="game npc",
        fields={"name": STRING, "description": STRING},
        text="Name: $name\n\n$description",
    ),
    "tool": PackagedUseCase(
        description="tool development",
        fields={
            "name": STRING,
            "description": STRING,
            "function_name": STRING,
            # The released tools name their arguments in a list, a mapping or a text; a list can be checked.
            "input_args": {"type": "array", "items": {"anyOf": [TOOL_ARGUMENT, STRING]}},
            "return": STRING,
            "depend": STRING,
        },
        check=check_tool,
    ),
}
