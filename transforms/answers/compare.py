"""Whether two answers are the same. What is not sure is UNDECIDED, never EQUAL."""

from __future__ import annotations

from persona_hub.transforms.answers.equality import Prove, readings
from persona_hub.transforms.answers.formulas.proofs import proved
from persona_hub.transforms.answers.formulas.trees import Node
from persona_hub.transforms.answers.reading import answer_values
from persona_hub.transforms.answers.verdicts import Verdict, agreed

MOST_PROOFS = 8  # of one comparison: a set may hold fifty formulas, and a proof take seconds
__all__ = ["Verdict", "compare_answers"]


def compare_answers(
    stated: str, other: str, language: str = "und", other_language: str | None = None, prove: Prove = proved
) -> Verdict:
    """Whether `stated` and `other`, such as what a program printed, are one answer.

    `language` (BCP 47; "und" where it is not known) says how both write numbers, words and dates; `other_language`
    where the other writes them in another way: "en" for what a program printed. Texts of more than 1,000 characters
    are UNDECIDED. `prove` shows formulas equal whose values agree; the one that is there asks `math-verify` in a
    process of its own. Raises nothing. Safe to call from several threads.
    """
    ours, theirs = answer_values(stated, language), answer_values(other, other_language or language)
    if not ours or not theirs:
        return Verdict.UNDECIDED
    prove = _sparingly(prove)
    if language == (other_language or language):
        if stated.strip() == other.strip():
            return Verdict.EQUAL
        ways = ours.keys() & theirs.keys()
        if ways:
            return agreed(readings(ours[way], theirs[way], prove) for way in sorted(ways))
    return agreed(readings(one, two, prove) for one in ours.values() for two in theirs.values())


def _sparingly(prove: Prove) -> Prove:
    """`prove`, for one comparison: after eight proofs, or one that was not found, nothing more is proved."""
    left = MOST_PROOFS

    def proved_if_asked(one: Node, other: Node) -> bool:
        nonlocal left
        left -= 1
        found = left >= 0 and prove(one, other)
        left = left if found else 0
        return found

    return proved_if_asked
