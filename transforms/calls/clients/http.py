"""What the backends share about HTTP: how large an answer may be, when to come back, and what may be shown of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from persona_hub.transforms.calls.clients.failures import CONNECTION, TIMEOUT, TOO_LARGE
from persona_hub.transforms.calls.protocol import ModelError, Verdict

ANSWER_BYTES = 16 << 20  # of one body, unpacked: what is more comes from no model
VECTORS_BYTES = 64 << 20  # 256 vectors of 3,072 numbers as JSON are 17 MB
PACKINGS = "gzip, deflate"  # that are asked for, since these can be unpacked piece by piece


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: a number or a date, None where it says neither."""
    for name, parts in (("retry-after-ms", 1000), ("retry-after", 1)):
        with suppress(ValueError):
            if name in headers:
                return max(0.0, float(headers[name]) / parts)
    if "retry-after" not in headers:
        return None
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def transport_error(error: BaseException, address: str) -> ModelError:
    """The error that a connection's fault means: of a connection that was refused, reset, cut or garbled."""
    cause: BaseException = error
    while not isinstance(cause, ModelError) and cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, ModelError):
        return cause
    reason = TIMEOUT if isinstance(cause, TimeoutError) else CONNECTION
    # Of a body that breaks off the head had come, so the model had answered.
    paid = type(cause).__name__ in ("ClientPayloadError", "ContentEncodingError", "TransferEncodingError")
    return ModelError(reason, f"{type(cause).__name__} at {place_of(address)}", Verdict.WAIT, paid=paid)


def too_large(most: int) -> ModelError:
    """The error of a body without end, or one that unpacks to more than `most` bytes."""
    return ModelError(TOO_LARGE, f"its body has more than {most >> 20} MB", Verdict.WAIT, paid=True)


def place_of(address: str) -> str:
    """Scheme, host and port of an address: path, query and user may hold a secret."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "its address"
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "its address"


def redirect_words(headers: Mapping[str, str], address: str) -> str:
    """Where a server points to instead of an answer."""
    target = headers.get("location", "")
    place = place_of(target) if "//" in target else place_of(address)
    return f"it points to {place}, and redirects are not followed: they would carry the key and the prompt along"
