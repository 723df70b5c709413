"""--llm_extra_body: what a server wants in a request besides what every server takes.

It goes through the program as one JSON text in a canonical form, in `options` of a ModelConfig, since it is part of
what identifies a request: {"reasoning_effort": "low"} gets other answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from persona_hub.transforms.errors import InvalidInputError

EXTRA_BODY = "extra_body"  # of a ModelConfig's options
FLAG = "--llm_extra_body"
MOST_CHARACTERS = 10_000
OURS = {
    **dict.fromkeys(("messages", "model", "contents", "systemInstruction", "system_instruction"), "the job sets it"),
    **dict.fromkeys(("stream", "stream_options"), "answers are read whole"),
    **dict.fromkeys(("n", "best_of", "candidateCount", "candidate_count"), "see --samples_per_persona"),
    **dict.fromkeys(
        ("max_tokens", "max_completion_tokens", "maxOutputTokens", "max_output_tokens"), "see --max_tokens"
    ),
    **{name: f"see --{name}" for name in ("temperature", "top_p", "seed")},
    "topP": "see --top_p",
}
SETTINGS = ("generationConfig", "generation_config")  # where Gemini has them
SECRET_NAME = re.compile(r"(^|[_-])(api[_-]?key|key|secret|password|passwd|token|authorization|credentials?)$", re.I)
NO_SECRETS = ("prompt_cache_key",)  # OpenAI's name for which cache is used
SECRET_VALUE = re.compile(r"(?:sk|pk|gsk|hf)[-_](?=\S*\d)\S{16,}|AIza\S{16,}|ya29\.\S+|Bearer \S+")


def extra_body_in(text: str) -> str:
    """The canonical form of a JSON object for a request; "" of nothing. Raises ValueError in our own words."""
    if not text.strip():
        return ""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InvalidInputError(f'{FLAG}: must be a JSON object, such as {{"reasoning_effort": "low"}}') from None
    if not isinstance(found, dict):
        raise InvalidInputError(f'{FLAG}: must be a JSON object, such as {{"reasoning_effort": "low"}}')
    _check(found)
    canonical = json.dumps(found, sort_keys=True, separators=(",", ":")) if found else ""
    if len(canonical) > MOST_CHARACTERS:
        raise InvalidInputError(f"{FLAG}: {len(canonical):,} characters; at most {MOST_CHARACTERS:,}")
    return canonical


def extra_fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a ModelConfig's options hold; {} for none."""
    text = options.get(EXTRA_BODY)
    return dict(json.loads(text)) if text else {}


def with_extra(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`body` with `extra` laid over it: objects are merged, everything else is replaced."""
    merged = dict(body)
    for name, value in extra.items():
        own = merged.get(name)
        merged[name] = with_extra(own, value) if isinstance(own, dict) and isinstance(value, dict) else value
    return merged


def _check(found: dict[str, Any]) -> None:
    inner = [found[name] for name in SETTINGS if isinstance(found.get(name), dict)]
    for name in (name for level in (found, *inner) for name in level):
        if name in OURS:
            raise InvalidInputError(f"{FLAG}: {name}: cannot be set here; {OURS[name]}")
    for name, value in _entries(found):
        secret = SECRET_NAME.search(name) and name not in NO_SECRETS and isinstance(value, str)
        if secret or (isinstance(value, str) and SECRET_VALUE.match(value)):
            raise InvalidInputError(
                f"{FLAG}: {name}: no key belongs here, since it would be kept in the manifest; put it into the "
                "environment, or name its secret by --llm_api_key_secret"
            )


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """(name, value) of each field at any depth; the entries of a list go by the list's name."""
    waiting = [("", value)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, item) for item in value]
        yield name, value


def _no_number(name: str) -> None:
    raise ValueError(name)
