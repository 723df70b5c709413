"""The parser of a job's flags, as pipelines/cli/options.py lists them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from persona_hub.pipelines.cli.commands import Job
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.flag import Flag
from persona_hub.pipelines.cli.options import BY_NAME, GROUPS, SPELLED


class Parser(argparse.ArgumentParser):
    """Says what was wrong in one line."""

    def error(self, message: str) -> Any:
        """Raises UsageError in place of printing the whole usage."""
        raise UsageError(f"{message}; see {self.prog} --help")


def add_flags(parser: argparse.ArgumentParser, job: Job) -> None:
    """Adds the flags of `job`."""
    for title, flags in GROUPS.items():
        own = [flag for flag in flags if flag.name in job.flags]
        group = parser.add_argument_group(title) if own else parser
        for flag in own:
            if flag.name in job.inherited:
                add_flag(group, replace(flag, default=None, help=f"{flag.help} [as the hub was built]"), False)
            else:
                add_flag(group, flag, flag.required and flag.name not in job.optional)


def add_flag(group: argparse._ActionsContainer, flag: Flag, required: bool) -> None:
    """Adds one flag, its default in the help."""
    about = flag.help if required or flag.default in ("", None, 0) else f"{flag.help} [{shown(flag.default)}]"
    keywords: dict[str, Any] = {"dest": flag.name, "help": about.replace("%", "%%"), "required": required}
    if flag.many:
        keywords |= {"action": "append", "metavar": flag.metavar or "{" + ",".join(flag.choices) + "}"}
    elif flag.choices:
        keywords |= {"default": flag.default, "choices": flag.choices}
    else:
        keywords |= {"default": flag.default, "type": flag.type, "metavar": flag.metavar or "X"}
    if flag.alone is not None:
        keywords |= {"nargs": "?", "const": flag.alone}
    group.add_argument(f"--{SPELLED.get(flag.name, flag.name)}", **keywords)


def shown(default: Any) -> str:
    """A default as it would be typed."""
    return ",".join(default) if isinstance(default, list) else str(default)


def parse_flags(
    parser: argparse.ArgumentParser, job: Job, arguments: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    """(values of the job's flags, the arguments that are not its own). Raises UsageError."""
    known, rest = parser.parse_known_args(list(arguments))
    values = {name: getattr(known, name) for name in job.flags}
    for name in job.flags:
        flag = BY_NAME[name]
        if flag.many and (values[name] is not None or name not in job.inherited):
            texts = values[name] or []
            parts = texts if flag.paths else [part for text in texts for part in text.split(",")]
            values[name] = [part.strip() for part in parts if part.strip(", ")] or list(flag.default)
            wrong = [value for value in values[name] if flag.choices and value not in flag.choices]
            if wrong:
                spelled = SPELLED.get(name, name)
                raise UsageError(f"--{spelled} {wrong[0]}: must be one of {', '.join(flag.choices)}")
            if flag.required and name not in job.optional and not values[name]:
                raise UsageError(f"--{name}: names nothing")
    return values, rest


def inherit(job: Job, flags: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """`flags`, those that were not given out of `parameters`, as a manifest holds them, or else their defaults."""
    found = {name: BY_NAME[name] for name in job.inherited}
    defaults = {name: list(flag.default) if flag.many else flag.default for name, flag in found.items()}
    given = {name: value for name, value in flags.items() if value is not None or name not in defaults}
    return dict(flags) | defaults | {name: parameters[name] for name in defaults if name in parameters} | given
