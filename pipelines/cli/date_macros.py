"""Dates in --input and --personas.

{date:%Y-%m-%d} is the day on which the job starts, in UTC; {date-1d:%Y-%m-%d} the day before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from persona_hub.pipelines.cli.exit_status import UsageError

Clock = Callable[[], datetime]

DATED = ("input", "personas")  # options whose values may name a day

DIRECTIVES = "YmdHjGV"  # year, month, day, hour, day of the year, ISO year and week
LITERALS = "A-Za-z0-9_./=-"  # what may stand between them: no wildcard, and no comma, which sets patterns apart
FORMAT = rf"(?:%[{DIRECTIVES}]|[{LITERALS}])+"
MACRO = re.compile(rf"\{{date(?:-([0-9]{{1,4}})([dh]))?:({FORMAT})\}}")
# Braces are no wildcards, so a path may have some. What names a date in them, or a directive, is meant as a macro.
MEANT_AS_MACRO = re.compile(r"\{\s*date\b[^{}]*\}?|\{[^{}]*%[A-Za-z][^{}]*\}?", re.IGNORECASE)
MACRO_REMEDY = (
    "write {date:%Y-%m-%d} for the day on which the job starts (UTC), {date-1d:...} for the day before, {date-2h:...} "
    f"for two hours before; of {' '.join(f'%{letter}' for letter in DIRECTIVES)}, letters, digits and _ . / = -"
)
UNITS = {"d": "days", "h": "hours"}


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def dated(patterns: Sequence[str], now: datetime, flag: str = "input") -> list[str]:
    """The patterns, each macro in them replaced by its date. Raises UsageError for what looks like one and is none."""
    return [resolve(pattern, now, flag) for pattern in patterns]


def resolve(pattern: str, now: datetime, flag: str = "input") -> str:
    """One pattern, as `dated`."""
    for found in MEANT_AS_MACRO.findall(pattern):
        if not MACRO.fullmatch(found):
            raise UsageError(f"--{flag} {pattern}: {found} is no date macro; {MACRO_REMEDY}")

    def date(macro: re.Match[str]) -> str:
        back, unit, form = macro.groups()
        then = now - timedelta(**{UNITS[unit]: int(back)}) if back else now
        return then.astimezone(UTC).strftime(form)

    return MACRO.sub(date, pattern)
