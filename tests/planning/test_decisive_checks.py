"""What of the checks decides which samples are kept: with another judge, prompt or benchmark it is another run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.planning.models import HERE
from persona_hub.pipelines.planning.plan import BuildPlan, plan_build
from persona_hub.pipelines.planning.samples.checks import changed_checks, checks_of, decisive_checks, recorded_checks
from persona_hub.pipelines.planning.samples.use_cases import use_cases_of
from persona_hub.transforms.hub.manifest import Manifest
from tests.helpers.flags import build_options

USE_CASE = """name: riddle
description: riddles
prompt: "Be brief.\\n---\\n<persona>$persona</persona>"
schema: {type: object, properties: {question: {type: string}, answer: {type: string}}, required: [question, answer]}
question: question
answer: answer
"""
RUBRIC = "criteria: {right: {text: '5: right; 1: wrong', weight: 1}}"
JUDGE = "llm: openai:judge\ntemperature: 0\n"
PROGRAM = "def check(sample):\n    return ''\n"
GIVEN = ("--use_case={f}/riddle.yaml", "--judge={f}/judge.yaml", "--rubric={f}/rubric.yaml", "--verify=vote:2/3")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus.txt").write_text("On clocks.")
    (tmp_path / "riddle.yaml").write_text(USE_CASE)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "rubric.yaml").write_text(RUBRIC)
    (tmp_path / "judge.yaml").write_text(JUDGE)
    (tmp_path / "exam.jsonl").write_text('{"question": "How many?"}\n')
    (tmp_path / "prompts").mkdir()
    return tmp_path


def decisive(folder: Path, *more: str) -> dict[str, Any]:
    options = build_options(*(one.format(f=folder) for one in (*GIVEN, *more)))
    return decisive_checks(options, checks_of(options, HERE, "scrub"), use_cases_of(options))


def plan(folder: Path, *more: str) -> BuildPlan:
    options = build_options(*(one.format(f=folder) for one in (*GIVEN, *more)))
    return plan_build(replace(options, input=(f"{folder}/corpus.txt",), output=f"{folder}/hub"))


def rewrite(name: str, old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new))


def put(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


PROMPTS = "--prompt_dir={f}/prompts"
CHANGES = {
    "the judge's prompt": (
        (PROMPTS,),
        put("prompts/judge.txt", "$rubric\n---\n<sample>$sample</sample> $form"),
        "judge",
    ),
    "the solver's prompt": ((PROMPTS,), put("prompts/solve.txt", "Go.\n---\n<problem>$problem</problem>"), "solve"),
    "a criterion's text": ((), rewrite("rubric.yaml", "1: wrong", "1: bad"), "judge"),
    "a criterion's weight": ((), rewrite("rubric.yaml", "weight: 1", "weight: 2"), "judge"),
    "the judge's model": ((), rewrite("judge.yaml", "openai:judge", "openai:other"), "judge"),
    "how the judge draws": ((), rewrite("judge.yaml", "temperature: 0", "temperature: 1"), "judge"),
    "a benchmark's rows": (
        ("--against_benchmark={f}/exam.jsonl",),
        put("exam.jsonl", '{"question": "How few?"}'),
        "against_benchmark",
    ),
    "the checks of a use case": ((), put("riddle.yaml", f"{USE_CASE}checks: [no_repetition]\n"), "checks"),
    "its program": (("--use_case={f}/own.yaml",), rewrite("program.py", "''", "'no'"), "checks"),
    "what is solved": ((), rewrite("riddle.yaml", "question: question", "question: answer"), "solve"),
}


@pytest.mark.parametrize(("flags", "change", "where"), CHANGES.values(), ids=CHANGES)
def test_other_content_of_a_file_is_another_run(
    folder: Path, flags: tuple[str, ...], change: Callable[[Path], object], where: str
) -> None:
    own = USE_CASE.replace("riddle", "own") + "check_program: program.py\n"
    (folder / "own.yaml").write_text(own)
    before, built = decisive(folder, *flags), plan(folder, *flags)
    assert decisive(folder, *flags) == before
    change(folder)
    after = decisive(folder, *flags)
    assert {name for name in after.keys() | before.keys() if after.get(name) != before.get(name)} == {where}
    again = plan(folder, *flags)
    assert again.fingerprint != built.fingerprint
    [told] = changed_checks(again.checked, built.checked)
    assert ", before " in told


def test_names_of_files_decide_nothing(folder: Path) -> None:
    for name in ("judge.yaml", "rubric.yaml", "exam.jsonl"):
        (folder / f"my-{name}").write_bytes((folder / name).read_bytes())
    one = plan(folder, "--against_benchmark={f}/exam.jsonl")
    other = plan(
        folder, "--against_benchmark={f}/my-exam.jsonl", "--judge={f}/my-judge.yaml", "--rubric={f}/my-rubric.yaml"
    )
    assert one.fingerprint == other.fingerprint


def test_what_is_not_asked_for_leaves_the_name_as_it_was() -> None:
    for flags in ((), ("--use_case=math",), ("--use_case=math", "--verify=program")):
        options = build_options(*flags)
        checks = checks_of(options, HERE, "scrub")
        found = decisive_checks(options, checks, use_cases_of(options))
        assert found == recorded_checks(options, checks, found) == {}


def test_a_manifest_says_how_samples_are_checked(folder: Path) -> None:
    checked = plan(folder, "--against_benchmark={f}/exam.jsonl", "--llm=openai:judge-mini", "--min_score=0.5").checked
    judge = checked["judge"]
    assert (judge["model"], judge["min_score"], judge["temperature"], judge["rubric"]) == (
        "openai:judge",
        0.5,
        0.0,
        {"right": 1.0},
    )
    assert "their names do not tell" in judge["remark"]
    assert checked["verify"] == "vote:2/3"
    assert checked["solve"]["fields"] == {"riddle": ["question", "answer"]}
    assert [(one["file"], one["rows"]) for one in checked["benchmarks"]] == [(f"{folder}/exam.jsonl", 1)]
    made = Manifest(version="0001-5f0c19aa", checks=checked)
    assert Manifest.from_json(made.to_json(), "m").checks == checked
