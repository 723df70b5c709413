"""What the backends share about HTTP: which status a retry can cure, and when to come back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from transforms.calls.protocol import ModelError

CURABLE = (408, 409, 425, 429)  # and 5xx
REFUSED = (429, 503, 529)  # too much for the server just now
FATAL = {
    401: "the key is missing or wrong; it is read from {key}",
    403: "the key may not use this model; it is read from {key}",
    404: "there is no such model or address",
}


def error_of_status(status: int, wait: float | None, key: str, hopeless: bool = False) -> ModelError:
    """The error that an HTTP status means; the server's own words are left out, since they may quote the prompt."""
    if status in FATAL:
        return ModelError(f"http-{status}", FATAL[status].format(key=key), fatal=True)
    if hopeless:
        return ModelError(f"http-{status}", "the account's quota is used up", fatal=True)
    curable = status in CURABLE or status >= 500
    return ModelError(f"http-{status}", retry=curable, retry_after=wait, refused=status in REFUSED)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: a number or a date, None where it says neither."""
    value = headers.get("retry-after-ms")
    try:
        if value is not None:
            return max(0.0, float(value) / 1000)
        value = headers.get("retry-after")
        if value is None:
            return None
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(str(value)).timestamp() - time.time())
    except ValueError:
        return None
