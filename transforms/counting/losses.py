"""Which questions a run has left open, so that it is partial and the same command asks them again.

A question ends in one of four ways. It is answered. It is open: the budget ran out, the account was refused, or the
server gave no answer in all attempts. It is refused for its input: a filter, a text too long; asked again it would be
refused again. Or its answer is lost: malformed, cut off, unreadable.

What is open makes a run partial, were it one question. What is lost does where it is more than a share of a step's
questions (`--max_lost`). An example, with a share of 0.05:

    {"extract_persona": {"asked": 200, "answered": 181, "lost-malformed": 12, "lost-moderation": 7}}

12 of 200 are more than 0.05, so the run is partial by {"malformed": 12}. The 7 are of their inputs and count for
nothing. Where a step has not one answer, a 400 that names no cause may as well be the request's fault: it is lost, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.reasons import of_input, surely_of_input, unanswered

MAX_LOST = 0.05  # of a step's questions
LARGE_SHARE = 0.9  # of what a step reads, lost for one reason, is most of it
ENOUGH = 20  # records from which on a share says something: a few files may have a damaged one among them
REPEATS_SAMPLE = "repeats-sample"  # in manifests of earlier releases, whose finished runs would else be done again
LOST = "lost-"  # begins the counts of dead letters, and a reason ends them
ASKED, ANSWERED = "asked", "answered"

Counts = Mapping[str, Mapping[str, int]]


def open_questions(counts: Counts, max_lost: float = MAX_LOST) -> dict[str, int]:
    """Questions that the same command asks again, by the reason why they have no answer: {"budget-exhausted": 120}."""
    found: Counter[str] = Counter()
    for stage, row in counts.items():
        lost = lost_answers(stage, row)
        if sum(lost.values()) <= max_lost * questions(stage, row):
            lost = {}
        found.update({reason: n for reason, n in reasons(row) if unanswered(reason)} | lost)
    return dict(sorted(found.items()))


def is_most(lost: int, whole: int, max_lost: float) -> bool:
    """Whether `lost` of `whole` records, all for one reason, are so many that the command must be wrong.

    >>> is_most(18, 20, 0.05), is_most(17, 20, 0.05), is_most(9, 10, 0.05), is_most(18, 20, 1.0)
    (True, False, False, False)
    """
    return whole >= ENOUGH and lost >= LARGE_SHARE * whole and lost > max_lost * whole


def all_lost(counts: Counts) -> dict[str, int]:
    """Answers that were lost, by reason, whatever their share."""
    found: Counter[str] = Counter()
    for stage, row in counts.items():
        found.update(lost_answers(stage, row))
    return dict(sorted(found.items()))


def refused_inputs(counts: Counts) -> dict[str, int]:
    """Questions that the server refused for their inputs, by reason."""
    found: Counter[str] = Counter()
    for stage, row in counts.items():
        if questions(stage, row):
            lost = lost_answers(stage, row)
            found.update({reason: n for reason, n in reasons(row) if of_input(reason) and reason not in lost})
    return dict(sorted(found.items()))


def lost_answers(stage: str, row: Mapping[str, int]) -> dict[str, int]:
    """Answers of one step that are lost, by reason; none for a step that asks nothing."""
    if not questions(stage, row):
        return {}
    final = surely_of_input if ASKED in row and not row.get(ANSWERED) else of_input
    return {
        reason: n for reason, n in reasons(row) if not (unanswered(reason) or final(reason) or reason == REPEATS_SAMPLE)
    }


def questions(stage: str, row: Mapping[str, int]) -> int:
    """How many questions a step had: vectors of personas are asked for one by one, too."""
    return row.get("personas", 0) if stage == EMBED_DEDUP else row.get(ASKED, 0)


def reasons(row: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """(reason, dead letters) of one step's counts."""
    for name, n in row.items():
        if name.startswith(LOST) and n:
            yield name.removeprefix(LOST), n
