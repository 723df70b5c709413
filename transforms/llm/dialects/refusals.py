"""What a server refuses of a request, out of the error that it answers with.

The names and words are those of OpenAI, Azure, vLLM, llama.cpp, LM Studio, Ollama, OpenRouter, Together, Groq, Mistral,
DeepSeek, Moonshot and Volcengine, as their users report them. A field's own value that is out of range is no matter of
dialect: "max_tokens is too large".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Protocol

from persona_hub.transforms.llm.dialects.dialect import (
    JSON_OBJECT,
    JSON_SCHEMA,
    MAX_COMPLETION_TOKENS,
    MAX_TOKENS,
    SYSTEM,
)

# 404: OpenRouter, where no provider takes a field; 500: llama.cpp before 2025 for a type of response_format.
STATUSES = (400, 404, 422, 500, 501)
READ_CHARACTERS = 2000  # of an error: a server that repeats the request in it does so after its own words
CODES = {"unsupported_parameter", "unknown_parameter", "unsupported_value", "extra_forbidden", "unrecognized_parameter"}
UNSUPPORTED = re.compile(
    r"un(?:supported|recogni[sz]ed|known|expected|available)"
    r"|not (?:\w+ )?(?:supported|permitted|allowed|available|valid)"
    r"|n[o']t support|isn't supported|no longer|deprecated|extra (?:inputs|fields)|extra_forbidden|(?:use|using) '?max_"
    r"|only the default|only (?:1|one)\b|only support|cannot (?:both|be)|may not|must not|must be (?:one of|'|\"|`)"
    r"|invalid (?:value|parameter|type)|supported values|expected one of|not enabled|not implemented|no endpoints"
    r"|failed to (?:parse|compile) (?:the )?(?:grammar|schema)|grammar error|schema conversion failed",
    re.IGNORECASE,
)
VALUE_OUT_OF_RANGE = re.compile(
    r"too (?:large|big|long|small|high|low)|at (?:most|least)|(?:less|greater|more) than|between|exceed|maximum context"
    r"|context (?:length|window)|out of range|range",
    re.IGNORECASE,
)
FORM = re.compile(
    r"response_format|json_schema|json_object|structured (?:output|generation)|json (?:mode|schema)|guided|grammar"
    r"|no endpoints found",
    re.IGNORECASE,
)
SYSTEM_ROLE = re.compile(
    r"system (?:role|message|prompt|instruction)s?\b|does not support 'system'|role '?system'?|developer instruction",
    re.IGNORECASE,
)
# In the order in which they are looked for: of two that a model does not take together, top_p goes.
FIELD = {
    name: re.compile(rf"(?<![\w-]){name}(?![\w-])", re.IGNORECASE)
    for name in (MAX_TOKENS, MAX_COMPLETION_TOKENS, "seed", "top_p", "temperature")
}


class ErrorWords(Protocol):
    """What a server said in place of an answer."""

    @property
    def status(self) -> int:
        """Of the response, or of the error in its body."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes and types, in lower case."""

    @property
    def param(self) -> str:
        """The field of the request that is meant, "" where it does not say."""

    @property
    def words(self) -> str:
        """All that it says."""


def refused_part(said: ErrorWords, sent: dict[str, Any], extra: Collection[str] = ()) -> str:
    """The part of the request `sent` that a server does not take; "" where its error is about something else.

    One of SAMPLING, a word for the longest answer, a type of response_format, SYSTEM, or one of the fields `extra`.
    """
    words = said.words[:READ_CHARACTERS]
    if said.status not in STATUSES or not (CODES.intersection(said.codes) or UNSUPPORTED.search(words)):
        return ""
    field = re.split(r"[.\[]", said.param.removeprefix("body."))[0]
    form = (sent.get("response_format") or {}).get("type", "")
    if field in extra:
        return field
    in_range = not VALUE_OUT_OF_RANGE.search(words)
    if field in FIELD:
        return field if field in sent and in_range else ""
    if field == "response_format" or (field == "type" and FORM.search(words)):
        return str(form)
    if field in ("", "messages", "role") and sent["messages"][0]["role"] == SYSTEM and SYSTEM_ROLE.search(words):
        return SYSTEM
    named = (name for name in FIELD if in_range and name in sent and FIELD[name].search(words))
    if found := next(named, ""):
        return found
    if other := next((name for name in extra if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words)), ""):
        return other
    return form if form in (JSON_SCHEMA, JSON_OBJECT) and FORM.search(words) else ""
