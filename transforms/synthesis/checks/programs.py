"""Checks that run a program of the sample's own in the sandbox, and compare what it gives with the stated answer."""

from __future__ import annotations

import io
import tokenize
from dataclasses import dataclass, replace
from keyword import iskeyword

from persona_hub.transforms.corpus.language import detect_language
from persona_hub.transforms.llm.parsing import unwrapped
from persona_hub.transforms.records import Proof, Sample, excerpt
from persona_hub.transforms.sandbox.puzzles import (
    DISAGREED,
    NO_SOLUTION,
    NOTHING_EXCLUDED,
    SEVERAL_SOLUTIONS,
    UNDECIDED,
    prove_puzzle,
    same_text,
)
from persona_hub.transforms.sandbox.sandbox import DEFAULT_LIMITS, UNSUPPORTED, Limits, run_program
from persona_hub.transforms.sandbox.tools import prove_tool
from persona_hub.transforms.synthesis.checks.equality import same_answer
from persona_hub.transforms.synthesis.rejection import RejectedSample
from persona_hub.transforms.synthesis.sample_fields import text_of

PROGRAM_FAILED, PROGRAM_DISAGREED = "program-failed", "program-disagreed"
# What computes nothing by itself: a program of these, names and values alone has only its answer in it.
EMPTY_CALLS = frozenset({"print", "str", "repr", "int", "float", "round"})
OPERATORS = frozenset({"+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>", "<", ">", "<=", ">=", "=="})
OPERATORS_THEN = frozenset({"+=", "-=", "*=", "/=", "//=", "%=", "**="})
PUZZLE_REASONS = {fault: fault for fault in (NO_SOLUTION, SEVERAL_SOLUTIONS, NOTHING_EXCLUDED, UNDECIDED)} | {
    DISAGREED: PROGRAM_DISAGREED
}


def failed(fault: str, detail: str) -> RejectedSample:
    """The rejection for a fault of a program."""
    if fault == UNSUPPORTED:
        return RejectedSample(UNSUPPORTED, detail)
    return RejectedSample(PROGRAM_FAILED, f"{fault}: {detail}" if detail else fault)


def computes(program: str) -> bool:
    """Whether a program does more than to print values that stand in it."""
    try:
        tokens = [
            (token.type, token.string)
            for token in tokenize.generate_tokens(io.StringIO(program).readline)
            if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER)
        ]
    except (tokenize.TokenError, SyntaxError):
        return True  # the sandbox says what is wrong
    previous = (tokenize.OP, "")
    for at, (kind, text) in enumerate(tokens):
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if text in OPERATORS_THEN or (text in OPERATORS and previous[1] not in ("", "(", ",", "=", "[")):
            return True  # and not the sign of a number
        if kind == tokenize.NAME and following == "(" and text not in EMPTY_CALLS and not iskeyword(text):
            return True
        if text in ("for", "while", "if"):
            return True
        previous = (kind, text)
    return False


@dataclass(frozen=True)
class ProgramPrintsAnswer:
    """Keeps a sample whose program prints an answer equal to the one stated."""

    program: str  # names of fields
    answer: str
    limits: Limits = DEFAULT_LIMITS

    def __call__(self, sample: Sample) -> Sample:
        """The sample, with its proof. Raises RejectedSample."""
        program, stated = unwrapped(text_of(sample, self.program)), text_of(sample, self.answer)
        if not computes(program):
            raise RejectedSample(PROGRAM_FAILED, "the program computes nothing: it prints what stands in it")
        run = run_program(program, self.limits)
        if run.fault:
            raise failed(run.fault, run.detail)
        lines = [line.strip() for line in run.output.splitlines() if line.strip()]
        if len(lines) != 1:
            wrong = f"it prints {len(lines)} lines in place of the answer alone" if lines else "it prints nothing"
            raise RejectedSample(PROGRAM_FAILED, wrong)
        equal = same_answer(stated, lines[0], detect_language(sample.text), "en")
        told = f"stated {excerpt(stated, 80)!r}, the program prints {excerpt(lines[0], 80)!r}"
        if equal is None:
            raise RejectedSample(UNDECIDED, told)
        if not equal:
            raise RejectedSample(PROGRAM_DISAGREED, told)
        return replace(sample, proof=Proof("program", program, lines[0], 1))


@dataclass(frozen=True)
class SearchFindsAnswer:
    """Keeps a puzzle whose program, which enumerates all worlds, leaves one answer, the one stated."""

    program: str  # names of fields
    answer: str
    limits: Limits = DEFAULT_LIMITS

    def __call__(self, sample: Sample) -> Sample:
        """The sample, with its proof. Raises RejectedSample."""
        program, stated = unwrapped(text_of(sample, self.program)), text_of(sample, self.answer)
        language = detect_language(sample.text)

        def same(one: str, other: str) -> bool | None:
            if same_text(one, other):
                return True
            equal = same_answer(one, other, language)
            return False if equal is None and is_words(one) and is_words(other) else equal

        proof = prove_puzzle(program, stated, self.limits, same)
        if proof.fault in PUZZLE_REASONS:
            raise RejectedSample(PUZZLE_REASONS[proof.fault], proof.detail)
        if proof.fault:
            raise failed(proof.fault, proof.detail)
        return replace(sample, proof=Proof("search", program, proof.answer, 1))


def is_words(text: str) -> bool:
    """Whether an answer is words, such as names, and holds no number: two of them are equal by their letters or not."""
    return not any(c.isnumeric() for c in text) and any(c.isalpha() for c in text)


@dataclass(frozen=True)
class ToolPassesTests:
    """Keeps a tool whose implementation passes its tests."""

    implementation: str = "implementation"  # names of fields
    tests: str = "tests"
    function: str = "name"
    limits: Limits = DEFAULT_LIMITS

    def __call__(self, sample: Sample) -> Sample:
        """The sample, with its proof. Raises RejectedSample."""
        program, tests = (unwrapped(text_of(sample, field)) for field in (self.implementation, self.tests))
        proof = prove_tool(program, tests, self.limits, text_of(sample, self.function))
        if proof.fault in ("tests-failed", "tests-prove-nothing"):
            raise RejectedSample("tests-failed", proof.detail)
        if proof.fault:
            raise failed(proof.fault, proof.detail)
        return replace(sample, proof=Proof("program", f"{program}\n\n{tests}", proof.output, 1))
