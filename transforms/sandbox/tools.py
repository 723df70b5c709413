"""A tool's implementation, run with its tests; and a user's own check of a sample. Both in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.sandbox.sandbox import DEFAULT_LIMITS, RAISED, UNSUPPORTED, Limits, ProgramRun, run_parts

TESTS_FAILED, TESTS_PROVE_NOTHING = "tests-failed", "tests-prove-nothing"
NOT_A_CHECK = "not-a-check"
# What a program defines at its top: functions, classes, and names for a lambda.
DEFINED = re.compile(r"^(?:(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|(\w+)[ \t]*=[ \t]*lambda\b)", re.MULTILINE)
TEST = re.compile(r"^def[ \t]+(test\w*)", re.MULTILINE)
SAID_CHARACTERS = 2000
# What `check` says, by syntax alone: the check may have given every name of Python's another meaning.
ASK_CHECK = f"""
def _ask():
    said = check(_fields)
    if said is None:
        return ["", True]
    text = f"{{said}}"
    return [text[:{SAID_CHARACTERS}], True if text == said else False]
_ask()
"""


@dataclass(frozen=True)
class ToolProof:
    """What became of a tool's implementation and its tests."""

    output: str = ""  # that they printed; untrusted
    fault: str = ""  # "" if the tests pass, and fail without the tool; a fault of the program, or one of those above
    detail: str = ""


@dataclass(frozen=True)
class UserCheck:
    """What a user's own check says of a sample."""

    said: str = ""  # what is wrong with the sample, "" if nothing is
    fault: str = ""  # of the check itself, which then says nothing of the sample
    detail: str = ""


def prove_tool(implementation: str, tests: str, limits: Limits = DEFAULT_LIMITS, function: str = "") -> ToolProof:
    """Whether `implementation` passes `tests`, which are statements with `assert`, and functions named `test...`.

    Tests that pass as well with a tool that does nothing prove nothing: they are run a second time with each function
    and class of the implementation (or `function` alone) replaced by a function that returns None.
    """
    defined = [name for pair in DEFINED.findall(implementation) for name in pair if name and not iskeyword(name)]
    if function and function not in defined:
        return ToolProof(fault=RAISED, detail=f"the implementation does not define {excerpt(function, 60)}")
    calls = "".join(f"{name}()\n" for name in dict.fromkeys(TEST.findall(tests)))
    run, _, done = run_parts([implementation, tests], calls, limits)
    if run.fault:
        failed = done and run.fault == RAISED
        return ToolProof(run.output, TESTS_FAILED if failed else run.fault, run.detail)
    idle = "".join(
        f"def {name}(*_, **__): return None\n" for name in ([function] if function else dict.fromkeys(defined))
    )
    without, _, _ = run_parts([implementation, f"{idle}\n{tests}"], calls, _wider(limits, idle))
    if not without.fault:
        return ToolProof(run.output, TESTS_PROVE_NOTHING, "the tests pass, too, with a tool that does nothing")
    return ToolProof(run.output)


def run_user_check(program: str, fields: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> UserCheck:
    """What the function `check(fields)` of `program` says of a sample's fields: None or "" if they are right."""
    try:
        run, said, _ = run_parts([program], ASK_CHECK, limits, {"_fields": _clean(fields)})
    except RecursionError:
        return UserCheck(fault=UNSUPPORTED, detail="the fields are nested too deep")
    if run.fault:
        missing = run.fault == RAISED and "NameError: name 'check' is not defined" in run.detail
        return UserCheck(fault=run.fault, detail="it defines no function check(fields)" if missing else run.detail)
    text, is_text = said
    if not is_text:
        return UserCheck(fault=NOT_A_CHECK, detail=f"check returns {excerpt(text, 60)}, neither None nor a text")
    return UserCheck(said=text)


def require_check(program: str, name: str, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raises InvalidInputError if a user's check, of the file `name`, cannot be run at all."""
    run = _defines_check(program, limits)
    if run.fault:
        remedy = (
            "It is a Python file with a function check(fields), which returns None, or a text that says what is wrong"
        )
        raise InvalidInputError(f"{name}: the check cannot be run ({run.fault}: {run.detail}). {remedy}")


def _defines_check(program: str, limits: Limits) -> ProgramRun:
    """The run of a check's file, without a sample."""
    run, _, _ = run_parts([program], "check", limits)
    if "name 'check' is not defined" in run.detail:
        return ProgramRun(run.output, RAISED, "it defines no function check(fields)")
    return run


def _wider(limits: Limits, more: str) -> Limits:
    """Limits for a program to which `more` is added."""
    return Limits(limits.seconds, limits.memory_mb, limits.output_characters, limits.program_characters + len(more) + 1)


def _clean(value: Any) -> Any:
    """Data of JSON as the sandbox takes them: no half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_clean(key): _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list | tuple) else value
