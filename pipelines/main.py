"""The console command `persona-hub`: knows every command by name, and stands above them all."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

from persona_hub.pipelines.cli.commands import JOB_BY_NAME, JOBS, Job
from persona_hub.pipelines.cli.date_macros import Clock, utc_now
from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND, UsageError, meant
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.parser import Parser, add_flags
from persona_hub.pipelines.cli.parser import parser_of as parser_of_job
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
            if given and not given[0].startswith("-"):
                near = meant(given[0], (job.name.split()[0] for job in JOBS))
                raise UsageError(f"no command {given[0]!r}{near}; see persona-hub --help")
            top_parser().parse_args(given)
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


class HelpOfAll(argparse.Action):
    """--help_all: prints the help of every command with all its flags, and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        say(parser.format_help())
        for job in JOBS:
            say(parser_of_job(job).format_help_all())
        parser.exit()


class VersionOfAll(argparse.Action):
    """--version: prints the versions of the package, of Beam and of Python, and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        beam, python = version("apache-beam"), platform.python_version()
        say(f"persona-hub {version('persona-hub')} (Apache Beam {beam}, Python {python})")
        parser.exit()


def top_parser() -> argparse.ArgumentParser:
    """The parser of the command line without a command."""
    parser = parser_of(JOBS, "persona-hub", ABOUT)
    parser.add_argument("--help_all", action=HelpOfAll, nargs=0, help="show all flags of all commands")
    parser.add_argument("--version", action=VersionOfAll, nargs=0, help="show the versions of persona-hub and Beam")
    return parser


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
