"""Whether a puzzle has exactly one answer, and it is the one stated: by a search through all worlds, in the sandbox.

A puzzle's program defines three functions. It may define and print whatever else it likes; that counts for nothing.

    def worlds():        every way that things could be, whatever the statements say: a list, or what `itertools` gives
    def holds(world):    whether all statements of the puzzle are true in a world
    def answer(world):   the answer to the puzzle's question if this is how things are, as text

The search itself is code of ours, run after the program in the same session. It uses no name of Python's that a program
could give another meaning, and keeps its counts in variables of its own function, which a program cannot reach.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import regex

from persona_hub.transforms.normal_forms import nfkc
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.sandbox.sandbox import DEFAULT_LIMITS, RAISED, Limits, run_parts

NO_SOLUTION, SEVERAL_SOLUTIONS, DISAGREED = "no-solution", "several-solutions", "disagreed"
NOTHING_EXCLUDED, UNDECIDED = "nothing-excluded", "undecided"
MOST_ANSWERS, ANSWER_CHARACTERS = 16, 1000
# Gives [worlds, of these left, their answers, whether an excluded world has another answer, whether `holds` is steady].
SEARCH = f"""
def _search():
    seen, left, count, others, kept, dropped = 0, 0, 0, [], [], []
    answers = []
    for world in worlds():
        seen += 1
        if holds(world):
            left += 1
            kept = kept or [world]
            text = f"{{answer(world)}}"[:{ANSWER_CHARACTERS}]
            if text not in answers:
                answers += [text]
                count += 1
            if count > {MOST_ANSWERS}:
                break
        else:
            dropped = dropped or [world]
            if not others or not others[1:]:
                try:
                    text = f"{{answer(world)}}"[:{ANSWER_CHARACTERS}]
                except:
                    text = None
                if text not in others:
                    others += [text]
    other = False
    for text in others:
        other = other or text not in answers
    steady = True
    for world in kept:
        steady = steady and (True if holds(world) else False)
    for world in dropped:
        steady = steady and (False if holds(world) else True)
    return [seen, left, answers, other, steady]
_search()
"""
QUOTES_AND_STOPS = regex.compile(r"[\"'“”„‘’«»`]|[.,;:!?…。、，；：！？](?!\d)|(?<=\p{L})[-‐‑–](?=\p{L})")
Same = Callable[[str, str], bool | None]  # whether two answers are the same, None where that is not sure


@dataclass(frozen=True)
class PuzzleProof:
    """What the search through a puzzle's worlds found."""

    answer: str = ""  # of the worlds that are left; untrusted
    worlds: int = 0  # that the program enumerates
    left: int = 0  # of these, where all statements hold
    fault: str = ""  # "" if the puzzle is proved; a fault of the program, or one of those above
    detail: str = ""


def same_text(stated: str, other: str) -> bool | None:
    """Whether two answers are the same but for case, white space, quotation marks and punctuation between words."""
    one, two = (" ".join(QUOTES_AND_STOPS.sub(" ", nfkc(text).casefold()).split()) for text in (stated, other))
    return one == two if one and two else None


def prove_puzzle(program: str, answer: str, limits: Limits = DEFAULT_LIMITS, same: Same = same_text) -> PuzzleProof:
    """Whether the worlds that `program` enumerates leave one answer, and that is `answer`.

    The program, and the search after it, may use `limits.seconds` each. A puzzle is proved only if its statements
    exclude worlds, and worlds with another answer among these: a program that has but the answer in it proves nothing.
    """
    run, found, _ = run_parts([program], SEARCH, limits)
    if run.fault:
        return PuzzleProof(fault=run.fault, detail=_of_the_search(run.fault, run.detail))
    worlds, left, answers, other, steady = found
    fault, detail = _verdict(worlds, left, answers, other, steady, answer, same)
    return PuzzleProof(answers[0] if answers else "", worlds, left, fault, excerpt(detail))


def _verdict(
    worlds: int, left: int, answers: Sequence[str], other: bool, steady: bool, stated: str, same: Same
) -> tuple[str, str]:
    """Fault and detail, ("", "") of a proof."""
    if worlds < 2:
        return NOTHING_EXCLUDED, f"the program enumerates {'one world' if worlds else 'no world'}"
    if not steady:
        return UNDECIDED, "asked again about the same world, `holds` says something else"
    if not left:
        return NO_SOLUTION, f"the statements hold in none of {worlds:,} worlds"
    if left == worlds and len(answers) == 1:
        return NOTHING_EXCLUDED, f"the statements hold in all of {worlds:,} worlds"
    shown = " or ".join(f'"{excerpt(text, 60)}"' for text in answers[:3])
    if len(answers) > MOST_ANSWERS:
        return SEVERAL_SOLUTIONS, f"{shown}, and more than {MOST_ANSWERS - 3} others"
    equal = [same(answers[0], text) for text in answers[1:]]
    if False in equal:
        return SEVERAL_SOLUTIONS, f"{shown}{' ...' if len(answers) > 3 else ''} in {left:,} of {worlds:,} worlds"
    if None in equal:
        return UNDECIDED, f"whether these are one answer: {shown}"
    if not other:
        return NOTHING_EXCLUDED, f"the statements exclude no other answer than {shown}"
    agreed = same(stated, answers[0])
    if agreed is None:
        return UNDECIDED, f'whether "{excerpt(stated, 60)}" is {shown}'
    return ("", "") if agreed else (DISAGREED, f'stated "{excerpt(stated, 60)}", found {shown}')


def _of_the_search(fault: str, detail: str) -> str:
    """The detail of a fault, with what the program lacks where that is one of the three functions."""
    for name in ("worlds", "holds", "answer"):
        if fault == RAISED and f"NameError: name '{name}' is not defined" in detail:
            return f"the program does not define {name}"
    return detail
