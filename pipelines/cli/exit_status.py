"""What a command ends with."""

from __future__ import annotations

from persona_hub.transforms.errors import InvalidInputError

DONE, FAILED, WRONG_COMMAND, BUDGET_SPENT, NOTHING_TO_READ = 0, 1, 2, 3, 4


class UsageError(InvalidInputError):
    """The command was wrong; the message names the flag and the remedy."""


class Submitted(Exception):
    """No error: the job runs on without this process. The message says where to look at it."""


class NothingToRead(Exception):
    """What a refresh is to read is not there, or not yet; the message names the pattern."""


class JobError(RuntimeError):
    """The job failed; the message says in one line what happened."""
