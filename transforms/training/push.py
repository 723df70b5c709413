"""A data set -> a repository of Hugging Face's hub, through the hub's own client, which knows where the token is."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import NoReturn

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.utils import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
    validate_repo_id,
)

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.secrets import remembered, scrubbed
from persona_hub.transforms.training.files import DATA_FILE

DATASET, REVISION = "dataset", "main"
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN to a token that may write"
DENIED = (401, 402, 403)


class PushError(InvalidInputError):
    """A repository that cannot be pushed to as things are; the message has the remedy."""


class PushFailedError(OSError):
    """A push that the hub refused or did not answer; the same again may succeed."""


def check_push(repository: str, folder: str, flag: str = "--push_to_hub") -> None:
    """Raises PushError for a name that no repository can have, a folder far away, and where nobody is logged in."""
    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise PushError(f"{flag} {repository}: {excerpt(str(error))}; name it OWNER/NAME") from None
    if not is_local(folder):
        raise PushError(f"{flag} {repository}: {folder} is on a far storage; give --output a folder of this machine")
    if not get_token():
        raise PushError(f"{flag} {repository}: nobody is logged in to the hub; {LOG_IN}")


def push_folder(folder: str, names: Collection[str], repository: str, private: bool, message: str) -> str:
    """The files `names` of `folder` in a data set repository of the hub, which is made if it is not there; its address.

    Of an earlier push, files with names of a data set of ours are deleted; all others in the repository stay. A
    repository that is there stays as private, or as public, as it is. Raises PushError and PushFailedError.
    """
    api, quiet = HfApi(), are_progress_bars_disabled()
    remembered(get_token() or "")
    disable_progress_bars()
    try:
        made = api.create_repo(repository, repo_type=DATASET, private=private, exist_ok=True)
        there = api.list_repo_files(made.repo_id, repo_type=DATASET)
        stale = [name for name in there if DATA_FILE.fullmatch(name) and name not in names]
        api.upload_folder(
            folder_path=folder,
            repo_id=made.repo_id,
            repo_type=DATASET,
            revision=REVISION,
            allow_patterns=sorted(names),
            delete_patterns=stale or None,
            commit_message=message,
        )
        return str(made)
    except Exception as error:  # of HTTP, of Xet's own client, of threads
        explain(error, repository)
    finally:
        if not quiet:
            enable_progress_bars()


def explain(error: Exception, repository: str) -> NoReturn:
    """Raises the error as one that says what to do, without any secret in it."""
    said = excerpt(scrubbed(str(error)))
    status = 0
    if isinstance(error, HfHubHTTPError):
        with suppress(AttributeError):
            status = error.response.status_code
    if status in DENIED:
        raise PushError(f"{repository}: the hub says {status}: {said}; {LOG_IN} there") from None
    if isinstance(error, OfflineModeIsEnabled):
        raise PushError(f"{repository}: HF_HUB_OFFLINE is set, so nothing is pushed; unset it") from None
    raise PushFailedError(f"{repository}: not pushed ({type(error).__name__}: {said}); the files are written") from None
