"""The console command `persona-hub`: knows every command by name, and stands above them all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from persona_hub.pipelines.cli.commands import JOB_BY_NAME, JOBS, Job
from persona_hub.pipelines.cli.date_macros import Clock, utc_now
from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND, UsageError
from persona_hub.pipelines.cli.parser import Parser, add_flags
from persona_hub.pipelines.cli.run_command import Command, report, run_command

ABOUT = "A corpus in, a hub of diverse personas and synthetic training data out. Any Apache Beam option may follow."


def main(arguments: Sequence[str] | None = None, clock: Clock = utc_now) -> int:
    """Runs the command that `arguments` begin with; returns its exit code, as `run_command` does."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        for words in (1, 2):  # `schedule create` is a command
            if (name := " ".join(given[:words])) in JOB_BY_NAME:
                return run_command(name, command_of(JOB_BY_NAME[name]), given[words:], clock)
        family = [job for job in JOBS if given[:1] == job.name.split()[:1]]
        if family:
            parser_of(family, f"persona-hub {given[0]}").parse_args(given[1:])
        else:
            parser_of(JOBS, "persona-hub", ABOUT).parse_args(given)
        return WRONG_COMMAND
    except UsageError as error:
        return report("persona-hub", error, WRONG_COMMAND)


def command_of(job: Job) -> Command:
    """The function that runs `job`. Its module, and Beam with it, is imported only when it is called."""

    def command(*flags: object) -> int:
        module, _, function = job.function.partition(":")
        code: int = getattr(import_module(module), function)(*flags)
        return code

    return command


def parser_of(jobs: Sequence[Job], prog: str, about: str = "") -> argparse.ArgumentParser:
    """The parser of a list of commands, for its help and its errors."""
    parser = Parser(prog=prog, description=about, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for job in jobs:
        name = f"persona-hub {job.name}".removeprefix(f"{prog} ")
        add_flags(commands.add_parser(name, help=job.help, description=job.help, allow_abbrev=False), job)
    return parser


if __name__ == "__main__":
    sys.exit(main())
