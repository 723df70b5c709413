"""Logic puzzles: kept when a search through all worlds leaves one answer, and that is the one stated."""

from __future__ import annotations

from persona_hub.transforms.synthesis.checks.programs import SearchFindsAnswer
from persona_hub.transforms.synthesis.checks.texts import Length, NoRefusal, no_control_characters, no_repetition
from persona_hub.transforms.synthesis.form import TEXT, Form, PackagedUseCase
from persona_hub.transforms.synthesis.problems import PROBLEM_TEXT

FINDS_ANSWER = SearchFindsAnswer(program="program", answer="answer")

LOGICAL_REASONING = PackagedUseCase(
    description="logical reasoning problem",
    settings=frozenset({"topic", "difficulty", "family"}),
    forms={
        "puzzle": Form(
            prompt="logical_reasoning",
            fields={"problem": TEXT, "program": TEXT, "answer": TEXT},
            text=PROBLEM_TEXT,
            question="problem",
            answer="answer",
            programs=frozenset({"program"}),
            checks=(
                no_control_characters,
                NoRefusal(("problem",)),
                Length(8, 1000, "problem"),
                Length(1, 500, "answer", "characters"),
                no_repetition,
                FINDS_ANSWER,
            ),
            proofs=(FINDS_ANSWER,),
            max_tokens=2048,
        )
    },
)
