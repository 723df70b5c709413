"""Rubrics: what a file may say, and the score of points."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from persona_hub.transforms.judging.rubric import (
    Criterion,
    Rubric,
    RubricError,
    default_rubric,
    parse_rubric,
    read_rubric,
)

TWO = Rubric((Criterion("right", "5: right; 1: wrong", 3.0), Criterion("short", "5: short; 1: long", 1.0)))


def test_the_default_looks_at_four_things() -> None:
    assert [one.name for one in default_rubric().criteria] == ["validity", "fidelity", "difficulty", "harmlessness"]


@pytest.mark.parametrize(
    ("right", "short", "score"), [(5, 5, 1.0), (1, 1, 0.0), (5, 1, 0.75), (1, 5, 0.25), (3, 3, 0.5), (4, 2, 0.625)]
)
def test_the_score_is_the_weighted_mean(right: int, short: int, score: float) -> None:
    assert TWO.score({"right": right, "short": short}) == score


def test_an_answer_has_words_first_and_then_all_points() -> None:
    schema = json.loads(TWO.schema)
    assert list(schema["properties"]) == schema["required"] == ["comment", "right", "short"]
    assert schema["properties"]["right"]["enum"] == [1, 2, 3, 4, 5]
    assert TWO.form.endswith('"right": 1 to 5, "short": 1 to 5}')


def test_a_file_of_the_users(tmp_path: Path) -> None:
    file = tmp_path / "rubric.yaml"
    file.write_text(
        "criteria:\n  right:\n    weight: 3\n    text: '5: right; 1: wrong'\n  short: '5: short; 1: long'\n"
    )
    assert read_rubric(str(file)) == TWO
    with pytest.raises(RubricError, match=r"--rubric .*no\.yaml"):
        read_rubric(str(tmp_path / "no.yaml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must hold `criteria:` alone"),
        ("[1]", "must hold `criteria:` alone"),
        ("criteria: {}", "must hold `criteria:` alone"),
        ("criteria: {a: b}\nmore: 1", "must hold `criteria:` alone"),
        ("criteria: {a: [", "r.yaml: line "),
        ("criteria: {A b: text}", "'A b' must be lower-case"),
        ("criteria: {1: text}", "'1' must be lower-case"),
        ("criteria: {comment: text}", "not 'comment'"),
        ("criteria: {a: 3}", "criteria: a: must be a text, or text and weight"),
        ("criteria: {a: {text: b, wieght: 2}}", "unknown key 'wieght'; there are text, weight"),
        ("criteria: {a: {weight: 2}}", "criteria: a: text"),
        ("criteria: {a: {text: ' '}}", "criteria: a: text"),
        ("criteria: {a: {text: b, weight: -1}}", "weight: -1 must be a number from 0"),
        ("criteria: {a: {text: b, weight: .nan}}", "weight: nan must be"),
        ("criteria: {a: {text: b, weight: true}}", "weight: True must be"),
        ("criteria: {a: {text: b, weight: 0}}", "all weights are 0"),
        (f"criteria: {{a: '{'x' * 2001}'}}", "2,001 characters; at most 2,000"),
        ("criteria: {" + ", ".join(f"a{i}: b" for i in range(17)) + "}", "17 criteria; at most 16"),
    ],
)
def test_a_wrong_file_is_told_of(text: str, says: str) -> None:
    with pytest.raises(RubricError) as told:
        parse_rubric(text, "r.yaml")
    assert says in str(told.value)
    assert str(told.value).startswith("r.yaml:")
