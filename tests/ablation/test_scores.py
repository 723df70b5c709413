"""Scores of models trained on the arms: how a file is read, and how two are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from persona_hub.transforms.ablation.scores import ArmScore, ScoreError, newcombe, read_scores, scores_told

ARMS = ("none", "hub:10")


def read(tmp_path: Path, name: str, text: str) -> list[ArmScore]:
    (tmp_path / name).write_text(text)
    return read_scores(f"{tmp_path}/{name}", ARMS)


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    table = read(
        tmp_path, "a.csv", "arm, benchmark, score, n, note\nnone, exam, 0.25, 200, x\nhub:10, exam, 0.5, 200,\n"
    )
    lines = (
        '{"arm": "none", "benchmark": "exam", "correct": 50, "total": 200}\n\n'
        '{"arm": "hub:10", "benchmark": "exam", "score": 0.5, "n": 200}\n'
    )
    assert table == [ArmScore("none", "exam", 50, 200), ArmScore("hub:10", "exam", 100, 200)]
    assert read(tmp_path, "a.jsonl", lines) == table


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"arm": "hub", "benchmark": "e", "score": 1, "n": 2}', "line 2: arm: 'hub' is none of this experiment"),
        ('{"arm": "none", "score": 1, "n": 2}', "line 2: benchmark: name the test"),
        ('{"arm": "none", "benchmark": "e", "score": 43.5, "n": 2}', "line 2: score: 43.5 .*divide percents by 100"),
        ('{"arm": "none", "benchmark": "e", "score": "x", "n": 2}', "line 2: score: 'x' must be a number"),
        ('{"arm": "none", "benchmark": "e", "score": NaN, "n": 2}', "line 2: not JSON"),
        ('{"arm": "none", "benchmark": "e", "score": 1, "n": 2.5}', "line 2: n: 2.5 must be a whole number"),
        ('{"arm": "none", "benchmark": "e", "correct": 3, "total": 2}', "line 2: correct: 3 must be .* 0 to 2"),
        ('{"arm": "none", "benchmark": "e", "correct": 3}', "line 2: give either correct and total, or score and n"),
        ('{"arm": "none", "benchmark": "exam", "score": 1, "n": 2}', "line 2: a second score of none on exam"),
        ("7", "line 2: must be an object"),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, line: str, said: str) -> None:
    first = '{"arm": "none", "benchmark": "exam", "score": 1, "n": 2}\n'
    with pytest.raises(ScoreError, match=f"--scores .*a.jsonl: {said}"):
        read(tmp_path, "a.jsonl", first + line)


def test_files_without_scores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="holds no score"):
        read(tmp_path, "a.csv", "arm,benchmark,correct,total\n")
    with pytest.raises(ScoreError, match=r"--scores .*nowhere.csv: No such file"):
        read_scores(f"{tmp_path}/nowhere.csv", ARMS)


def test_each_stands_beside_the_control_of_its_benchmark() -> None:
    told = scores_told(
        [ArmScore("none", "a", 48, 80), ArmScore("hub", "a", 56, 70), ArmScore("hub", "b", 1, 9)], "none"
    )
    assert [one["less_control"] is not None for one in told] == [False, True, False]
    assert told[1]["less_control"]["low"] == pytest.approx(0.0524, abs=1e-4)
    assert told[1]["score"]["low"] < 0.8 < told[1]["score"]["high"]


@pytest.mark.parametrize(("p", "q", "n"), [(0.5, 0.5, 40), (0.9, 0.7, 100), (0.02, 0.1, 60)])
def test_the_interval_holds_the_true_difference(p: float, q: float, n: int) -> None:
    rng = np.random.default_rng(1)
    found = [newcombe(ArmScore("", "", a, n), ArmScore("", "", b, n)) for a, b in rng.binomial(n, (p, q), (1000, 2))]
    assert 0.935 < np.mean([low <= p - q <= high for _, low, high in found]) <= 0.99
