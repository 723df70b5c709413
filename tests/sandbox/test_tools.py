"""A tool is proved by tests that fail without it; a user's own check says what is wrong with a sample."""

from __future__ import annotations

from typing import Any

import pytest

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.sandbox.sandbox import Limits
from persona_hub.transforms.sandbox.tools import (
    NOT_A_CHECK,
    SAID_CHARACTERS,
    TESTS_FAILED,
    TESTS_PROVE_NOTHING,
    ToolProof,
    UserCheck,
    prove_tool,
    require_check,
    run_user_check,
)

ADD = "def add(a, b):\n    return a + b\n"
SOON = Limits(seconds=0.1)


@pytest.mark.parametrize(
    ("implementation", "tests"),
    [
        (ADD, "assert add(1, 2) == 3"),
        (ADD, "def test_numbers():\n    assert add(1, 2) == 3\n\ndef test_texts():\n    assert add('a', 'b') == 'ab'"),
        (ADD, "from math import inf\ntry:\n    add(1, 'a')\n    assert False\nexcept TypeError:\n    pass"),
        ("class Box:\n    def size(self):\n        return 3\n", "assert Box().size() == 3"),
        ("double = lambda x: 2 * x", "assert double(2) == 4"),
        ('"""The tool.\n\ndef if: a keyword at the start of a line\n"""\n' + ADD, "assert add(1, 2) == 3"),
    ],
)
def test_a_tool_that_passes_its_tests_is_proved(implementation: str, tests: str) -> None:
    assert prove_tool(implementation, tests) == ToolProof()


@pytest.mark.parametrize(
    "tests",
    [
        "",
        "assert True",
        "assert add is not None",
        "add(1, 2)",
        "def check():\n    assert add(1, 2) == 3",  # nobody calls it
        "async def test_add():\n    assert add(1, 2) == 3",  # nobody awaits it
        "def add(a, b):\n    return a + b\nassert add(1, 2) == 3",  # of its own
        "try:\n    assert add(1, 2) == 3\nexcept AssertionError:\n    pass",
    ],
)
def test_tests_that_pass_without_the_tool_prove_nothing(tests: str) -> None:
    assert prove_tool(ADD, tests).fault == TESTS_PROVE_NOTHING


@pytest.mark.parametrize(
    ("tests", "fault", "detail"),
    [
        ("assert add(1, 2) == 4", TESTS_FAILED, "line 1: AssertionError: assert 3 == 4"),
        ("x = 1\ndef test_it():\n    assert add(1, 2) == 4", TESTS_FAILED, "line 3: AssertionError"),
        ("add(1)", TESTS_FAILED, "TypeError: add() missing"),
        ("import pytest", "unsupported-construct", "line 1: ModuleNotFoundError: No module named 'pytest'"),
        ("while True: pass", "over-time", ""),
        ("assert (", "syntax-error", ""),
    ],
)
def test_tests_that_fail_say_where(tests: str, fault: str, detail: str) -> None:
    proof = prove_tool(ADD, tests, SOON if fault == "over-time" else Limits())
    assert (proof.fault, detail in proof.detail) == (fault, True), proof


def test_a_fault_of_the_implementation_is_no_failed_test() -> None:
    assert prove_tool("1 / 0", "assert True").fault == "raised"
    assert prove_tool("import numpy", "assert True").fault == "unsupported-construct"
    assert prove_tool(ADD, "assert sub(2, 1) == 1", function="sub").detail == "the implementation does not define sub"
    helper = "def two():\n    return 2\ndef tool():\n    return 3\n"
    assert prove_tool(helper, "assert two() == 2", function="tool").fault == TESTS_PROVE_NOTHING


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    return [nested(depth - 1)] if depth else []


@pytest.mark.parametrize(
    ("check", "result"),
    [
        ("def check(fields):\n    return None", UserCheck()),
        ("def check(fields):\n    return ''", UserCheck()),
        ("def check(fields):\n    pass", UserCheck()),
        (
            "def check(fields):\n    if len(fields['answer']) < 5:\n        return f'too short: {fields[\"answer\"]}'",
            UserCheck("too short: ä?"),
        ),
        ("def check(fields):\n    return 'x' * 10_000", UserCheck("x" * SAID_CHARACTERS)),
        ("str = len = print = None\ndef check(fields):\n    return 'no'", UserCheck("no")),
        (
            "def check(fields):\n    return True",
            UserCheck("", NOT_A_CHECK, "check returns True, neither None nor a text"),
        ),
        (
            "def check(fields):\n    return 1 / 0",
            UserCheck("", "raised", "line 2: ZeroDivisionError: division by zero"),
        ),
        ("x = 1", UserCheck("", "raised", "it defines no function check(fields)")),
    ],
)
def test_a_users_check_says_what_is_wrong(check: str, result: UserCheck) -> None:
    assert run_user_check(check, {"answer": "ä\ud800", "list": nested(200)}) == result


def test_fields_nested_beyond_all_use_cost_their_sample_alone() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert run_user_check("def check(fields): pass", {"list": deep}).fault == "unsupported-construct"


@pytest.mark.parametrize(
    "check", ["x = 1", "def check(", "import numpy\ndef check(fields): pass", "1 / 0", "#" * 30_000]
)
def test_a_check_that_cannot_be_run_is_refused_by_name(check: str) -> None:
    with pytest.raises(InvalidInputError, match=r"mine\.py: the check cannot be run .*check\(fields\)"):
        require_check(check, "mine.py")


def test_a_check_that_can_be_run_is_taken() -> None:
    require_check("def check(fields): return fields['x']", "mine.py")
