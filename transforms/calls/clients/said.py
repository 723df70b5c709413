"""What a server says where it refuses a call: its own words, out of every form of error body, fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from persona_hub.transforms.records import printable
from persona_hub.transforms.secrets import scrubbed

SHOWN = 200  # characters of a server's words
READ = 4000  # of them, for what they mean
QUOTED_RUN = 30  # characters of a prompt in a row: more than any message shares with it by chance
QUOTED = "[prompt]"
TAGS = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>")
# Keys of an error's details that say what is wrong; others may quote the prompt.
TELLING = {
    "code", "type", "status", "reason", "reasons", "quotaid", "quotametric", "innererror", "details", "metadata", "raw",
    "violations", "error", "errors", "provider_name", "error_type",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """An error as the server told it. `message` is raw: it may quote key and prompt."""

    status: int  # of the response; under 200, of the error in its body, or 200 where that says none
    codes: tuple[str, ...] = ()  # every code, type and status in the body, in lower case
    param: str = ""  # the field of the request that is refused
    message: str = ""
    details: str = ""  # what else tells what is wrong
    as_json: bool = False  # whether the body is an error of the API, and no page of a proxy

    @property
    def words(self) -> str:
        """All that it says, in lower case."""
        return f"{' '.join(self.codes)} {self.message} {self.details}"[:READ].lower()

    @property
    def shown(self) -> str:
        """Its message as it may be shown, but for what it quotes of the prompt."""
        return shortened(self.message or ", ".join(self.codes))


def said_of(status: int, body: Any) -> Said:
    """What an error's body says: bytes, or what was parsed of them."""
    if isinstance(body, bytes):
        try:
            body = orjson.loads(body)
        except ValueError:
            body = TAGS.sub(" ", body[: 4 * READ].decode("utf-8", "replace"))
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, Mapping):
        return Said(status, message=" ".join(str(body or "").split())[:READ])
    error = body.get("error") or body.get("errors") or body.get("detail") or body
    if isinstance(error, list) and error:
        error = error[0]
    if not isinstance(error, Mapping):
        return Said(status, codes_in([body]), message=str(error)[:READ], as_json=True)
    if status == 200:
        status = next((code for name in ("code", "status", "status_code") if (code := as_status(error.get(name)))), 200)
    message = error.get("message") or error.get("msg") or error.get("detail") or error.get("error") or ""
    param = error.get("param") or error.get("loc") or ""
    return Said(
        status,
        codes_in([error, body]),
        str(param[-1] if isinstance(param, list) and param else param)[:SHOWN],
        (message if isinstance(message, str) else str(message))[:READ],
        " ".join(telling(error))[:READ],
        as_json=True,
    )


def codes_in(parts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Codes, types and statuses in words, in lower case."""
    found = [part.get(name) for part in parts for name in ("code", "type", "status")]
    return tuple(dict.fromkeys(code.lower()[:SHOWN] for code in found if isinstance(code, str) and code))


def as_status(code: Any) -> int:
    """The HTTP status that a code is, as a number or in digits; 0 for none of an error."""
    number = int(code) if isinstance(code, str) and code.isdecimal() and len(code) == 3 else code
    return number if isinstance(number, int) and 400 <= number < 600 else 0


def telling(value: Any, key: str = "", depth: int = 0) -> Iterable[str]:
    """The values of TELLING keys, however deep."""
    if depth > 6:
        return
    if isinstance(value, Mapping):
        for name, inner in list(value.items())[:50]:
            if str(name).lower() in TELLING or "flagged" in str(name).lower():
                yield f"{name} "
                yield from telling(inner, str(name), depth + 1)
    elif isinstance(value, list):
        for inner in value[:50]:
            yield from telling(inner, key, depth + 1)
    elif key and isinstance(value, str | int):
        yield str(value)[:SHOWN]


def shortened(text: str) -> str:
    """A server's words on one line, without secrets, cut."""
    line = " ".join(printable(scrubbed(text[:READ])).split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


def without_prompt(text: str, prompts: Iterable[str]) -> str:
    """`text`, a server's words, without what it quotes of `prompts`: runs of QUOTED_RUN characters and more."""
    for prompt in prompts:
        known = " ".join(prompt.split())
        start = 0
        # A run of QUOTED_RUN characters holds one of these blocks whole, wherever it begins.
        block = QUOTED_RUN // 2
        while start + block <= len(text):
            if text[start : start + block] not in known:
                start += block
                continue
            begin, end = start, start + block
            while begin and text[begin - 1 : end] in known:
                begin -= 1
            while end < len(text) and text[begin : end + 1] in known:
                end += 1
            if end - begin >= QUOTED_RUN:
                text = text[:begin] + QUOTED + text[end:]
                start = begin + len(QUOTED)
            else:
                start += block
    return text
