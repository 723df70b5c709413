"""Runs the function of a command: reads its flags, and turns what the user can mend into one line and an exit code."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.date_macros import DATED, Clock, dated, utc_now
from persona_hub.pipelines.cli.exit_status import (
    DONE,
    FAILED,
    NOTHING_TO_READ,
    WRONG_COMMAND,
    JobError,
    NothingToRead,
    Submitted,
    UnknownArgument,
    UsageError,
)
from persona_hub.pipelines.cli.log_lines import say, say_traceback, show_log
from persona_hub.pipelines.cli.option import options_of
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.secrets import without_logins
from persona_hub.transforms.store.protocol import StoreAway, StoreError

TRACEBACK = "PERSONA_HUB_TRACEBACK"  # set to see where an error came from
STORAGES = "persona_hub.pipelines.cli.storages"
NO_FILE_SYSTEM = "Unable to get filesystem"

Command = Callable[[Any, Sequence[str]], int]  # (its options, Beam's flags) -> exit code


def run_command(name: str, command: Command, arguments: Sequence[str] | None = None, clock: Clock = utc_now) -> int:
    """Runs `command` with the flags that the table of commands lists under `name`; returns its exit code.

    0 done, 1 the job failed, 2 the command was wrong, 3 done in part, 4 nothing to read yet. Without `arguments`, those
    of this process.
    """
    job, prog = JOB_BY_NAME[name], f"persona-hub {name}"
    show_log()
    try:
        given = sys.argv[1:] if arguments is None else arguments
        if any("://" in argument for argument in given):  # the file of --model may be on a far storage
            import_module(STORAGES).use_storage_flags(given)
        options, rest = read_options(job, given)
        storages = import_module(STORAGES)  # Beam comes with it, so not before --help is answered
        foreign = storages.use_storage_flags(rest)
        if foreign and not job.runs_on_beam:
            raise UnknownArgument(foreign[0], storages.storage_flags())
        now = clock()
        for flag in (name for name in DATED if getattr(options, name, ())):
            typed = getattr(options, flag)
            options = replace(options, **{flag: show_dated(flag, typed, dated(typed, now, flag))})
        if not job.runs_on_beam:  # a job looks at them when it knows where it runs
            storages.check_storages(options)
        code = command(options, rest)
        sys.stdout.flush()
        return code
    except Submitted as job_elsewhere:
        say(job_elsewhere)
        return DONE
    except UnknownArgument as error:
        told = error.told([*options_of(job.options), *error.known])
        return report(prog, UsageError(f"{told}; see {prog} --help"), WRONG_COMMAND)
    except InvalidInputError as error:  # of the flags, the corpus, prompts, use cases, the hub, prices, secrets
        return report(prog, error, WRONG_COMMAND)
    except StoreAway as error:
        return report(prog, error, FAILED)
    except StoreError as error:  # full, read-only, damaged, some other program's
        return report(prog, error, WRONG_COMMAND)
    except NothingToRead as error:
        return report(prog, error, NOTHING_TO_READ)
    except JobError as error:
        return report(prog, error, FAILED)
    except OSError as error:  # a full disk, a folder that is a file, a hub's file that is gone
        if isinstance(error, BrokenPipeError) and nobody_reads():
            return FAILED
        what = f"{error.filename}: {error.strerror}" if error.filename else error
        return report(prog, JobError(f"{what}; mend that, and run the same command again"), FAILED)
    except KeyboardInterrupt as interrupt:
        how_to_go_on = str(interrupt) or "interrupted; run the same command again to go on"
        return report(prog, JobError(how_to_go_on), FAILED)
    except Exception as error:
        if NO_FILE_SYSTEM in str(error):  # Beam's words for x://y, and its type: ValueError
            path = str(error).rpartition("Path specified: ")[2]
            told = f"{path}: no storage of this kind; there are gs://, s3:// and hdfs://, in small letters"
            return report(prog, UsageError(told), WRONG_COMMAND)
        fault = f"{type(error).__name__}: {error} (a fault of persona-hub; please report what {TRACEBACK}=1 shows)"
        return report(prog, JobError(fault), FAILED, error)


def nobody_reads() -> bool:
    """Whether what reads standard output has gone, as `| head` does; what is left to print then goes nowhere."""
    out = select.poll()
    try:
        out.register(sys.stdout.fileno(), select.POLLOUT)
    except OSError:  # no file, as in a notebook
        return False
    gone = any(event & (select.POLLERR | select.POLLHUP) for _, event in out.poll(0))
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone


def show_dated(flag: str, typed: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """The patterns; those that hold the date of today are printed, so that they can be typed on another day."""
    for before, after in zip(typed, patterns, strict=True):
        if before != after:
            say(f"--{flag} {after}", flush=True)
    return tuple(patterns)


def report(prog: str, error: Exception, code: int, cause: Exception | None = None) -> int:
    """Prints one line; the traceback only when the environment asks for it."""
    if os.environ.get(TRACEBACK):
        sys.excepthook = say_traceback
        raise error from cause
    say(f"{prog}: error: {without_logins(' '.join(str(error).split()))}", file=sys.stderr)
    return code
