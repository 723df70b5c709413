"""Which questions leave a run partial: what is open always, what is lost beyond a share, what is refused never."""

from __future__ import annotations

import pytest

from persona_hub.transforms.calls.clients.failures import FAILURES, NO_STATUS, Row
from persona_hub.transforms.calls.clients.said import Said
from persona_hub.transforms.calls.protocol import Verdict
from persona_hub.transforms.counting.losses import all_lost, open_questions, refused_inputs
from persona_hub.transforms.reasons import of_input, unanswered


@pytest.mark.parametrize(
    ("row", "partial"),
    [
        ({"asked": 100, "answered": 100}, {}),
        ({"asked": 100, "answered": 99, "lost-budget-exhausted": 1}, {"budget-exhausted": 1}),
        ({"asked": 100, "answered": 99, "lost-account-http-402": 1}, {"account-http-402": 1}),
        ({"asked": 100, "answered": 99, "lost-unreadable-response": 1}, {"unreadable-response": 1}),
        ({"asked": 100, "answered": 95, "lost-malformed": 5}, {}),
        ({"asked": 100, "answered": 94, "lost-malformed": 6}, {"malformed": 6}),
        ({"asked": 100, "answered": 94, "lost-malformed": 3, "lost-repeated": 3}, {"malformed": 3, "repeated": 3}),
        ({"asked": 100, "answered": 94, "lost-copies-document": 6}, {"copies-document": 6}),
        ({"asked": 100, "answered": 1, "lost-repeats-sample": 99}, {}),  # of an earlier release: answered, and not kept
        ({"asked": 100, "answered": 1, "lost-moderation": 99}, {}),
        ({"asked": 100, "answered": 1, "lost-http-400": 99}, {}),
        ({"asked": 100, "lost-http-400": 100}, {"http-400": 100}),  # nothing was answered: it may be the request
        ({"asked": 1, "lost-moderation": 1}, {}),
        ({"asked": 0}, {}),
        ({"records": 4, "lost-gzip-truncated": 4}, {}),  # of a step that asks nothing
    ],
)
def test_what_leaves_a_run_partial(row: dict[str, int], partial: dict[str, int]) -> None:
    assert open_questions({"extract_persona": row, "expand_persona": {"asked": 10**6, "answered": 10**6}}) == partial


def test_the_share_is_of_each_step() -> None:
    counts = {
        "extract_persona": {"asked": 1000, "answered": 1000},
        "synthesize_math": {"asked": 10, "lost-malformed": 1},
    }
    assert open_questions(counts, 0.05) == {"malformed": 1}
    assert open_questions(counts, 0.1) == {}
    assert all_lost(counts) == {"malformed": 1}


def test_vectors_are_questions_too() -> None:
    counts = {"embed_dedup": {"personas": 10, "kept": 9, "lost-malformed-vectors": 1}}
    assert open_questions(counts) == {"malformed-vectors": 1}


def test_what_was_refused_is_told_apart_from_what_was_lost() -> None:
    counts = {"extract_persona": {"asked": 9, "answered": 6, "lost-moderation": 2, "lost-malformed": 1}}
    assert refused_inputs(counts) == {"moderation": 2}
    assert all_lost(counts) == {"malformed": 1}


def row_of(row: Row, status: int) -> Row | None:
    """The row that a server gets which says, with a status, what `row` is about."""
    said = Said(status, codes=tuple(sorted(row.codes)), as_json=True)
    return row if row.words and status in row.statuses else next((one for one in FAILURES if one.fits(said)), None)


def test_reasons_of_failures_are_counted_as_their_verdicts_say() -> None:
    for row in FAILURES:
        for status in (200, 400, 403, 404, 408, 413, 422, 424, 429, 451, 499, 500, 503, 529):
            reason = row.reason.replace("STATUS", str(status))
            if row.verdict is Verdict.REQUEST or row is not row_of(row, status):
                continue
            assert unanswered(reason) == (row.verdict in (Verdict.WAIT, Verdict.ACCOUNT)), (row.says, status)
            assert of_input(reason) == (row.verdict is Verdict.INPUT), (row.says, status)
    assert all(unanswered(reason) for _, reason, verdict in NO_STATUS if verdict is Verdict.WAIT)
