"""Which questions leave a run partial: what is open always, what is lost beyond a share, what is refused never."""

from __future__ import annotations

import pytest

from persona_hub.transforms.counting.losses import all_lost, open_questions, refused_inputs


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
        ({"asked": 100, "answered": 1, "lost-repeats-sample": 99}, {}),  # answered, and not kept
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
