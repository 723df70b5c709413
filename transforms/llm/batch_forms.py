"""Requests and answers as the half-price batch APIs have them in JSON Lines: OpenAI's, Gemini's, Vertex AI's.

A line's name is "<task>.<key and subject>": key and subject are those of the response store, the task says what asked.
OpenAI gives the name back as `custom_id`, the Gemini API as `key`; Vertex AI gives back the request itself, so there it
stands in its labels. The 43 digits of base 64 keep the names of our own tasks within 64 characters, which is as many as
some servers of OpenAI's protocol take.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from persona_hub.transforms.calls.protocol import ModelError
from persona_hub.transforms.llm.dialects.answers import FILTERED, added, chat_answer, completed, finish_of, loads
from persona_hub.transforms.llm.dialects.dialect import MAX_COMPLETION_TOKENS, Dialect
from persona_hub.transforms.llm.dialects.extra_body import with_extra
from persona_hub.transforms.llm.protocol import KEY_BYTES, Completion, Request, well_formed
from persona_hub.transforms.store.protocol import HEX_ID, subject_of

BATCH_BACKENDS = ("openai", "gemini", "vertex")
LABELS = ("persona_hub_task", "persona_hub_key", "persona_hub_subject")
STATUS_CODE = re.compile(r'"code": ?(\d{3})\b')
LINE_NAME = re.compile(
    r"([^.]+)\.(?:([0-9a-f]{32})|([A-Za-z0-9_-]{43}))"
)  # the former, of the key alone, as earlier releases wrote


class LineName(NamedTuple):
    """What a line of requests or answers is called."""

    task: str
    key: bytes
    subject: bytes = b""


class BatchAnswer(NamedTuple):
    """One line of a batch API's output."""

    task: str
    key: bytes
    subject: bytes
    completion: Completion | None
    reason: str = ""  # why there is none


def request_line(
    backend: str, model: str, key: bytes, request: Request, extra: Mapping[str, Any] = MappingProxyType({})
) -> bytes:
    """The line that asks `request` of `model`; `extra`: fields of --llm_extra_body."""
    subject = subject_of(request.subject)
    name = spelled(LineName(request.task, key, subject if len(subject) == KEY_BYTES else b""))
    if backend == "openai":
        body = with_extra(Dialect(MAX_COMPLETION_TOKENS).body(model, request), extra)
        line = {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}
    elif backend == "gemini":
        line = {"key": name, "request": with_extra(gemini_body(request), extra)}
    else:
        labels = dict(zip(LABELS, (request.task, key.hex(), subject.hex()), strict=True))
        ours = {"labels": {label: value for label, value in labels.items() if value}}
        line = {"request": with_extra(with_extra(gemini_body(request), extra), ours)}
    return orjson.dumps(line) + b"\n"


def gemini_body(request: Request) -> dict[str, Any]:
    """A request as generateContent takes it."""
    drawn = request.sampling
    values = {
        "temperature": drawn.temperature,
        "topP": drawn.top_p,
        "maxOutputTokens": drawn.max_tokens,
        "seed": drawn.seed,
        "responseMimeType": "application/json" if request.schema else None,
        "responseJsonSchema": orjson.loads(request.schema) if request.schema else None,
    }
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": request.prompt}]}]}
    if request.system:
        body["systemInstruction"] = {"parts": [{"text": request.system}]}
    return body | {"generationConfig": {name: value for name, value in values.items() if value is not None}}


def spelled(name: LineName) -> str:
    """A name as one text."""
    if not name.subject:
        return f"{name.task}.{name.key.hex()}"
    return f"{name.task}.{urlsafe_b64encode(name.key + name.subject).decode().rstrip('=')}"


def name_of(line: dict[str, Any]) -> LineName | None:
    """The name of a line of requests or of answers; None where it is not one of ours."""
    labels = (line.get("request") or {}).get("labels") or {}
    task, key, subject = (str(labels.get(label, "")) for label in LABELS)
    found = LINE_NAME.fullmatch(str(line.get("custom_id") or line.get("key") or f"{task}.{key}"))
    if not found:
        return None
    if found[2]:
        return LineName(found[1], bytes.fromhex(found[2]), bytes.fromhex(subject) if HEX_ID.fullmatch(subject) else b"")
    both = urlsafe_b64decode(found[3] + "=")
    return LineName(found[1], both[:KEY_BYTES], both[KEY_BYTES:])


def read_answer(text: bytes) -> BatchAnswer | None:
    """The answer in a line of output, of whichever API; None for a line that is no answer to a request of ours."""
    try:
        line = loads(text)
        name = name_of(line)
    except (ValueError, AttributeError, RecursionError):
        return None
    if name is None or not {"response", "error", "status"} & line.keys():
        return None
    response = line.get("response")
    if not isinstance(response, dict) or not response:
        return BatchAnswer(*name, None, _failure(line.get("error") or line.get("status")))
    try:
        if "custom_id" in line:
            if response.get("status_code") != 200:
                return BatchAnswer(*name, None, f"http-{response.get('status_code')}")
            return BatchAnswer(*name, chat_answer(response["body"]))
        return BatchAnswer(*name, gemini_completion(response))
    except ModelError as error:
        return BatchAnswer(*name, None, error.reason)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return BatchAnswer(*name, None, "unreadable-response")


def gemini_completion(response: dict[str, Any]) -> Completion:
    """The answer in a generateContent response; a model's thoughts are no part of it, and are paid.

    Raises ModelError where it broke off.
    """
    usage = response.get("usageMetadata") or {}
    candidates = response.get("candidates") or []
    parts = (candidates[0].get("content") or {}).get("parts") or [] if candidates else []
    text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    thoughts = "".join(part.get("text", "") for part in parts if part.get("thought"))
    finish = finish_of(candidates[0].get("finishReason")) if candidates else ""
    if not candidates and (response.get("promptFeedback") or {}).get("blockReason"):
        finish = FILTERED
    thought = usage.get("thoughtsTokenCount")
    paid = added(usage.get("candidatesTokenCount"), thought)
    return completed(well_formed(text), finish, thoughts, (usage.get("promptTokenCount"), paid, thought, None), None)


def _failure(error: Any) -> str:
    """A word to count by; the API's own words may quote the prompt. (Vertex AI gives an error's JSON within a text.)"""
    found = STATUS_CODE.search(error) if isinstance(error, str) else None
    code = error.get("code") if isinstance(error, dict) else found and found[1]
    return (
        f"batch-{code}" if isinstance(code, int | str) and re.fullmatch(r"[\w-]{1,40}", str(code)) else "batch-failed"
    )
