"""Answers of a model that writes problems with a program: right ones and, in the share that is told, wrong ones."""

from __future__ import annotations

import hashlib
import re
from typing import Any

SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
LAST = re.compile(r"(\w+), (\w+) and (\w+) came to the \w+ one after another")
ASKED = re.compile(r"(\d+) crates of (\d+) \w+ each and (\d+) more")


def digest_of(*parts: str) -> bytes:
    """64 bytes that follow from texts."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace")).digest()


def word(digest: bytes, i: int) -> str:
    """A word of four syllables, of a few million."""
    return "".join(SYLLABLES[digest[(4 * i + j) % 64] % len(SYLLABLES)] for j in range(4))


def solved(problem: str) -> int:
    """The right answer to a problem: what a test compares with."""
    found = ASKED.search(problem)
    assert found, problem
    crates, each, more = map(int, found.groups())
    return crates * each + more


def answer_to(problem: str) -> str:
    """The right answer to a problem or a puzzle of this server, "none" to any other."""
    if ASKED.search(problem):
        return str(solved(problem))
    last = LAST.search(problem)
    return last[3] if last else "none"


def solution(prompt: str, salt: str, solves: float) -> dict[str, str]:
    """The answer of a solver to a problem in a prompt; it is "-1" in a share `1 - solves` of all prompts."""
    is_right = int.from_bytes(digest_of("solve", prompt, salt)[:4], "big") < solves * 2**32
    return {"working": "step by step", "answer": answer_to(prompt) if is_right else "-1"}


def points(prompt: str, salt: str, fields: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The points of a judge by criterion, and its words."""
    digest = digest_of("judge", prompt, salt)
    return {
        name: one["enum"][digest[i % 64] % len(one["enum"])] if "enum" in one else "as the rubric says"
        for i, (name, one) in enumerate(fields.items())
    }


def math_problem(prompt: str, salt: str, right: float) -> dict[str, str]:
    """A problem, its program and an answer, which is wrong in a share `1 - right` of all prompts."""
    digest = digest_of(prompt, salt)
    crates, each, more = 2 + digest[60] % 90, 2 + digest[61] % 90, 1 + digest[62]
    ware, place, use = word(digest, 0), word(digest, 4), word(digest, 8)
    answer = crates * each + more
    is_right = int.from_bytes(digest[56:60], "big") < right * 2**32
    return {
        "problem": f"A {word(digest, 2)} keeps {crates} crates of {each} {ware} each and {more} more by the {place}; "
        f"how many pieces of {ware} are there for the {use} when all of the {word(digest, 6)} are counted once?",
        "solution": f"crates, each, more = {crates}, {each}, {more}\nprint(crates * each + more)",
        "answer": str(answer if is_right else answer + 1),
    }


def puzzle(prompt: str, salt: str, right: float) -> dict[str, str]:
    """A puzzle of who came last, its program and an answer."""
    digest = digest_of(prompt, salt)
    names = [word(digest, i).title() for i in (0, 1, 2)]
    answer = names[2] if int.from_bytes(digest[56:60], "big") < right * 2**32 else names[0]
    return {
        "problem": f"{names[0]}, {names[1]} and {names[2]} came to the {word(digest, 3)} one after another. {names[0]} "
        f"came before {names[1]}. {names[1]} came before {names[2]}. Who came last to the {word(digest, 4)}?",
        "program": "import itertools\n"
        f"def worlds(): return list(itertools.permutations({names!r}))\n"
        f"def holds(w): return w.index({names[0]!r}) < w.index({names[1]!r}) < w.index({names[2]!r})\n"
        "def answer(w): return w[-1]\n",
        "answer": answer,
    }
