"""Keys and passwords: out of the environment, or out of Google Secret Manager by the name of a secret.

Whoever needs a secret fetches it, in its own process, when a client is opened: a job's description, its flags and its
manifest hold the name alone. What was fetched is remembered in the process, so that `scrubbed` finds it in what a
server says: some quote the key, in errors and in answers.
"""

from __future__ import annotations

import json
import os
import re
import string
from collections.abc import Sequence
from urllib.parse import quote

from persona_hub.transforms.errors import InvalidInputError

SECRET_NAME = re.compile(r"projects/[^/\s]+(/locations/(?P<location>[a-z0-9-]+))?/secrets/[\w-]+/versions/[\w-]+")
ENDPOINT = "SECRET_MANAGER_ENDPOINT"  # environment variable: another address of the service, as for a private one
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/{0,2}")
SERVER = r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?"
PLAIN_ADDRESS = re.compile(rf"/[^\s@:]*|[a-z][a-z0-9+.-]*://{SERVER}(/[^\s@]*)?|{SERVER}(/[^\s@:]*)?")
LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:/{1,3})[^\s/?#@]*:[^\s@]*@")
SECRET_PARAMETER = re.compile(
    r"([?&;#][\w.-]*(?:key|token|code|sig|signature|secret|password|passwd|pwd|auth|credential|jwt|sas)[\w.-]*=)"
    r"(?!projects/|…)[^\s&;#'\"]+",  # but the name of a secret
    re.IGNORECASE,
)
FETCH_SECONDS = 60.0
AROUND_SECRETS = string.whitespace + "\ufeff\u200b\u00a0"  # around a secret, with what copying from a page brings along
QUOTES = "\"'`"  # as `docker run --env-file` and systemd keep them
WRONG_IN_KEY = re.compile(r"[^!-~]")
WRONG_IN_PASSWORD = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
HIDDEN = "[secret]"
# Shorter ones, and short ones of letters alone ("ollama", "password"), are words that any text may hold.
SHORTEST_HIDDEN, SHORTEST_OF_LETTERS = 8, 16
# Of which nobody told us: keys of well-known makes, and whatever an Authorization header holds.
LOOKS_SECRET = re.compile(r"\b(?:sk-[\w-]{16,}|AIza[\w-]{30,}|ya29\.[\w.-]{20,}|(?i:Bearer|Basic)\s+[\w.~+/-]{8,}=*)")

_hidden: dict[str, None] = {}  # each secret of this process in each form, in the order of their fetching


class SecretError(InvalidInputError):
    """A secret that cannot be had; the message holds its name and the remedy, never what it says."""


def check_secret_name(flag: str, name: str) -> str:
    """`name` itself. Raises SecretError for what is no name of a secret's version, without showing what it is."""
    if name and not SECRET_NAME.fullmatch(name):  # it may be the secret itself
        raise SecretError(f"{flag}: must be projects/PROJECT/secrets/SECRET/versions/VERSION (or latest), never a key")
    return name


def masked(address: str) -> str:
    """An address as a message may show it: without user, password, query and fragment.

    "https://host:8000/v1?token=abc" is shown as "https://host:8000/v1?…"; of what is not clearly an address only the
    scheme is shown: a password may be anywhere in it.
    """
    plain, mark, _ = re.fullmatch(r"([^?#;]*)([?#;]?)(.*)", address, re.DOTALL).groups()  # type: ignore[union-attr]
    if PLAIN_ADDRESS.fullmatch(plain):
        return f"{plain}{mark}…" if mark else plain
    scheme = SCHEME.match(address)
    return f"{scheme[0] if scheme else ''}…"


def without_logins(text: str) -> str:
    """`text`, the user and password of each address in it, and what its query calls a key, replaced by "…"."""
    return SECRET_PARAMETER.sub(r"\1…", LOGIN.sub(r"\1…@", text))


def secret_or_variable(secret: str, variables: Sequence[str]) -> str:
    """The key in the secret, where one is named, else in the first of these environment variables that is set, else "".

    Raises SecretError for what can be no key.
    """
    if secret:
        return checked_key(secret, fetched(secret))
    for name in variables:
        if key := variable(name):
            return checked_key(f"environment variable {name}", key)
    return ""


def secret_or_password(secret: str, names: Sequence[str]) -> str:
    """The same for a password, which may hold spaces, quotes and letters of any script. Raises SecretError."""
    if secret:
        return checked_password(secret, fetched(secret))
    return next(
        (checked_password(f"environment variable {name}", found) for name in names if (found := variable(name))), ""
    )


def variable(name: str) -> str:
    """An environment variable without white space around it: a file that `echo` or an editor made ends with a line's
    end, and Windows begins it with a byte order mark.
    """
    return os.environ.get(name, "").strip(AROUND_SECRETS)


def checked_key(place: str, key: str) -> str:
    """`key` itself. Raises SecretError, which names the place alone, for one that no HTTP header can carry."""
    if wrong := WRONG_IN_KEY.search(key):
        raise SecretError(f"{place}: no key holds {described(wrong[0])}; copy the key alone, on one line")
    if key[:1] in QUOTES or key[-1:] in QUOTES:
        raise SecretError(f"{place}: the quotes became part of the key; leave them out")
    return remembered(key)


def checked_password(place: str, password: str) -> str:
    """`password` itself. Raises SecretError, which names the place alone, for one with control characters."""
    if wrong := WRONG_IN_PASSWORD.search(password):
        raise SecretError(f"{place}: no password holds {described(wrong[0])}; copy the password alone, on one line")
    return remembered(password)


def remembered(secret: str) -> str:
    """`secret` itself, which `scrubbed` hides from now on, plain or as it stands in JSON and in an address."""
    if len(secret) >= (SHORTEST_OF_LETTERS if secret.isalpha() else SHORTEST_HIDDEN):
        for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
            _hidden[form] = None
    return secret


def without_secrets(text: str) -> str:
    """`text` without the secrets of this process."""
    for secret in sorted(_hidden, key=len, reverse=True):  # one may begin with another; 0.1 us each for a page
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def scrubbed(text: str) -> str:
    """`text` without the secrets of this process, and without what looks like one."""
    return LOOKS_SECRET.sub(HIDDEN, without_secrets(text))


def described(character: str) -> str:
    """A character that is not wanted, in words."""
    if character in "\r\n":
        return "a line's end"
    if character.isspace():
        return "white space"
    return "a control character" if character.isascii() else "a character outside of ASCII"


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
            said: str = client.access_secret_version(name=name, timeout=FETCH_SECONDS).payload.data.decode()
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
    if not (secret := said.strip(AROUND_SECRETS)):
        raise SecretError(f"{name}: is empty")
    return secret
