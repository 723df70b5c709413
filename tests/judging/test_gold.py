"""Gold sets: what a file may say, and how far scores agree with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from persona_hub.transforms.judging.agreement import Agreement, agreement_in, count_name
from persona_hub.transforms.judging.gold import GoldError, GoldRow, agreement_with, by_sample, gold_row, read_gold
from persona_hub.transforms.records import Sample, persona_id
from tests.helpers.checks.checking import sample

DIVER = persona_id("A diver")


def scored(text: str, score: float, number: int = 0) -> Sample:
    return replace(sample(text, "1", number, "A diver"), text=text, scores=json.dumps({"score": score}))


def test_rows_name_samples_by_text_or_by_id(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text('{"text": "a", "verdict": 1}\n\n{"persona_id": "5f", "number": 2, "score": 0.25}\n')
    assert read_gold(str(file)) == (GoldRow(1.0, "a"), GoldRow(0.25, "", "5f", 2))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "g: not JSON"),
        ("[1]", "g: must be an object"),
        ('{"verdict": 1}', "g: names no sample"),
        ('{"text": 3, "verdict": 1}', "g: names no sample"),
        ('{"text": "a"}', "g: give either verdict"),
        ('{"text": "a", "verdict": 1, "score": 1}', "g: give either verdict"),
        ('{"text": "a", "verdict": 2}', "g: verdict: '2' must be"),
        ('{"text": "a", "verdict": "yes"}', "g: verdict: 'yes' must be"),
        ('{"text": "a", "score": 1.5}', "g: score: '1.5' must be"),
        ('{"text": "a", "score": true}', "g: score: 'True' must be"),
        ('{"persona_id": "5f", "number": -1, "verdict": 1}', "g: number: -1 must be"),
    ],
)
def test_a_wrong_row_is_told_of(line: str, says: str) -> None:
    with pytest.raises(GoldError) as told:
        gold_row(line, "g")
    assert str(told.value).startswith(says)


@pytest.mark.parametrize(
    ("line", "use_cases", "says"),
    [
        ('{"persona_id": "5f", "verdict": 1}', ["math", "tool"], "g: use_case: '' must be one of math, tool"),
        ('{"text": "a", "verdict": 1, "use_case": "maths"}', ["math"], "g: use_case: 'maths' must be one of math"),
        ('{"text": "a", "verdict": 1, "use_case": 7}', ["math"], "g: use_case: '7' must be one of math"),
    ],
)
def test_a_row_of_no_use_case_of_the_run(line: str, use_cases: list[str], says: str) -> None:
    with pytest.raises(GoldError) as told:
        gold_row(line, "g", use_cases)
    assert str(told.value) == says


def test_a_row_is_of_the_use_case_that_it_names() -> None:
    for line, use_cases in (
        ('{"persona_id": "5f", "verdict": 1}', ["math"]),
        ('{"text": "a", "verdict": 1}', ["math", "tool"]),
        ('{"persona_id": "5f", "verdict": 1, "use_case": "tool"}', ["math", "tool"]),
    ):
        row = gold_row(line, "g", use_cases)
        assert bool(by_sample([row], "math")) == (row.use_case != "tool")
        assert by_sample([row], "tool") == {row.key: [1.0]}


def test_two_people_on_one_sample_count_twice() -> None:
    gold = [GoldRow(1.0, "a"), GoldRow(0.0, "a"), GoldRow(1.0, "", DIVER, 0)]
    assert agreement_with(gold, [scored("a", 0.8)]) == Agreement(both=2, judge_only=1)


def test_counts_are_the_agreement_again() -> None:
    found = Agreement(both=4, judge_only=3, human_only=2, neither=1)
    pairs = {(True, True): 4, (True, False): 3, (False, True): 2, (False, False): 1}
    assert agreement_in({count_name(*pair): n for pair, n in pairs.items()} | {"asked": 10}) == found
    assert found.told["gold_samples"] == 10
    assert Agreement(both=3).told["kappa"] is None


def test_a_file_without_rows(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text("\n")
    with pytest.raises(GoldError, match="holds no row"):
        read_gold(str(tmp_path / "gold.jsonl"))
    with pytest.raises(GoldError, match="--judge_gold"):
        read_gold(str(tmp_path / "none.jsonl"))


def test_scores_become_verdicts_at_the_least_score() -> None:
    samples = [scored("a", 0.8), scored("b", 0.6, 1), scored("c", 0.2, 2), scored("d", 0.9, 3), sample("e", "1", 4)]
    gold = [
        GoldRow(1.0, "a"),
        GoldRow(0.0, "", DIVER, 1),
        GoldRow(0.0, "c"),
        GoldRow(0.6, "d"),
        GoldRow(1.0, "unknown"),
    ]
    assert agreement_with(gold, samples) == Agreement(both=2, judge_only=1, neither=1)
    assert agreement_with(gold, samples, 0.7) == Agreement(both=1, judge_only=1, neither=2)
    assert agreement_with([GoldRow(1.0, sample("e", "1", 4).text)], samples) == Agreement()
