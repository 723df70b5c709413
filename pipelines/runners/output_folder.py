"""The folder that a command writes into, looked at before anything runs."""

from __future__ import annotations

import os
from pathlib import Path

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.transforms.files.check import require_writable
from persona_hub.transforms.files.storage import is_local


def check_output(folder: str, flag: str = "--output") -> None:
    """Raises UsageError where no folder of that name can be made on this machine, or nothing be written into it.

    On a far storage a small file is written and deleted again: AccessError, or an OSError.
    """
    if not folder:
        return
    if not is_local(folder):
        require_writable(folder)
        return
    place = Path(folder).absolute()
    try:
        there = next(path for path in (place, *place.parents) if path.exists())
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        raise UsageError(f"{flag} {folder}: {error.strerror}; name another folder") from error
    if not there.is_dir():
        raise UsageError(f"{flag} {folder}: {there} is a file; name a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"{flag} {folder}: nothing may be written into {there}; name another folder")
