"""What the failure of a job on Beam means for whoever ran it: the one line, and whose it is to mend."""

from __future__ import annotations

import re
from importlib import import_module

from persona_hub.pipelines.cli.exit_status import JobError, UsageError
from persona_hub.transforms.calls.engine import STOPPED
from persona_hub.transforms.errors import InvalidInputError, NothingKept
from persona_hub.transforms.hub.current import PublishConflict
from persona_hub.transforms.store.protocol import StoreAway, StoreError

INTERRUPTED = "KeyboardInterrupt"
WHILE_RUNNING = re.compile(r"\[while running '([^']*)'\]")
# A worker process sends its traceback as a text, whose last line names the class of the exception.
OWN_ERROR = re.compile(r"((?:\w+: )*)(persona_hub(?:\.\w+)*)\.(\w+): (.*)")


def ending(error: BaseException) -> JobError | UsageError | KeyboardInterrupt:
    """UsageError for a fault in what the user gave, as a key, a file or a store, else JobError; both in one line.

    Ctrl-C that came while the runner was in a step, which took it for a fault, is KeyboardInterrupt again.
    In this process a step's own exception comes back as its type, from a worker process as the text of a RuntimeError.
    """
    text = str(error)
    if STOPPED in text:
        return JobError(STOPPED)
    step = WHILE_RUNNING.search(text)
    lines = [WHILE_RUNNING.sub("", line).strip() for line in text.splitlines()]
    kind, said = type(error), next((line for line in reversed(lines) if line), type(error).__name__)
    if said.startswith(INTERRUPTED):
        return KeyboardInterrupt()
    named = [found for line in lines if (found := OWN_ERROR.fullmatch(line))]
    if named:  # the last: a job server adds a traceback of its own
        kind, said = class_of(named[-1][2], named[-1][3]), named[-1][1] + named[-1][4]
    if issubclass(kind, NothingKept):
        return JobError(said)
    place = f"the job failed in {step.group(1)}" if step else "the job failed"
    return (UsageError if is_wrong_input(kind) else JobError)(f"{place}: {said}")


def class_of(module: str, name: str) -> type[BaseException]:
    """The exception of ours that a worker has named; Exception where there is none."""
    try:
        found = getattr(import_module(module), name, None)
    except ImportError:
        return Exception
    return found if isinstance(found, type) and issubclass(found, BaseException) else Exception


def is_wrong_input(kind: type[BaseException]) -> bool:
    """Whether running the same command again cannot help: a flag or file is wrong, or a store full or damaged."""
    return issubclass(kind, InvalidInputError | StoreError) and not issubclass(kind, StoreAway | PublishConflict)
