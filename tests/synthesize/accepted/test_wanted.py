"""How many questions each round asks, whatever the rounds before have brought."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.synthesize.accepted.wanted import (
    PILOT,
    ROUNDS,
    Progress,
    Wanted,
    first_round,
    next_round,
)

PLENTY = 10**9  # questions


def rounds(possible: int, wanted: Wanted, bring: Callable[[Progress], tuple[int, int]]) -> Iterator[Progress]:
    """All rounds, and what is known after the last; `bring`: (accepted, open) of a round."""
    progress = first_round(possible, wanted)
    for n in range(ROUNDS):
        yield progress
        progress = next_round(progress, *bring(progress), wanted, n == ROUNDS - 2)
    yield progress


def simulated(wanted: Wanted, share: float, seed: int, possible: int = PLENTY) -> tuple[Progress, int]:
    """(what is known after the last round, the questions asked), where each question is accepted by so much chance."""
    drawn = random.Random(seed)

    def bring(progress: Progress) -> tuple[int, int]:
        return sum(drawn.random() < share for _ in range(progress.asks)), 0

    *asked, last = rounds(possible, wanted, bring)
    return last, sum(progress.asks for progress in asked)


@given(
    st.integers(0, 5000),
    st.integers(1, 2000),
    st.integers(0, 3000),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=ROUNDS, max_size=ROUNDS),
)
def test_no_round_asks_again_or_beyond_what_there_is(
    possible: int, accepted: int, more: int, brought: list[tuple[float, float]]
) -> None:
    wanted = Wanted(accepted=accepted, candidates=accepted + more if more else 0)
    shares = iter(brought)

    def bring(progress: Progress) -> tuple[int, int]:
        kept, lost = next(shares)
        found = int(kept * progress.asks)
        return found, int(lost * lost * (progress.asks - found))

    *asked, last = rounds(possible, wanted, bring)
    most = min(possible, wanted.candidates or possible)
    assert asked[0].begin == 0
    for before, after in zip(asked, [*asked[1:], last], strict=True):
        assert after.begin == before.end <= after.end <= most
        assert before.accepted <= after.accepted <= accepted
        if before.open or not before.short_of(wanted):
            assert not before.asks
    assert sum(progress.asks for progress in asked) <= most


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("accepted", [1, 20, 150, 1000])
def test_there_are_enough_in_the_end_and_few_are_paid_in_vain(accepted: int, share: float) -> None:
    wanted, beyond = Wanted(accepted=accepted), list[float]()
    for seed in range(20):
        last, asked = simulated(wanted, share, seed)
        assert last.accepted == accepted
        beyond.append(asked * share - accepted)
    if accepted >= 150:
        assert mean(beyond) <= 3 * accepted**0.5


def test_where_all_is_accepted_nothing_is_asked_beyond() -> None:
    assert simulated(Wanted(accepted=1000), 1.0, 0) == (
        Progress(possible=PLENTY, begin=1000, end=1000, accepted=1000),
        1000,
    )


def test_where_none_is_accepted_the_pilot_is_all() -> None:
    last, asked = simulated(Wanted(accepted=1000), 0.0, 0)
    assert (last.accepted, asked) == (0, PILOT)
    last, asked = simulated(Wanted(accepted=100_000), 0.0, 0)
    assert (last.accepted, asked) == (0, 100_000 // 16)
    for accepted in (1, 10, 255):
        last, asked = simulated(Wanted(accepted=accepted), 0.0, 0)
        assert (last.accepted, asked) == (0, PILOT)


def test_a_last_few_that_all_fail_do_not_make_the_next_round_a_big_one() -> None:
    wanted = Wanted(accepted=1000)
    before = Progress(possible=PLENTY, begin=1664, end=1666, accepted=999, share=0.6)
    after = next_round(before, 0, 0, wanted, is_last=False)
    assert after.asks == 2


def test_candidates_are_all_asked_before_it_gives_up() -> None:
    last, asked = simulated(Wanted(accepted=500, candidates=600), 0.5, 0)
    assert last.accepted < 500
    assert asked == 600


def test_an_open_question_ends_it() -> None:
    wanted = Wanted(accepted=1000)
    *asked, last = rounds(PLENTY, wanted, lambda progress: (progress.asks // 2, 1))
    assert [progress.asks for progress in asked] == [PILOT] + [0] * (ROUNDS - 1)
    assert (last.accepted, last.open) == (PILOT // 2, 1)


def test_fewer_candidates_than_samples_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="--candidates 5: fewer than --accepted 6"):
        Wanted(accepted=6, candidates=5)
    Wanted(accepted=6)
