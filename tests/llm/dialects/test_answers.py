"""What the body of an answer says, whichever server wrote it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.calls.protocol import ModelError, Verdict
from persona_hub.transforms.llm.dialects.answers import completion_of
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling, pack_completion, unpack_completion

REQUEST = Request("echo", "Be brief.", "Who reads this?", "h", Sampling(max_tokens=64))
GOOD = {"prompt_tokens": 10, "completion_tokens": 5}
TOOL = [{"id": "1", "type": "function", "function": {"name": "answer", "arguments": '{"persona": "A person"}'}}]


def answer(message: dict[str, Any], reason: Any = "stop", usage: Any = GOOD, **choice: Any) -> Completion:
    body = {"choices": [{"message": message, "finish_reason": reason, **choice}], "usage": usage}
    return completion_of(orjson.dumps(body), REQUEST)


@pytest.mark.parametrize(
    ("message", "text", "finish", "thoughts"),
    [
        ({"content": "A nurse."}, "A nurse.", "", False),
        ({"content": [{"type": "text", "text": "A "}, {"type": "text", "text": "nurse."}]}, "A nurse.", "", False),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                    {"type": "text", "text": "A"},
                ]
            },
            "A",
            "",
            True,
        ),
        ({"content": ["A ", "nurse."]}, "A nurse.", "", False),
        ({"content": {"persona": "A nurse"}}, '{"persona": "A nurse"}', "", False),
        ({"content": "A nurse.", "reasoning_content": "A draft: a baker."}, "A nurse.", "", True),
        ({"content": "A nurse.", "reasoning": "A draft: a baker."}, "A nurse.", "", True),
        ({"content": None, "reasoning_content": "A draft: a baker."}, "", "", True),
        ({"content": None, "refusal": "I will not."}, "I will not.", "refused", False),
        ({"content": [{"type": "refusal", "refusal": "I will not."}]}, "I will not.", "refused", False),
        ({"content": "A nurse.", "refusal": None}, "A nurse.", "", False),
        ({"content": None, "tool_calls": TOOL}, "", "tool-calls", False),
        ({"content": "A nurse.", "tool_calls": TOOL}, "A nurse.", "", False),
        ({"content": None}, "", "", False),
        ({}, "", "", False),
    ],
)
def test_content_thoughts_refusals_and_calls_of_tools(
    message: dict[str, Any], text: str, finish: str, thoughts: bool
) -> None:
    found = answer(message)
    assert (found.text, found.finish, bool(found.thought_tokens)) == (text, finish, thoughts)
    assert "baker" not in found.text
    assert (found.input_tokens, found.output_tokens, found.estimated) == (10, 5, False)
    assert unpack_completion(pack_completion(found)) == found


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        *((reason, "") for reason in ("stop", "STOP", "eos", "end_turn", "stop_sequence", None, "", 7, "new_in_2030")),
        *((reason, "length") for reason in ("length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens")),
        *((reason, "content-filter") for reason in ("content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT")),
        *((reason, "content-filter") for reason in ("BLOCKLIST", "SPII", "sensitive")),
        ("refusal", "refused"),
        ("tool_calls", ""),  # there is a text, so that is what it says
    ],
)
def test_finish_reasons_of_every_provider(reason: Any, finish: str) -> None:
    assert answer({"content": "A nurse"}, reason).finish == finish


@pytest.mark.parametrize(
    ("reason", "choice"),
    [("error", {}), ("insufficient_system_resource", {}), ("abort", {}), ("OTHER", {}),
     ("stop", {"error": {"code": 502, "message": "the upstream broke off"}})],
)  # fmt: skip
def test_an_answer_that_the_server_broke_off_is_asked_again(reason: str, choice: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="answer-broke-off") as caught:
        answer({"content": "A nurse"}, reason, **choice)
    assert (caught.value.verdict, caught.value.paid) == (Verdict.WAIT, True)


@pytest.mark.parametrize(
    ("usage", "tokens", "thought", "estimated"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, (10, 5), 0, False),
        ({**GOOD, "completion_tokens_details": {"reasoning_tokens": 3}}, (10, 5), 3, False),  # counted once
        # xAI and Gemini leave thoughts out of the answer's tokens.
        ({**GOOD, "total_tokens": 45, "completion_tokens_details": {"reasoning_tokens": 30}}, (10, 35), 30, False),
        (None, (14, 5), 0, True),
        ({}, (14, 5), 0, True),
        ({"prompt_tokens": 0, "completion_tokens": 0}, (14, 5), 0, True),
        ({"prompt_tokens": 10, "completion_tokens": -5}, (10, 5), 0, True),
        ({"prompt_tokens": 1e300, "completion_tokens": 7}, (14, 7), 0, True),
        ({"prompt_tokens": "10", "completion_tokens": [5]}, (14, 5), 0, True),
        ("many", (14, 5), 0, True),
        ({**GOOD, "total_tokens": -1, "completion_tokens_details": "?"}, (10, 5), 0, False),
    ],
)
def test_what_the_server_does_not_count_is_estimated(
    usage: Any, tokens: tuple[int, int], thought: int, estimated: bool
) -> None:
    found = answer({"content": "A nurse who reads."}, usage=usage)
    assert ((found.input_tokens, found.output_tokens), found.thought_tokens) == (tokens, thought)
    assert found.estimated == estimated


def test_an_answer_that_is_cut_off_without_a_count_has_all_the_tokens_that_it_may_have() -> None:
    assert answer({"content": "A nurse"}, "length", None).output_tokens == 64
    assert answer({"content": None, "reasoning": "hm"}, "length", None).output_tokens == 64


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'{"choices": [{"message": {"content": "half \ud83d of it"}}]}', "half \ufffd of it"),
        (rb'{"choices": [{"message": {"content": "a \ud83d\ude00 whole"}}]}', "a \U0001f600 whole"),
        (b'\xef\xbb\xbf{"choices": [{"message": {"content": "marked"}}]}', "marked"),
        (b'{"choices": [{"message": {"content": "one \xff byte"}}]}', "one \ufffd byte"),
        (b'{"choices": [{"message": {"content": "fine"}}], "score": NaN}', "fine"),
    ],
)
def test_bodies_that_strict_decoders_refuse(body: bytes, text: str) -> None:
    found = completion_of(body, REQUEST)
    assert found.text == text
    assert unpack_completion(pack_completion(found)) == found


@given(st.text(st.characters(codec=None)))
def test_a_stored_text_has_the_replacement_character_for_half_a_pair(text: str) -> None:
    stored = unpack_completion(pack_completion(Completion(text))).text
    assert stored.encode("utf-8") is not None
    assert stored.count("?") == text.count("?")


def test_a_body_without_end_in_depth_is_unreadable() -> None:
    with pytest.raises(ModelError, match="unreadable-response"):
        completion_of(b'{"choices": [{"message": {"content": ' + b"[" * 200_000, REQUEST)
