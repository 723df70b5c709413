"""Keys and passwords: out of the environment, or out of Google Secret Manager by the name of a secret.

Whoever needs a secret fetches it, in its own process, when a client is opened: a job's description, its flags and its
manifest hold the name alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from persona_hub.transforms.errors import InvalidInputError

SECRET_NAME = re.compile(r"projects/[^/\s]+(/locations/(?P<location>[a-z0-9-]+))?/secrets/[\w-]+/versions/[\w-]+")
ENDPOINT = "SECRET_MANAGER_ENDPOINT"  # environment variable: another address of the service, as for a private one
FETCH_SECONDS = 60.0


class SecretError(InvalidInputError):
    """A secret that cannot be had; the message holds its name and the remedy, never what it says."""


def check_secret_name(flag: str, name: str) -> str:
    """`name` itself. Raises SecretError for what is no name of a secret's version, without showing what it is."""
    if name and not SECRET_NAME.fullmatch(name):  # it may be the secret itself
        raise SecretError(f"{flag}: must be projects/PROJECT/secrets/SECRET/versions/VERSION (or latest), never a key")
    return name


def secret_or_variable(secret: str, variables: Sequence[str]) -> str:
    """What the secret says, where one is named, else the first of these environment variables that is set, else ""."""
    if secret:
        return fetched(secret)
    return next((value for name in variables if (value := os.environ.get(name))), "")


def fetched(name: str) -> str:
    """What the secret at `name` says, without white space around it: many are made by `echo`, with a line's end.

    Who asks is said by the application default credentials. Raises SecretError.
    """
    from google.api_core import exceptions as api
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

    match = SECRET_NAME.fullmatch(check_secret_name("secret", name))
    assert match
    place = f"secretmanager.{match['location']}.rep.googleapis.com" if match["location"] else ""
    endpoint = os.environ.get(ENDPOINT) or place
    try:
        # Over HTTP: one call, and no thread of gRPC's that a forked worker would lack.
        with SecretManagerServiceClient(
            transport="rest", client_options={"api_endpoint": endpoint} if endpoint else None
        ) as client:
            said: str = client.access_secret_version(name=name, timeout=FETCH_SECONDS).payload.data.decode().strip()
    except (api.Forbidden, api.Unauthorized, GoogleAuthError) as error:
        raise SecretError(
            f"{name}: cannot be read ({type(error).__name__}); give the workers' account the role "
            "roles/secretmanager.secretAccessor (application default credentials)"
        ) from error
    except (api.NotFound, api.BadRequest) as error:
        raise SecretError(f"{name}: there is no such version, or it is disabled") from error
    except UnicodeDecodeError:
        raise SecretError(f"{name}: is no text in UTF-8") from None
    except (api.GoogleAPIError, OSError) as error:
        raise SecretError(f"{name}: Secret Manager gave no answer ({type(error).__name__}); try again") from error
    if not said:
        raise SecretError(f"{name}: is empty")
    return said
