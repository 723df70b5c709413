"""Characters of a game, for a world of the user's if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.synthesis.checks.schema import proved_by_schema
from persona_hub.transforms.synthesis.checks.texts import Length, NoRefusal, no_control_characters, no_repetition
from persona_hub.transforms.synthesis.form import TEXT, TEXT_LIST, Form, PackagedUseCase
from persona_hub.transforms.synthesis.use_case import check_not_empty

FEWEST_LINES, MOST_LINES = 2, 20


def check_character(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for a character that says too little, or one thing twice."""
    check_not_empty(fields)
    lines = [line.strip().casefold() for line in fields["dialogue"]]
    if not FEWEST_LINES <= len(lines) <= MOST_LINES:
        raise MalformedAnswer(f"'dialogue' has {len(lines)} lines; {FEWEST_LINES} to {MOST_LINES} are wanted")
    if not all(lines):
        raise MalformedAnswer("'dialogue' has an empty line")
    if len(set(lines)) < len(lines):
        raise MalformedAnswer("'dialogue' has one line twice")


def as_character(fields: Mapping[str, Any]) -> str:
    """A character sheet."""
    name, role, background, look, hook = (
        fields[key].strip() for key in ("name", "role", "background", "look", "quest_hook")
    )
    lines = "\n".join(f"- {line.strip()}" for line in fields["dialogue"])
    return (
        f"Name: {name}\nRole: {role}\n\nBackground: {background}\n\nLook: {look}\n\nDialogue:\n{lines}\n\n"
        f"Quest hook: {hook}"
    )


GAME_NPC = PackagedUseCase(
    description="game npc",
    settings=frozenset({"world"}),
    forms={
        "character": Form(
            prompt="game_npc",
            fields={
                "name": TEXT,
                "role": TEXT,
                "background": TEXT,
                "look": TEXT,
                "dialogue": TEXT_LIST,
                "quest_hook": TEXT,
            },
            compose=as_character,
            check=check_character,
            checks=(
                no_control_characters,
                NoRefusal(("name", "background")),
                Length(20, 1500),
                Length(1, 120, "name", "characters"),
                no_repetition,
                proved_by_schema,
            ),
            proofs=(proved_by_schema,),
        )
    },
)
