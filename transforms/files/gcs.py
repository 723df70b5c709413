"""Cloud Storage by Google's client: credentials, a file that is swapped, why it refuses."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from apache_beam.internal.gcp import auth
from apache_beam.options.pipeline_options import PipelineOptions

from persona_hub.transforms.files.access import SECONDS, AccessError, StorageAway, Swapped, bucket_and_name
from persona_hub.transforms.records import excerpt

EMULATOR, NO_METADATA_SERVER = "STORAGE_EMULATOR_HOST", "NO_GCE_CHECK"
TRIES = 5  # at a swap that others keep from happening
HOW_TO_LOG_IN = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
SETTLED = threading.Lock()


def settle_credentials() -> None:
    """Looks for credentials once in a process. Where there are none, Beam asks without, as of public buckets.

    Beam by itself looks five times, for half a minute in each process of a job.
    """
    found = auth._Credentials
    if found._credentials_init:
        return
    with SETTLED:
        if not found._credentials_init and (os.environ.get(EMULATOR) or not has_credentials()):
            os.environ.setdefault(NO_METADATA_SERVER, "true")  # worker processes inherit it
            found._credentials, found._credentials_init = None, True


def has_credentials() -> bool:
    """Whether Google's libraries find credentials; a machine whose metadata server does not answer has none."""
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    found = threading.Event()

    def look() -> None:
        try:
            google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        except (GoogleAuthError, OSError, ValueError):
            return
        found.set()

    logging.getLogger("google.auth").setLevel(logging.ERROR)  # it warns of each attempt
    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(SECONDS / 2)
    return found.is_set()


def is_anonymous() -> bool:
    """Whether requests are sent without credentials."""
    settle_credentials()
    return auth._Credentials._credentials_init and auth._Credentials._credentials is None


def gcs_client(options: PipelineOptions | None) -> Any:
    """A client with the credentials that Beam uses."""
    from apache_beam.io.gcp.gcsio import create_storage_client

    settle_credentials()
    return create_storage_client(options or PipelineOptions([]))


def swap_blob(client: Any, path: str, expects: Callable[[bytes | None], bool], data: bytes) -> Swapped:
    """Replaces a small object by `data` if it is what is expected, else leaves it.

    By the object's generation: the server refuses a write where another came between. Of a write that was sent again,
    and was refused by its own success, the content tells.
    """
    from google.api_core.exceptions import NotFound, PreconditionFailed

    bucket, name = bucket_and_name(path)
    store = client.bucket(bucket)
    for attempt in range(TRIES):
        try:
            blob = store.get_blob(name)
            # 0: only if there is none. Taken now: a download sets blob.generation to None where its answer lacks a
            # header, and with None the write below would be unconditional.
            generation = blob.generation if blob else 0
            found = blob.download_as_bytes(if_generation_match=generation) if blob else None
            if (attempt and found == data) or not expects(found):
                return Swapped(found == data and attempt > 0, found)
            store.blob(name).upload_from_string(data, if_generation_match=generation)
        except (NotFound, PreconditionFailed):
            continue
        return Swapped(True, found)
    raise StorageAway(f"{path}: kept from being replaced {TRIES} times, by others who write it")


def gcs_refusal(path: str, error: Exception) -> AccessError | StorageAway:
    """The one line for what a client has raised."""
    import requests
    from google.api_core.exceptions import Forbidden, NotFound, Unauthorized
    from google.auth.exceptions import RefreshError

    network = isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout)
    said = "no answer" if network else excerpt(str(getattr(error, "message", "") or error))
    if isinstance(error, NotFound):
        return AccessError(f"{path}: there is no bucket {bucket_and_name(path)[0]}; make it, or name another")
    if (is_anonymous() and not os.environ.get(EMULATOR)) or isinstance(error, Unauthorized):
        return AccessError(f"{path}: no credentials for Cloud Storage, and without them: {said}; {HOW_TO_LOG_IN}")
    if isinstance(error, RefreshError):
        return AccessError(f"{path}: the credentials are refused ({said}); {HOW_TO_LOG_IN}")
    if isinstance(error, Forbidden):
        return AccessError(
            f"{path}: denied (HTTP 403: {said}); the account needs the role Storage Object Viewer on the bucket, and "
            "to write Storage Object User"
        )
    return StorageAway(f"{path}: Cloud Storage does not answer ({said}); see the network")
