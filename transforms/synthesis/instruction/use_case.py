"""Instructions: the message of a persona to an assistant; with its answer, or with a whole conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.prompts.refusals import is_refusal
from persona_hub.transforms.records import Sample
from persona_hub.transforms.synthesis.checks.schema import proved_by_schema
from persona_hub.transforms.synthesis.checks.texts import Length, NoRefusal, no_control_characters, no_repetition
from persona_hub.transforms.synthesis.form import TEXT, Form, PackagedUseCase, closed_object
from persona_hub.transforms.synthesis.problems import ANSWER_HEADING
from persona_hub.transforms.synthesis.rejection import RejectedSample
from persona_hub.transforms.synthesis.sample_fields import fields_of

ROLES = ("user", "assistant")
FEWEST_TURNS = 4
SPEAKERS = {"user": "User", "assistant": "Assistant"}
TURN = closed_object({"role": {"type": "string", "enum": list(ROLES)}, "text": TEXT})


def check_turns(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer where user and assistant do not take turns."""
    turns = fields["turns"]
    if len(turns) < FEWEST_TURNS:
        raise MalformedAnswer(f"'turns' has {len(turns)}; at least {FEWEST_TURNS} are wanted")
    for number, turn in enumerate(turns):
        if turn["role"] != ROLES[number % 2]:
            raise MalformedAnswer(f"turn {number + 1} is not of the {ROLES[number % 2]}")
        if not turn["text"].strip():
            raise MalformedAnswer(f"turn {number + 1} is empty")
    if len(turns) % 2:
        raise MalformedAnswer("the last turn is not of the assistant")


def conversation(fields: Mapping[str, Any]) -> str:
    """The turns, each under who speaks."""
    return "\n\n".join(f"{SPEAKERS[turn['role']]}: {turn['text'].strip()}" for turn in fields["turns"])


def no_refusal_in_turns(sample: Sample) -> Sample:
    """Rejects a conversation in which the assistant refuses."""
    for turn in fields_of(sample).get("turns", ()):
        if is_refusal(turn["text"], spoken=True):
            raise RejectedSample("refusal", turn["text"])
    return sample


MESSAGE = NoRefusal(("instruction",), spoken=True)

INSTRUCTION = PackagedUseCase(
    description="instruction",
    settings=frozenset({"topic"}),
    forms={
        "message": Form(
            prompt="instruction",
            fields={"instruction": TEXT},
            checks=(no_control_characters, MESSAGE, Length(3, 1500), no_repetition, proved_by_schema),
            proofs=(proved_by_schema,),
        ),
        "answer": Form(
            prompt="instruction_answer",
            fields={"instruction": TEXT, "answer": TEXT},
            text=f"$instruction{ANSWER_HEADING}$answer",
            checks=(
                no_control_characters,
                MESSAGE,
                NoRefusal(("answer",)),
                Length(3, 1500, "instruction"),
                Length(1, 4000, "answer"),
                no_repetition,
                proved_by_schema,
            ),
            proofs=(proved_by_schema,),
            max_tokens=4096,
        ),
        "conversation": Form(
            prompt="instruction_conversation",
            fields={"turns": {"type": "array", "items": TURN}},
            compose=conversation,
            check=check_turns,
            checks=(no_control_characters, no_refusal_in_turns, Length(20, 6000), no_repetition, proved_by_schema),
            proofs=(proved_by_schema,),
            max_tokens=4096,
        ),
    },
)
