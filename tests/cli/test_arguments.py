"""Flags as they are typed: what a value becomes, and what the help says of each."""

from __future__ import annotations

import argparse
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.pipelines.cli.commands import JOB_BY_NAME, JOBS, Job
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import (
    LARGEST,
    NumberRange,
    condition,
    json_object,
    language_of_personas,
    method_of_choice,
    options_of,
    truth,
)
from persona_hub.pipelines.cli.parser import is_inherited, parser_of, read_options, typed_default
from persona_hub.pipelines.cli.samples.check_options import way_to_verify


def parsed(job: str, *arguments: str) -> tuple[Any, list[str]]:
    return read_options(JOB_BY_NAME[job], arguments)


REQUIRED = ("--input", "x", "--output", "y")


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        ((), "use_case", ()),
        (
            ("--use_case", "math,tool"),
            "use_case",
            (
                "math",
                "tool",
            ),
        ),
        (
            ("--use_case", "math", "--use_case", " tool , npc"),
            "use_case",
            (
                "math",
                "tool",
                "npc",
            ),
        ),
        (("--use_case=,math,,"), "use_case", ("math",)),
        (("--use_case", "math", "tool,npc"), "use_case", ("math", "tool", "npc")),
        (("--input", "a,b", "c", "--input", "d"), "input", ("x", "a,b", "c", "d")),
        (
            ("--input", "a,b", "--input", "c"),
            "input",
            (
                "x",
                "a,b",
                "c",
            ),
        ),
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
    assert getattr(parsed("build", *REQUIRED, *given_flags)[0], name) == value


@pytest.mark.parametrize(
    ("arguments", "watch"), [((), 0.0), (("--watch",), 5.0), (("--watch", "2"), 2.0), (("--watch=0.5",), 0.5)]
)
def test_a_flag_may_stand_alone(arguments: tuple[str, ...], watch: float) -> None:
    assert parsed("status", *arguments)[0].watch == watch


def test_one_spelling_may_mean_different_flags_in_different_jobs() -> None:
    assert parsed("preview", "--input", "x", "--n", "3")[0].n == 3
    assert parsed("estimate", "--input", "x", "--n", "300")[0].n == 300
    assert parsed("export", "--hub", "h", "--format", "parquet,jsonl")[0].format == ("parquet", "jsonl")
    assert parsed("build", *REQUIRED, "--format", "warc")[0].format == "warc"


def test_what_is_nobody_s_here_is_left_for_beam_in_its_order() -> None:
    _, rest = parsed("build", *REQUIRED, "--runner", "FlinkRunner", "--job_name=a", "--seed", "1")
    assert rest == ["--runner", "FlinkRunner", "--job_name=a"]


def test_a_flag_is_not_guessed_from_its_beginning() -> None:
    assert parsed("build", *REQUIRED, "--max_doc", "5")[1] == ["--max_doc", "5"]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_help_of_a_job_names_its_flags_their_defaults_and_no_others(job: Job) -> None:
    parser = parser_of(job)
    actions = {action.dest: action for action in parser._actions if action.dest not in ("help", "help_all")}
    assert set(actions) == set(options_of(job.options))
    for name, action in actions.items():
        one = options_of(job.options)[name]
        assert action.help
        assert action.help.startswith(one.help.replace("%", "%%"))
        assert action.required == one.required
        if is_inherited(job.options, one):
            assert action.help.endswith("[as the hub was built]")
        elif not one.required and one.default not in ("", None, 0, ()):
            assert action.help.endswith(f"[{typed_default(one.default)}]")
    assert parser.format_help_all()  # a % in a help text would raise here


@pytest.mark.parametrize(("job", "name"), [(job, name) for job in JOBS for name in options_of(job.options)])
def test_a_flag_has_the_type_of_its_field_and_a_default_that_could_be_typed(job: Job, name: str) -> None:
    one, kind = options_of(job.options)[name], get_type_hints(job.options)[name]
    if one.many:
        assert kind == tuple[str, ...]
        return
    texts = (str, language_of_personas, json_object, condition, method_of_choice, way_to_verify)
    typed: Any = bool if one.type is truth else str if one.type in texts else getattr(one.type, "kind", None)
    assert kind == typed or (one.default is None and kind == typed | None)  # or it is filled in where it is read
    assert type(one.default) in (typed, type(None))
    if one.default not in ("", None):
        assert one.type(str(one.default)) == one.default
        assert not one.choices or one.default in one.choices


@given(st.integers(-100, 100), st.integers(-50, 0), st.integers(0, 50))
def test_numbers_lie_between_their_bounds(value: int, low: int, high: int) -> None:
    parse = NumberRange(low, high)
    if low <= value <= high:
        assert parse(str(value)) == value
        return
    with pytest.raises(argparse.ArgumentTypeError, match=f"{value} is out of range: from {low} to {high}"):
        parse(str(value))


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (int, "3.5", "'3.5' is not a whole number"),
        (int, "many", "'many' is not a whole number"),
        (float, "", "'' is not a number"),
        (float, "nan", "nan is out of range: from 0"),
        (float, "inf", "inf is out of range: from 0"),
        (float, "-1", "-1 is out of range: from 0$"),
    ],
)
def test_what_is_no_number_is_told(kind: type, text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        NumberRange(0, float("inf"), kind)(text)


def test_the_largest_number_is_told_to_its_last_digit() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"from 0 to 9,007,199,254,740,992$"):
        NumberRange(0, LARGEST)("99999999999999999999")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "--output", "y"), "--input"),
        (("build", "--input", "x"), "--output"),
        (("build", *REQUIRED, "--format", "docx"), "invalid choice: 'docx'"),
        (("build", *REQUIRED, "--max_documents"), "expected one argument"),
        (("build", "--output", "y", "--input"), "expected at least one argument"),
        (("build", "--input", " , ", "--output", "y"), "--input: names nothing"),
        (("export", "--hub", "h", "--format", "csv"), "--format csv: must be one of jsonl, parquet"),
        (("preview", "--input", "x", "--n", "0"), "0 is out of range: from 1 to 1000"),
    ],
)
def test_an_error_ends_with_where_to_look(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as error:
        parsed(*arguments)
    assert said in str(error.value)
