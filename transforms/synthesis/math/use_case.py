"""Math problems: kept when the program that solves one prints an answer equal to the one stated."""

from __future__ import annotations

from persona_hub.transforms.synthesis.checks.programs import ProgramPrintsAnswer
from persona_hub.transforms.synthesis.checks.texts import Length, NoRefusal, no_control_characters, no_repetition
from persona_hub.transforms.synthesis.form import TEXT, Form, PackagedUseCase
from persona_hub.transforms.synthesis.problems import PROBLEM_TEXT

PRINTS_ANSWER = ProgramPrintsAnswer(program="solution", answer="answer")

MATH = PackagedUseCase(
    description="math problem",
    settings=frozenset({"topic", "difficulty", "answer_form"}),
    forms={
        "problem": Form(
            prompt="math",
            fields={"problem": TEXT, "solution": TEXT, "answer": TEXT},
            text=PROBLEM_TEXT,
            question="problem",
            answer="answer",
            programs=frozenset({"solution"}),
            checks=(
                no_control_characters,
                NoRefusal(("problem",)),
                Length(5, 800, "problem"),
                Length(1, 500, "answer", "characters"),
                no_repetition,
                PRINTS_ANSWER,
            ),
            proofs=(PRINTS_ANSWER,),
            max_tokens=2048,
        )
    },
)
