"""The figures of docs/contamination.md, on real problems."""

from __future__ import annotations

import gzip
import json
import random
import re
from pathlib import Path

import pytest

from persona_hub.transforms.contamination.benchmark import BenchmarkIndex
from tests.material.problems.changed import Changer

OTHERS = 250  # MGSM is the first 250 problems of GSM8K
LANGUAGES = ("en", "de", "es", "zh", "ja")
ALARMS = 0.005


@pytest.fixture(scope="module")
def problems(data: Path) -> list[str]:
    return [json.loads(line)["question"] for line in (data / "math/gsm8k_test.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def gsm8k(problems: list[str]) -> BenchmarkIndex:
    return BenchmarkIndex.of(problems)


@pytest.fixture(scope="module")
def tools(data: Path) -> list[str]:
    lines = gzip.decompress((data / "personas/personahub_tool.jsonl.gz").read_bytes()).splitlines()
    return [json.loads(line)["synthesized text"] for line in lines]


def translated(data: Path, language: str) -> list[str]:
    lines = (data / f"math/mgsm_{language}.tsv").read_text("utf-8").splitlines()
    return [line.split("\t")[0] for line in lines]


def share_found(index: BenchmarkIndex, texts: list[str]) -> float:
    return sum(one is not None for one in index.find(texts)) / len(texts)


def test_every_problem_is_found_verbatim(gsm8k: BenchmarkIndex, problems: list[str], tools: list[str]) -> None:
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    forms = {
        "as it is": problems,
        "capitals": [text.upper() for text in problems],
        "small": [text.lower() for text in problems],
        "punctuation": [re.sub(r"[^\w\s]", " ", text) for text in problems],
        "white space": [re.sub(r"\s", "\r\n\u00a0", text) for text in problems],
        "full width": [text.translate(wide) for text in problems],
        "inside": [f"{tools[n]}\n{text} {tools[n + 1]}" for n, text in enumerate(problems)],
    }
    for form, texts in forms.items():
        found = gsm8k.find(texts)
        assert [one.row for one in found if one] == list(range(len(problems))), form


@pytest.mark.parametrize(("units", "least"), [(True, 0.95), (False, 0.99)])
def test_problems_with_other_names_and_numbers_are_found(
    gsm8k: BenchmarkIndex, problems: list[str], tools: list[str], units: bool, least: float
) -> None:
    change = Changer(problems, seed=5, units=units)
    changed = [change(text) for text in problems]
    assert share_found(gsm8k, changed) >= least
    assert share_found(gsm8k, [f"{tools[n]} {text}" for n, text in enumerate(changed)]) >= least


def test_other_problems_are_not_found(data: Path, gsm8k: BenchmarkIndex, problems: list[str], tools: list[str]) -> None:
    english = translated(data, "en")
    assert share_found(BenchmarkIndex.of(english), problems[OTHERS:]) < ALARMS
    assert share_found(BenchmarkIndex.of(problems[OTHERS:]), english) < ALARMS
    assert share_found(gsm8k, tools) < ALARMS


def test_tasks_of_another_kind_are_not_found(
    data: Path, gsm8k: BenchmarkIndex, problems: list[str], tools: list[str]
) -> None:
    tasks = []
    for name in ("selfinstruct_seed_tasks", "selfinstruct_user_oriented"):
        for line in (data / f"instructions/{name}.jsonl").read_text("utf-8").splitlines():
            task = json.loads(line)
            tasks.append([task["instruction"], *task["instances"][0].values()])
    assert share_found(gsm8k, ["\n".join(task) for task in tasks]) < ALARMS
    assert share_found(BenchmarkIndex.of(task[0] for task in tasks), [*tools, *problems]) < ALARMS


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_languages(data: Path, language: str) -> None:
    rows = translated(data, language)
    half = len(rows) // 2
    index, chance = BenchmarkIndex.of(rows[:half]), random.Random(3)
    assert share_found(index, [f"{rows[-n]} {text}" for n, text in enumerate(rows[:half], 1)]) == 1
    numbers = [re.sub(r"\d+", lambda _: str(chance.randint(2, 999)), text) for text in rows[:half]]
    assert share_found(index, numbers) >= 0.99
    assert share_found(index, rows[half:]) <= 1 / half
