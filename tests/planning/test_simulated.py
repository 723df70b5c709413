"""Runs simulated from a pilot: what is known is kept, what is not has an interval that holds as often as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from persona_hub.pipelines.planning.samples.simulated import (
    DISTINCT,
    GOOD,
    PROVED,
    READABLE,
    SOUND,
    Heard,
    Interval,
    StageSeen,
    UseCaseSeen,
    simulate,
)
from persona_hub.transforms.synthesize.accepted.wanted import Wanted, all_rounds

SHARES = {READABLE: 0.97, SOUND: 0.9, PROVED: 0.7, GOOD: 0.8}
USUAL = dict.fromkeys(("synthesize_a", "verify_a", "judge_a"), (300.0, 100.0))
STAGES = (StageSeen("synthesize_a", ""), StageSeen("verify_a", SOUND, 3), StageSeen("judge_a", PROVED, judges=True))


class World:
    """Questions whose fates are drawn once, so that a pilot and the run that follows meet the same."""

    def __init__(self, questions: int, seed: int):
        random = np.random.default_rng(seed)
        through = [np.ones(questions, bool)]
        for share in SHARES.values():
            through.append(through[-1] & (random.random(questions) < share))
        self.through = np.array(through)

    def reached(self, questions: int) -> list[int]:
        """How many of the first so many came to each step, and got through all."""
        return [int(n) for n in self.through[:, :questions].sum(1)]

    def pilot(self, n: int) -> UseCaseSeen:
        """What a pilot of `n` questions has seen."""
        asked, *through = self.reached(n)
        heard = dict(zip(("synthesize_a", "verify_a", "judge_a"), (asked, 3 * through[1], through[2]), strict=True))
        stages = tuple(replace(one, heard=Heard(heard[one.stage])) for one in STAGES)
        return UseCaseSeen(asked, dict(zip(SHARES, through, strict=True)), stages)

    def calls(self, questions: int) -> dict[str, int]:
        """The calls of a run that asks so many."""
        asked, _, sound, proved, _ = self.reached(questions)
        return {"synthesize_a": asked, "verify_a": 3 * sound, "judge_a": proved}

    def rounds(self, wanted: Wanted) -> int:
        """The questions that a run with --accepted asks."""
        good = self.through[-1]
        return all_rounds(len(good), wanted, lambda progress: int(good[progress.begin : progress.end].sum())).end


@pytest.mark.parametrize("wanted", [None, Wanted(accepted=300)], ids=["all are asked", "--accepted"])
def test_the_intervals_hold(wanted: Wanted | None) -> None:
    held, errors = list[bool](), list[float]()
    for seed in range(40):
        world = World(2000, seed)
        asked = world.rounds(wanted) if wanted else 2000
        drawn = simulate(world.pilot(256), 2000, wanted, USUAL, retries=False, runs=100)
        for stage, used in world.calls(asked).items():
            found = Interval.of(drawn.stages[stage].calls)
            held.append(found.low <= used <= found.high)
            errors.append(abs(found.expected / used - 1))
    assert np.mean(held) >= 0.9
    assert np.median(errors) < 0.05


def test_a_pilot_of_a_thousand_questions_tells_the_calls_of_accepted_samples_within_5_percent() -> None:
    wanted = Wanted(accepted=1000)
    for seed in range(5):
        world = World(6000, seed)
        asked = world.rounds(wanted)
        drawn = simulate(world.pilot(1000), 6000, wanted, USUAL, retries=False, runs=300)
        guess = sum(drawn.stages[stage].calls.mean() for stage in USUAL)
        assert guess == pytest.approx(sum(world.calls(asked).values()), rel=0.05)
        assert Interval.of(drawn.accepted) == Interval(1000, 1000, 1000)


def test_what_the_pilot_was_all_of_is_known() -> None:
    world = World(400, 1)
    drawn = simulate(world.pilot(400), 400, None, USUAL, retries=False, runs=20)
    for stage, used in world.calls(400).items():
        assert Interval.of(drawn.stages[stage].calls) == Interval(used, used, used)
    assert set(drawn.accepted) == {world.reached(400)[-1]}


def test_near_duplicates_grow_with_what_there_is() -> None:
    seen = UseCaseSeen(200, {READABLE: 200, SOUND: 200, DISTINCT: 160}, (StageSeen("synthesize_a", ""),))
    share = [simulate(seen, n, None, USUAL, runs=100).accepted.mean() / n for n in (200, 2000, 20_000)]
    assert share[0] == 0.8
    assert share[0] > 1.3 * share[1] > 1.3**2 * share[2]


def test_what_is_asked_again_is_paid_again_and_only_where_it_is_asked_again() -> None:
    heard = Heard(answers=220, again=20, input_tokens=22_000, output_tokens=4400, squared_tokens=220 * 120**2)
    seen = UseCaseSeen(200, {READABLE: 195, SOUND: 195}, (StageSeen("synthesize_a", "", heard=heard),))
    drawn = simulate(seen, 2000, None, USUAL).stages["synthesize_a"]
    assert drawn.calls.mean() == pytest.approx(2200, rel=0.01)
    assert drawn.again.mean() == pytest.approx(200, rel=0.05)
    assert drawn.input_tokens == pytest.approx(100 * drawn.calls)  # all calls had 120 tokens: the mean is sure
    assert simulate(replace(seen, stages=STAGES[:1]), 2000, None, USUAL, retries=False).stages[
        "synthesize_a"
    ].calls.tolist() == pytest.approx([1800.0] * 1000)


def test_tokens_that_spread_widen_the_interval_of_their_sum() -> None:
    def width(squared: int) -> float:
        heard = Heard(200, 0, 16_000, 4000, squared)
        seen = UseCaseSeen(200, {READABLE: 200, SOUND: 200}, (StageSeen("synthesize_a", "", heard=heard),))
        found = Interval.of(simulate(seen, 10_000, None, USUAL, retries=False).stages["synthesize_a"].input_tokens)
        assert found.expected == pytest.approx(800_000, rel=0.01)
        return found.high - found.low

    assert width(200 * 100**2) == 0
    half = Heard(200, 0, 16_000, 4000, round(200 * 100**2 * 1.25)).spread
    assert half == pytest.approx(0.5, rel=0.01)
    assert width(round(200 * 100**2 * 1.25)) == pytest.approx(2 * 1.96 * 0.5 / 200**0.5 * 784_000, rel=0.15)


def test_samples_that_nobody_looked_at_are_not_counted_against_those_that_were() -> None:
    through = {READABLE: 200, SOUND: 200, GOOD: 80}
    seen = UseCaseSeen(200, through, (StageSeen("synthesize_a", ""),), open={GOOD: 100})
    drawn = simulate(seen, 20_200, None, USUAL, runs=200)
    assert drawn.accepted.mean() == pytest.approx(80 + 20_000 * 0.8, rel=0.03)
