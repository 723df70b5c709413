"""Google's clients: google-genai on the Gemini API and on Vertex AI; who asks, and what its errors mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from persona_hub.transforms.calls.clients.failures import UNREADABLE, error_of
from persona_hub.transforms.calls.clients.http import ANSWER_BYTES, redirect_words, retry_after, transport_error
from persona_hub.transforms.calls.clients.said import Said, said_of
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict, setting_of
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.secrets import secret_or_variable, variable

KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
LOCATION = "global"
CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
DEFAULT_CREDENTIALS = "Google's application default credentials"

_sessions: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # of the clients that are open


def open_genai(config: ModelConfig, example: str, location: str = LOCATION, most: int = ANSWER_BYTES) -> Any:
    """google-genai's client for `gemini:MODEL` or `vertex:MODEL`. Raises ValueError where model or account lack.

    `location`: on Vertex AI, where neither options nor environment name one. `most`: bytes of an answer's body. No
    redirect is followed. Call it in the loop that will use it, and close it with `close_genai`.
    """
    from google import genai

    from persona_hub.transforms.calls.clients.bounded import bounded_session

    backend, _, model = config.name.partition(":")
    if not model:
        raise InvalidInputError(f"{config.flag} {config.name}: name the model too, such as {backend}:{example}")
    account = account_of(config, location)
    session = bounded_session(most)
    options = genai.types.HttpOptions(
        base_url=config.base_url or None,
        aiohttp_client=session,
        async_client_args={"allow_redirects": False},
        timeout=int(config.timeout * 1000),
        # Without options of its own the client sends once more after a lost connection, unseen and maybe paid.
        retry_options=genai.types.HttpRetryOptions(attempts=1),
    )
    client = genai.Client(**account, http_options=options)
    _sessions[client] = session
    return client


async def close_genai(client: Any) -> None:
    """Frees connections."""
    await client.aio.aclose()
    await _sessions.pop(client).close()


@asynccontextmanager
async def genai_errors(config: ModelConfig) -> AsyncIterator[None]:
    """Whatever google-genai raises inside comes out as a ModelError, without its cause: a traceback would quote it."""
    import aiohttp
    from google.genai.errors import APIError

    backend = config.name.partition(":")[0]
    key = DEFAULT_CREDENTIALS if backend == "vertex" else config.key_secret or " or ".join(KEY_VARIABLES)
    address = config.base_url or "https://googleapis.com"
    try:
        yield
    except ModelError as error:
        raise (error_of(error.said, None, key, config.flag) if error.said else error) from None
    except APIError as error:
        headers = getattr(error.response, "headers", None) or {}
        said = said_of(error.code, error.details)
        if 300 <= said.status < 400:
            lower = {str(name).lower(): str(value) for name, value in headers.items()}
            said = Said(said.status, message=redirect_words(lower, address))
        raise error_of(said, retry_after(headers) or _asked_delay(error.details), key, config.flag) from None
    except (aiohttp.ClientError, OSError) as error:
        raise transport_error(error, address) from None
    except Exception as error:  # of its reading: an answer that it has no form for
        raise ModelError(UNREADABLE, type(error).__name__, Verdict.WAIT, paid=True) from None


def account_of(config: ModelConfig, default: str = LOCATION) -> dict[str, Any]:
    """Arguments of google-genai's client that say who asks. Raises ValueError where that is not known."""
    if config.name.partition(":")[0] == "vertex":
        project, location = project_of(config, default)
        return {"vertexai": True, "project": project, "location": location, "credentials": credentials_of(config)}
    key = secret_or_variable(config.key_secret, KEY_VARIABLES)
    if not key:
        raise InvalidInputError(
            f"{config.flag} {config.name}: needs a key in the environment variable {' or '.join(KEY_VARIABLES)}, or "
            f"{setting_of(config.flag, 'api_key_secret')}"
        )
    return {"vertexai": False, "api_key": key}


def credentials_of(config: ModelConfig) -> Any:
    """The application default credentials, as google-genai would look for them at its first call."""
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        found, _ = google.auth.default(scopes=[CLOUD_SCOPE])
    except DefaultCredentialsError as error:
        raise InvalidInputError(
            f"{config.flag} {config.name}: no credentials of Google Cloud are found; run `gcloud auth "
            "application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
        ) from error
    return found


def project_of(config: ModelConfig, default: str = LOCATION) -> tuple[str, str]:
    """Google Cloud project and location, of the options or else the environment."""
    project = config.options.get("project") or variable("GOOGLE_CLOUD_PROJECT")
    if not project:
        raise InvalidInputError(
            f"{config.flag} {config.name}: needs --project or the environment variable GOOGLE_CLOUD_PROJECT"
        )
    return str(project), str(config.options.get("location") or variable("GOOGLE_CLOUD_LOCATION") or default)


def _asked_delay(details: Any) -> float | None:
    """Seconds of a RetryInfo among the details of an error: the Gemini API says it there, not in a header."""
    error = details.get("error", details) if isinstance(details, Mapping) else {}
    for detail in error.get("details") or [] if isinstance(error, Mapping) else []:
        delay = detail.get("retryDelay") if isinstance(detail, Mapping) else None
        if isinstance(delay, str) and delay.endswith("s"):
            try:
                return float(delay[:-1])
            except ValueError:
                return None
    return None
