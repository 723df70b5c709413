"""Flags as they are typed: what a value becomes, and what the help says of each."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.pipelines.cli.commands import JOB_BY_NAME, JOBS
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.flag import LARGEST, number
from persona_hub.pipelines.cli.options import BY_NAME, GROUPS
from persona_hub.pipelines.cli.parser import Parser, add_flags, parse_flags


def parsed(job: str, *arguments: str) -> tuple[dict[str, Any], list[str]]:
    parser = Parser(prog=f"persona-hub {job}", allow_abbrev=False)
    add_flags(parser, JOB_BY_NAME[job])
    return parse_flags(parser, JOB_BY_NAME[job], arguments)


REQUIRED = ("--input", "x", "--output", "y")


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        ((), "use_case", []),
        (("--use_case", "math,tool"), "use_case", ["math", "tool"]),
        (("--use_case", "math", "--use_case", " tool , npc"), "use_case", ["math", "tool", "npc"]),
        (("--use_case=,math,,"), "use_case", ["math"]),
        (("--input", "a,b", "--input", "c"), "input", ["x", "a,b", "c"]),
        (("--max_cost_usd", "2.50"), "max_cost_usd", 2.5),
        (("--max_cost_usd", "1e3"), "max_cost_usd", 1000.0),
        (("--max_documents", "0"), "max_documents", 0),
        (("--seed", "-5"), "seed", -5),
        ((), "seed", None),
        ((), "temperature", None),
        (("--temperature", "0"), "temperature", 0.0),
        (("--llm", "openai:meta/llama:8b"), "llm", "openai:meta/llama:8b"),
        (("--max_calls", str(LARGEST)), "max_calls", LARGEST),
    ],
)
def test_a_flag_s_value(arguments: Any, name: str, value: Any) -> None:
    given_flags = (arguments,) if isinstance(arguments, str) else arguments
    assert parsed("build", *REQUIRED, *given_flags)[0][name] == value


@pytest.mark.parametrize(
    ("arguments", "watch"), [((), 0.0), (("--watch",), 5.0), (("--watch", "2"), 2.0), (("--watch=0.5",), 0.5)]
)
def test_a_flag_may_stand_alone(arguments: tuple[str, ...], watch: float) -> None:
    assert parsed("status", *arguments)[0]["watch"] == watch


def test_one_spelling_may_mean_different_flags_in_different_jobs() -> None:
    assert parsed("preview", "--input", "x", "--n", "3")[0]["preview_n"] == 3
    assert parsed("estimate", "--input", "x", "--n", "300")[0]["estimate_n"] == 300
    assert parsed("export", "--hub", "h", "--format", "parquet,jsonl")[0]["export_format"] == ["parquet", "jsonl"]
    assert parsed("build", *REQUIRED, "--format", "warc")[0]["format"] == "warc"


def test_what_is_nobody_s_here_is_left_for_beam_in_its_order() -> None:
    _, rest = parsed("build", *REQUIRED, "--runner", "FlinkRunner", "--job_name=a", "--seed", "1")
    assert rest == ["--runner", "FlinkRunner", "--job_name=a"]


def test_a_flag_is_not_guessed_from_its_beginning() -> None:
    assert parsed("build", *REQUIRED, "--max_doc", "5")[1] == ["--max_doc", "5"]


def test_defaults_are_the_flags_own_and_nobody_can_change_them() -> None:
    first, _ = parsed("export", "--hub", "h")
    first["export_format"].append("parquet")
    assert parsed("export", "--hub", "h")[0]["export_format"] == ["jsonl"]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_help_of_a_job_names_its_flags_their_defaults_and_no_others(job: Any) -> None:
    parser = Parser(prog=job.name, allow_abbrev=False)
    add_flags(parser, job)
    actions = {action.dest: action for action in parser._actions if action.dest != "help"}
    assert set(actions) == set(job.flags)
    for name, action in actions.items():
        flag = BY_NAME[name]
        assert action.help
        assert action.help.startswith(flag.help.replace("%", "%%"))
        assert action.required == (flag.required and name not in job.optional)
        if not action.required and flag.default not in ("", None, 0, []):
            shown = ",".join(flag.default) if isinstance(flag.default, list) else str(flag.default)
            assert action.help.endswith((f"[{shown}]", "[as the hub was built]"))
    assert parser.format_help()  # a % in a help text would raise here


@pytest.mark.parametrize("flag", [flag for flags in GROUPS.values() for flag in flags], ids=lambda flag: flag.name)
def test_a_flag_s_default_is_a_value_that_could_be_typed(flag: Any) -> None:
    if flag.default in ("", None) or flag.many:
        return
    assert flag.type(str(flag.default)) == flag.default
    assert not flag.choices or flag.default in flag.choices


@given(st.integers(-100, 100), st.integers(-50, 0), st.integers(0, 50))
def test_numbers_lie_between_their_bounds(value: int, low: int, high: int) -> None:
    parse = number(low, high)
    if low <= value <= high:
        assert parse(str(value)) == value
        return
    with pytest.raises(argparse.ArgumentTypeError, match=f"{value} is out of range: from {low} to {high}"):
        parse(str(value))


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (int, "3.5", "'3.5' is no whole number"),
        (int, "many", "'many' is no whole number"),
        (float, "", "'' is no number"),
        (float, "nan", "nan is out of range: from 0"),
        (float, "inf", "inf is out of range: from 0"),
        (float, "-1", "-1 is out of range: from 0$"),
    ],
)
def test_what_is_no_number_is_told(kind: type, text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        number(0, float("inf"), kind)(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "--output", "y"), "--input"),
        (("build", "--input", "x"), "--output"),
        (("build", *REQUIRED, "--format", "docx"), "invalid choice: 'docx'"),
        (("build", *REQUIRED, "--max_documents"), "expected one argument"),
        (("build", "--input", " , ", "--output", "y"), "--input: names nothing"),
        (("export", "--hub", "h", "--format", "csv"), "--format csv: must be one of jsonl, parquet"),
        (("preview", "--input", "x", "--n", "0"), "0 is out of range: from 1 to 1000"),
    ],
)
def test_an_error_ends_with_where_to_look(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as error:
        parsed(*arguments)
    assert said in str(error.value)
