"""Untrusted programs, run by `pydantic-monty`: a Python of its own in Rust, in worker processes.

A program can reach nothing but its own memory: the interpreter has no operation on files, network, processes or the
environment, and its workers are started with an empty one. Clock and chance stand still, so that a program prints the
same on every machine and at every run.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pydantic_monty as monty

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.sandbox.lacking import USEFUL_MODULES, lacking
from persona_hub.transforms.sandbox.pool import POOL

UNSUPPORTED, SYNTAX_ERROR, RAISED = "unsupported-construct", "syntax-error", "raised"
OVER_TIME, OVER_MEMORY, OVER_OUTPUT, TOO_LONG, CRASHED = (
    "over-time",
    "over-memory",
    "over-output",
    "too-long",
    "crashed",
)
FAULTS = (UNSUPPORTED, SYNTAX_ERROR, RAISED, OVER_TIME, OVER_MEMORY, OVER_OUTPUT, TOO_LONG, CRASHED)
MOST_SECONDS, MOST_MEMORY_MB = 600.0, 4096
RUNS_OF_A_CRASHING = 2  # at a program whose worker is killed under it: by the machine, out of memory, it may be once
EXIT = re.compile(r"SystemExit(: (0|None)?)?")  # a program's own way to end
# Chance begins at the same seed and the clock stands; sleep, which no limit counts, takes no time.
STANDING_STILL: monty.OSPolicy = {
    "datetime": datetime(2026, 1, 1),
    "timezone": "utc",
    "sleep": "zero",
    "random_start": {"seed": 0},
}


@dataclass(frozen=True)
class Limits:
    """What a program may use."""

    seconds: float = 1.0  # of running, for each part of a program
    memory_mb: int = 64
    output_characters: int = 10_000
    program_characters: int = 20_000

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= MOST_SECONDS:
            raise InvalidInputError(f"seconds {self.seconds}: must be above 0 and at most {MOST_SECONDS:g}")
        if not 1 <= self.memory_mb <= MOST_MEMORY_MB:
            raise InvalidInputError(f"memory_mb {self.memory_mb}: must be between 1 and {MOST_MEMORY_MB}")
        for name in ("output_characters", "program_characters"):
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} {getattr(self, name)}: must be at least 1")


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class ProgramRun:
    """What a program printed, and why it did not end as it should."""

    output: str  # at most `Limits.output_characters`; untrusted
    fault: str = ""  # one of FAULTS, "" for none
    detail: str = ""  # of the fault, in words that fit a terminal's line


def run_program(program: str, limits: Limits = DEFAULT_LIMITS, inputs: Mapping[str, Any] | None = None) -> ProgramRun:
    """What `program` prints, with `inputs` as its global variables; these are data of JSON.

    Raises TypeError for inputs of other types. A program never raises: whatever becomes of it is a fault.
    """
    return run_parts([program], limits=limits, inputs=inputs)[0]


def run_parts(
    programs: Sequence[str],
    question: str = "",
    limits: Limits = DEFAULT_LIMITS,
    inputs: Mapping[str, Any] | None = None,
) -> tuple[ProgramRun, Any, int]:
    """Runs `programs` one after the other in one session, then `question`, which is code of ours.

    Returns the run, up to the first part that has a fault; the value of the last expression of `question`; and how many
    parts are done. Each part may use `limits.seconds`; memory and output are of all together.
    """
    for done, program in enumerate(programs):
        if len(program) > limits.program_characters:
            detail = f"{len(program):,} characters, where {limits.program_characters:,} may be"
            return ProgramRun("", TOO_LONG, detail), None, done
    # No value of theirs comes out: it would be built here, where no limit holds. A part's last expression is ours.
    parts = [*(f"{program}\nNone" for program in programs), *([question] if question else [])]
    for attempt in range(RUNS_OF_A_CRASHING):
        run, value, done = _attempt(parts, len(programs), limits, dict(inputs or {}))
        if run.fault != CRASHED or attempt == RUNS_OF_A_CRASHING - 1:
            break
    return run, value, done


def allowed_modules() -> tuple[str, ...]:
    """The modules that a program may import, as a prompt may say it."""
    return USEFUL_MODULES


def _attempt(parts: Sequence[str], theirs: int, limits: Limits, inputs: dict[str, Any]) -> tuple[ProgramRun, Any, int]:
    """See `run_parts`; `theirs` of the parts are the program's."""
    session = POOL.opened().checkout(
        limits={"max_feed_duration_secs": limits.seconds, "max_memory": limits.memory_mb << 20},
        os_policy=STANDING_STILL,
        script_name="program.py",
    )
    done, value = 0, None
    try:
        with session:
            output = _Output(limits.output_characters, session.worker_pid)
            for done, part in enumerate(parts):
                try:
                    value = session.feed_run(part, inputs=inputs, print_callback=output)
                except monty.MontyConversionError as error:
                    raise TypeError(str(error)) from None
                except monty.MontyError as error:
                    if not EXIT.fullmatch(str(error)):
                        return (
                            ProgramRun(
                                output.text(), *(output.fault() or _fault(error, limits, min(done, theirs - 1)))
                            ),
                            None,
                            done,
                        )
                inputs = {}
            return ProgramRun(output.text()), value, len(parts)
    except monty.MontyError as error:  # of a worker that dies before it is asked
        return ProgramRun("", *_fault(error, limits)), None, done


class _Output:
    """What a program prints, up to a bound.

    A program that prints more is ended at once: it would go on unheard till its time is up.
    """

    def __init__(self, characters: int, worker: int | None) -> None:
        self._left, self._worker, self._characters = characters, worker, characters
        self._parts: list[str] = []
        self._over = False

    def __call__(self, stream: str, text: str) -> None:
        self._parts.append(text[: self._left])
        if len(text) > self._left and not self._over:
            self._over = True
            if self._worker is not None:
                os.kill(self._worker, signal.SIGKILL)  # ours, and not yet waited for: the number is of nobody else
        self._left -= len(self._parts[-1])

    def text(self) -> str:
        """What there is."""
        return "".join(self._parts)

    def fault(self) -> tuple[str, str] | None:
        """The fault of a program that printed too much."""
        return (OVER_OUTPUT, f"more than {self._characters:,} characters") if self._over else None


def _fault(error: monty.MontyError, limits: Limits, part: int = 0) -> tuple[str, str]:
    """Fault and detail of what became of a program, with the line of a part; no detail has a measured time or size."""
    message = str(error)
    over_time = OVER_TIME, f"more than {limits.seconds:g} s"
    if isinstance(error, monty.MontyCrashedError):
        return over_time if error.timed_out else (CRASHED, excerpt(message))
    if isinstance(error, monty.MontySyntaxError):
        return SYNTAX_ERROR, excerpt(_placed(error, message, part))
    kind, _, rest = message.partition(": ")
    if kind == "TimeoutError" and rest.startswith("feed time limit"):
        return over_time
    if kind == "MemoryError" and "memory limit" in rest[:100]:
        return OVER_MEMORY, f"more than {limits.memory_mb} MB"
    if lacking(kind, rest[:1000]):
        return UNSUPPORTED, excerpt(_placed(error, message, part))
    return RAISED, excerpt(_placed(error, message, part))


def _placed(error: monty.MontyError, message: str, part: int) -> str:
    """The message with the last line of a part that led to it."""
    frames = error.traceback() if isinstance(error, monty.MontySyntaxError | monty.MontyRuntimeError) else []
    lines = [frame.line for frame in frames if frame.filename == f"<python-input-{part}>"]
    return f"line {lines[-1]}: {message[:1000]}" if lines else message
