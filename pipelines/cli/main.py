"""The console command `persona-hub`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from persona_hub.pipelines.cli.commands import JOB_BY_NAME, JOBS, Job
from persona_hub.pipelines.cli.date_macros import Clock, dated, utc_now
from persona_hub.pipelines.cli.exit_status import (
    DONE,
    FAILED,
    NOTHING_TO_READ,
    WRONG_COMMAND,
    JobError,
    NothingToRead,
    Submitted,
    UsageError,
)
from persona_hub.pipelines.cli.parser import Parser, add_flags, parse_flags

ABOUT = "A corpus in, a hub of diverse personas and synthetic training data out. Any Apache Beam option may follow."
TRACEBACK = "PERSONA_HUB_TRACEBACK"  # set to see where an error came from


def main(arguments: Sequence[str] | None = None, clock: Clock = utc_now) -> int:
    """Runs a command; returns its exit code: 0 done, 1 the job failed, 2 the command was wrong, 3 done in part, 4
    nothing to read yet.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        for words in (1, 2):  # `schedule create` is a command
            if (name := " ".join(given[:words])) in JOB_BY_NAME:
                return run_job(JOB_BY_NAME[name], given[words:], clock)
        family = [job for job in JOBS if given[:1] == job.name.split()[:1]]
        if family:
            parser_of(family, f"persona-hub {given[0]}").parse_args(given[1:])
        else:
            parser_of(JOBS, "persona-hub", ABOUT).parse_args(given)
        return WRONG_COMMAND
    except UsageError as error:
        return report("persona-hub", error, WRONG_COMMAND)


def job_main(name: str, arguments: Sequence[str] | None = None) -> int:
    """Runs one job, as `python -m persona_hub.pipelines.<job>` does."""
    return run_job(JOB_BY_NAME[name], list(sys.argv[1:] if arguments is None else arguments))


def run_job(job: Job, arguments: Sequence[str], clock: Clock = utc_now) -> int:
    """Reads the flags of `job`, runs it, and turns what the user can mend into one line."""
    prog = f"persona-hub {job.name}"
    parser = Parser(prog=prog, description=job.help, allow_abbrev=False)
    add_flags(parser, job)
    try:
        flags, rest = parse_flags(parser, job, arguments)
        if rest and not job.runs_on_beam:
            raise UsageError(f"unknown argument {rest[0]}; see {prog} --help")
        if "input" in flags:
            flags["input"] = said(flags["input"], dated(flags["input"], clock()))
        return import_module(job.module).run(flags, rest)
    except Submitted as job_elsewhere:
        print(job_elsewhere)
        return DONE
    except ValueError as error:  # of the flags, the corpus, prompts, use cases, the hub: raised before anything runs
        return report(prog, error, WRONG_COMMAND)
    except NothingToRead as error:
        return report(prog, error, NOTHING_TO_READ)
    except JobError as error:
        return report(prog, error, FAILED)
    except OSError as error:  # a full disk, a folder that is a file, a hub's file that is gone
        named = f"{error.filename}: {error.strerror}" if error.filename else error
        return report(prog, JobError(f"{named}; mend that, and run the same command again"), FAILED)
    except KeyboardInterrupt as interrupt:
        said_of_it = str(interrupt) or "interrupted; run the same command again to go on"
        return report(prog, JobError(said_of_it), FAILED)


def said(typed: Sequence[str], patterns: list[str]) -> list[str]:
    """The patterns; those that hold the date of today are printed, so that they can be typed on another day."""
    for before, after in zip(typed, patterns, strict=True):
        if before != after:
            print(f"--input {after}", flush=True)
    return patterns


def report(prog: str, error: Exception, code: int) -> int:
    """Prints one line; the traceback only when the environment asks for it."""
    if os.environ.get(TRACEBACK):
        raise error
    print(f"{prog}: error: {' '.join(str(error).split())}", file=sys.stderr)
    return code


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
