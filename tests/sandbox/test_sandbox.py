"""Programs are run, and whatever is wrong with one is a fault of that program."""

from __future__ import annotations

from typing import Any

import pytest

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.sandbox.lacking import OTHER_MODULES, USEFUL_MODULES
from persona_hub.transforms.sandbox.sandbox import Limits, ProgramRun, allowed_modules, run_parts, run_program

SOON, PATIENT = Limits(seconds=0.1), Limits(seconds=20)


@pytest.mark.parametrize(
    ("program", "output"),
    [
        ("print(6 * 7)", "42\n"),
        ("from decimal import Decimal\nprint(Decimal('0.1') + Decimal('0.2'))", "0.3\n"),
        ("def f(n):\n    return n < 2 or n * f(n - 1)\nif __name__ == '__main__': print(f(9))", "362880\n"),
        ("import sys\nprint('ä', '二十', file=sys.stderr, end='')", "ä 二十"),
        ("print(1)\nraise SystemExit", "1\n"),
        ("print(1)\nraise SystemExit('0')", "1\n"),
        ("", ""),
        ("1 + 1", ""),
        ("print(1)  # the end", "1\n"),
    ],
)  # fmt: skip
def test_a_program_is_run(program: str, output: str) -> None:
    assert run_program(program) == ProgramRun(output)


@pytest.mark.parametrize(
    ("program", "fault", "detail"),
    [
        ("print(1)\n1 / 0", "raised", "line 2: ZeroDivisionError: division by zero"),
        ("print(answer)", "raised", "line 1: NameError: name 'answer' is not defined"),
        ("def f():\n    return f()\nf()", "raised", "line 2: RecursionError: maximum recursion depth exceeded"),
        ("raise SystemExit('no')", "raised", "line 1: SystemExit: no"),
        ("def f(:", "syntax-error", "line 1: Expected a parameter"),
        ('x = """', "syntax-error", "line 1: missing closing quote"),
        ("if True:", "syntax-error", ""),
        ("(" * 10_000, "syntax-error", ""),
        ("while True: pass", "over-time", "more than 0.1 s"),
        ("try:\n    while True: pass\nexcept BaseException: pass", "over-time", ""),
        ("x = [0] * 10 ** 10", "over-memory", "more than 64 MB"),
        ("x = 'a'\nwhile True: x += x", "over-memory", ""),
        ("while True: print('x' * 1000)", "over-output", "more than 10,000 characters"),
        ("while True: print('x', end='')", "over-output", ""),
        ("#" * 20_001, "too-long", "20,001 characters, where 20,000 may be"),
        ("print('\ud800')", "syntax-error", ""),
    ],
)
def test_what_becomes_of_a_program_is_said(program: str, fault: str, detail: str) -> None:
    run = run_program(program, SOON if fault == "over-time" else PATIENT)
    assert (run.fault, detail in run.detail) == (fault, True), run
    assert len(run.output) <= 10_000


@pytest.mark.parametrize("module", USEFUL_MODULES + OTHER_MODULES)
def test_every_module_that_is_named_can_be_imported(module: str) -> None:
    assert run_program(f"import {module}") == ProgramRun("")
    assert module in allowed_modules() or module in OTHER_MODULES


def test_a_detail_fits_a_line_of_a_terminal() -> None:
    run = run_program("raise ValueError('\\x1b[2J\\n\\u202e' + 'x' * 1_000_000)")
    assert run.fault == "raised"
    assert run.detail.isprintable()
    assert len(run.detail) <= 240


def test_the_same_program_prints_the_same_at_every_run() -> None:
    program = (
        "import random, time\nfrom datetime import datetime\nprint(random.random(), time.time(), datetime.now())\n"
    )
    program += "print({'a', 'b', 'c', 'd'}, hash('a'))"
    assert len({run_program(program).output for _ in range(3)}) == 1


def test_sleeping_takes_no_time_and_never_ends_never() -> None:
    assert run_program("import time\ntime.sleep(10 ** 6)\nprint('awake')", SOON).output == "awake\n"
    assert run_program("import time\nwhile True: time.sleep(10 ** 6)", SOON).fault == "over-time"


def test_inputs_are_data() -> None:
    inputs = {"fields": {"a": [1, 2.5, None, True, "ä"], "b": {"c": 10**30}}}
    assert (
        run_program("print(fields['a'], fields['b']['c'])", inputs=inputs).output
        == f"[1, 2.5, None, True, 'ä'] {10**30}\n"
    )
    with pytest.raises(TypeError, match="Cannot convert"):
        run_program("print(1)", inputs={"a": object()})


def test_one_program_leaves_nothing_to_the_next() -> None:
    assert run_program("secret = 1\nimport random\nrandom.seed(5)").fault == ""
    assert run_program("print(secret)").fault == "raised"
    assert run_program("print = None").fault == ""
    assert run_program("print(1)").output == "1\n"


def test_parts_share_a_session_and_the_last_gives_a_value() -> None:
    run, value, done = run_parts(["def f(x):\n    print(x)\n    return x * 2"], "[f(1), f(2)]")
    assert (run, value, done) == (ProgramRun("1\n2\n"), [2, 4], 2)
    assert run_parts(["x = 1", "1 / 0", "print(x)"])[2] == 1
    assert run_parts(["raise SystemExit", "print(1)"])[0].output == "1\n"


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0},
        {"seconds": 601},
        {"seconds": float("nan")},
        {"memory_mb": 0},
        {"memory_mb": 5000},
        {"output_characters": 0},
        {"program_characters": -1},
    ],
)
def test_limits_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        Limits(**wrong)
