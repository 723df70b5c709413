"""Which part of a request a server's error is about: in the words of many servers, and only what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.llm.dialects.dialect import Dialect
from persona_hub.transforms.llm.dialects.refusals import refused_part
from persona_hub.transforms.llm.protocol import Request, Sampling

SCHEMA = '{"type":"object","properties":{"persona":{"type":"string"}},"additionalProperties":false}'
REQUEST = Request("echo", "Be brief.", "Who?", "h", Sampling(0.7, 0.9, 50, 3), SCHEMA)
SENT = Dialect().body("m", REQUEST)


@dataclass
class Said:
    words: str
    param: str = ""
    codes: tuple[str, ...] = ()
    status: int = 400


@pytest.mark.parametrize(
    ("said", "part"),
    [
        (Said("unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens"), "max_tokens"),
        (Said("use 'max_completion_tokens' instead of 'max_tokens'"), "max_tokens"),
        (Said("extra inputs are not permitted", "max_tokens", ("extra_forbidden",), 422), "max_tokens"),
        (Said("", "temperature", ("unsupported_value",)), "temperature"),
        (Said("'temperature' does not support 0.7. only the default (1) value is supported."), "temperature"),
        (Said("invalid temperature: only 1 is allowed for this model"), "temperature"),
        (Said("`temperature` and `top_p` cannot both be specified for this model"), "top_p"),
        (Said("unrecognized request argument supplied: seed"), "seed"),
        (Said("extra inputs are not permitted", "seed", (), 422), "seed"),
        (Said("this response_format type is unavailable now", "", ("invalid_request_error",)), "json_schema"),
        (Said("response_format.type `json_schema` is unavailable now", "", (), 422), "json_schema"),
        (Said("'response_format' of type 'json_schema' is not supported with this model"), "json_schema"),
        (Said("invalid value: `json_schema`, supported values are: `text`", "response_format.type"), "json_schema"),
        (Said('response_format type must be one of "text" or "json_object"', status=500), "json_schema"),
        (Said("structured outputs are not supported by this model"), "json_schema"),
        (Said("guided decoding is not implemented", status=501), "json_schema"),
        (Said("no endpoints found that can handle the requested parameters", status=404), "json_schema"),
        (Said("invalid schema for response_format 'echo': minitems is not supported"), "json_schema"),
        (Said("failed to initialize samplers: failed to parse grammar"), "json_schema"),
        (Said("the json schema contains features that are not supported by xgrammar"), "json_schema"),
        (Said("'response_format.type' must be 'json_object' or 'text'"), "json_schema"),
        (Said("system role not supported"), "system"),
        (Said("'messages[0].role' does not support 'system' with this model", "messages[0].role"), "system"),
        (Said("unknown parameter: 'reasoning_effort'", "reasoning_effort"), "reasoning_effort"),
        (Said("extra inputs are not permitted: reasoning_effort"), "reasoning_effort"),
        # These are about something else.
        (Said("max_tokens is too large: 50. this model supports at most 40", "max_tokens", ("invalid_value",)), ""),
        (Said("temperature must be between 0 and 1: 0.7 is not allowed", "temperature"), ""),
        (Said("this model's maximum context length is 512 tokens; max_tokens is not supported beyond it"), ""),
        (Said("unsupported parameter: 'logprobs'", "logprobs", ("unsupported_parameter",)), ""),
        (Said("unsupported parameter: 'max_completion_tokens'", "max_completion_tokens"), ""),  # was not sent
        (Said("the content is not allowed", "", ("content_policy",)), ""),
        (Said("unknown model: m"), ""),
        (Said("'max_tokens' is not supported", status=429), ""),
        (Said("'max_tokens' is not supported", status=401), ""),
    ],
)
def test_the_part_that_is_refused(said: Said, part: str) -> None:
    assert refused_part(said, SENT, ["reasoning_effort"]) == part


def test_only_what_was_sent_is_refused() -> None:
    sent = Dialect().body("m", Request("echo", "", "Who?", "h"))
    for words in ("system role not supported", "unsupported: seed", "json_schema is not supported", "unknown top_p"):
        assert refused_part(Said(words), sent) == ""


@given(st.text(), st.text(), st.sampled_from([400, 404, 422, 500, 501, 503]))
def test_whatever_a_server_says_the_part_is_one_of_those_that_were_sent(words: str, param: str, status: int) -> None:
    part: Any = refused_part(Said(f"unsupported {words}", param, (), status), SENT)
    assert part in ("", "max_tokens", "temperature", "top_p", "seed", "json_schema", "system")
