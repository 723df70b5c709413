"""What the backends share about HTTP: which status a retry can cure, and when to come back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime

from persona_hub.transforms.calls.protocol import ModelError, Verdict

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
        return ModelError(f"http-{status}", FATAL[status].format(key=key), verdict=Verdict.REQUEST)
    if hopeless:
        return ModelError(f"http-{status}", "the account's quota is used up", verdict=Verdict.REQUEST)
    curable = status in CURABLE or status >= 500
    verdict = Verdict.WAIT if curable else Verdict.INPUT
    return ModelError(f"http-{status}", verdict=verdict, retry_after=wait, refused=status in REFUSED)


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
    except ValueError:
        return None
