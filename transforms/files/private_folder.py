"""Folders for what processes of one user share on a machine, where other users have no say."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from persona_hub.transforms.errors import InvalidInputError

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class PrivateFolderError(InvalidInputError):
    """Something else stands where a private folder is to be; the message names it and the remedy."""


def private_folder(name: str) -> Path:
    """The folder `name` of this user in the system's folder for temporary files, made with mode 0700.

    Anybody may make a folder of that name there before us, and put into it what we would trust. Raises
    PrivateFolderError for what is no folder, is a link, is not ours, or was open to others.
    """
    path = Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}"
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            wrong = "is no folder"
        elif found.st_uid != os.getuid():
            wrong = f"belongs to another user ({found.st_uid})"
        elif found.st_mode & OTHERS_WRITE:
            wrong = "is open to other users"
        else:
            path.chmod(0o700)
            return path
        raise PrivateFolderError(f"{path}: {wrong}; remove it, or set TMPDIR to a folder of your own") from None
    return path
