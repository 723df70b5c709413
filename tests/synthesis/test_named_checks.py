"""Checks that a user's own use case lists by name: each keeps what is right and says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.records import Proof, Sample
from persona_hub.transforms.synthesis.checks import plugins
from persona_hub.transforms.synthesis.rejection import RejectedSample
from persona_hub.transforms.synthesis.use_case import UseCase, UseCaseError
from persona_hub.transforms.synthesis.use_cases import load_use_case

FIELDS = ("question", "solution", "answer", "second")


def own(folder: Path, *checks: object, **more: object) -> UseCase:
    """A use case of a user's own with these checks."""
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in FIELDS}, "required": FIELDS}
    entries = {"name": "riddle", "description": "r", "prompt": "a\n---\n$persona $modules", "schema": schema}
    file = folder / "riddle.yaml"
    file.write_text(json.dumps({**entries, "checks": checks, **more}))
    return load_use_case(str(file))


def checked(use_case: UseCase, **fields: str) -> Sample:
    """The sample of an answer with these fields, after all checks."""
    answer = {"question": "What is twice six?", "solution": "print(2 * 6)", "answer": "12", "second": "12.0"}
    text, read = use_case.read_with_fields(json.dumps({**answer, **fields}))
    sample = Sample("p", "A clockmaker who restores tower clocks", "riddle", text, "r", "m", "h", 0, 1, 1, fields=read)
    for check in use_case.checks:
        sample = check(sample)
    return sample


@pytest.mark.parametrize(
    ("entry", "bad", "reason", "detail"),
    [
        ({"length": {"field": "question", "words": "3-9"}}, {"question": "Twice six?"}, "too-short", "2 words"),
        ({"length": {"field": "question", "words": "-4"}}, {}, None, ""),
        ({"length": {"field": "question", "words": "-3"}}, {}, "too-long", "4 words"),
        ({"length": {"field": "answer", "characters": "2-"}}, {"answer": "1"}, "too-short", "1 characters"),
        ({"language": {"field": "question"}}, {"question": "Wie viel ist zweimal sechs?"}, "wrong-language", "de"),
        ({"language": "en"}, {}, None, ""),
        ("no_repetition", {"question": "and so on it goes " * 20}, "repeats-itself", "over and over"),
        ({"no_refusal": "question"}, {"question": "I'm sorry, but I can't help with that."}, "refusal", "sorry"),
        ("no_control_characters", {"question": "What is \u202etwice six?"}, "control-characters", "U.202E"),
        ({"regex": {"field": "question", "matches": r"\?$"}}, {"question": "Twice six."}, "user-check", "not in q"),
        ({"regex": {"without": "persona"}}, {"question": "Which persona?"}, "user-check", "is in the text: persona"),
        ({"regex": {"field": "question", "matches": "(a|a)*$b"}}, {"question": "a" * 40}, "user-check", "regex"),
        ({"same_answer": {"field": "answer", "as": "second"}}, {"second": "13"}, "user-check", "second '13'"),
        ({"same_answer": {"field": "answer", "as": "second"}}, {}, None, ""),
    ],
    ids=str,
)  # fmt: skip
def test_a_check_by_name(tmp_path: Path, entry: Any, bad: dict[str, str], reason: str | None, detail: str) -> None:
    use_case = own(tmp_path, entry)
    if reason is None:
        assert checked(use_case, **bad).proof == Proof("schema", agreed=1)
        return
    with pytest.raises(RejectedSample, match=detail) as rejected:
        checked(use_case, **bad)
    assert rejected.value.reason == reason


KEYS = {"question": "question", "answer": "answer", "program": "solution"}


def test_a_program_of_ones_own_use_case_is_run(tmp_path: Path) -> None:
    use_case = own(tmp_path, **KEYS)
    sample = checked(use_case)
    assert sample.proof == Proof("program", "print(2 * 6)", "12", 1)
    assert (use_case.question_of(sample), use_case.answer_of(sample)) == ("What is twice six?", "12")
    with pytest.raises(RejectedSample, match="prints '14'") as rejected:
        checked(use_case, solution="print(2 * 7)")
    assert rejected.value.reason == "program-disagreed"
    assert use_case.unproved.checks == ()
    assert "itertools" in use_case.prompt.user


def test_a_check_program_runs_in_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def check(fields):\n    return 'odd' if int(fields['answer']) % 2 else None\n")
    use_case = own(tmp_path, check_program="mine.py")
    assert checked(use_case).proof.kind == "schema"
    for answer, detail in (("13", "^odd$"), ("none", "mine.py: raised: .*ValueError")):
        with pytest.raises(RejectedSample, match=detail) as rejected:
            checked(use_case, answer=answer)
        assert rejected.value.reason == "user-check"


def test_other_checks_make_another_run(tmp_path: Path) -> None:
    hashes = {own(tmp_path, *checks).checked_by for checks in (["no_repetition"], [], ["no_refusal"])}
    assert len(hashes) == 3
    assert own(tmp_path, "no_refusal").checked_by == own(tmp_path, "no_refusal").checked_by


class Point:
    """An entry point that gives `found`."""

    def __init__(self, found: Any):
        self.found = found

    def load(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def no_twelve(sample: Sample) -> Sample:
    if "12" in sample.text:
        raise RejectedSample("holds-twelve", "12")
    return sample


def broken(sample: Sample) -> None:
    raise KeyError("\x1b[31mno")


def test_a_plugin_is_a_function_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = {"no_twelve": Point(no_twelve), "broken": Point(broken), "lost": Point(ImportError("gone")), "x": Point(3)}
    monkeypatch.setattr(plugins, "plugins", lambda: points)
    plugins.loaded.cache_clear()
    for name, reason, detail in (("no_twelve", "holds-twelve", "no_twelve: 12"), ("broken", "user-check", "KeyError")):
        with pytest.raises(RejectedSample, match=detail) as rejected:
            checked(own(tmp_path, {"plugin": name}))
        assert rejected.value.reason == reason
    for name, message in (
        ("nothing", "there are: broken, lost, no_twelve"),
        ("lost", "cannot be imp"),
        ("x", "no func"),
    ):
        with pytest.raises(UseCaseError, match=message):
            own(tmp_path, {"plugin": name})
    plugins.loaded.cache_clear()


@pytest.mark.parametrize(
    ("checks", "more", "message"),
    [
        (["no_such"], {}, "no check is called 'no_such'; there are length, language"),
        ([{"length": 5, "regex": 1}], {}, "one name with its arguments"),
        ([{"length": "5"}], {}, 'write "MIN-MAX"'),
        ([{"length": "9-5"}], {}, "9 is more than 5"),
        ([{"length": {"wrods": "5-9"}}], {}, "unknown key 'wrods'; there are field, words, characters"),
        ([{"length": {"field": "reason", "words": "1-"}}], {}, "'reason' is no required field .* there are question"),
        ([{"regex": "("}], {}, "missing"),
        ([{"regex": {}}], {}, "give matches: PATTERN or without"),
        ([{"no_repetition": 3}], {}, "takes no arguments"),
        (["program"], {}, "needs the keys `program` and `answer`"),
        (["same_answer"], {}, "write same_answer"),
        ("no_refusal", {"checks": "no_refusal"}, "checks: must be a list"),
        ([], {"answer": "answer"}, "name the field of the question, too"),
        ([], {"program": "code"}, "program: 'code' is no required field"),
        ([], {"check_program": "nowhere.py"}, "check_program: .*nowhere.py: No such file"),
    ],
)  # fmt: skip
def test_a_wrong_entry_says_what_there_is(tmp_path: Path, checks: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(UseCaseError, match=message) as error:
        own(tmp_path, *checks, **more)
    assert str(tmp_path) in str(error.value)


def test_a_check_program_that_cannot_run_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def chekc(fields): pass")
    with pytest.raises(UseCaseError, match=r"check_program: mine\.py: the check cannot be run"):
        own(tmp_path, check_program="mine.py")
