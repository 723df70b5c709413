"""What identifies a request, how an answer is kept, and the model that is part of the process."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.calls.engines import _holders
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm import registry
from persona_hub.transforms.llm.protocol import Completion, Request, pack_completion, request_key, unpack_completion
from tests.helpers.asking import ask, records


def test_the_embedded_model_needs_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.LOCAL_BACKENDS, "offline", f"{__name__}:Parrot")
    before = dict(_holders)  # of tests that this process ran earlier
    answers, dead = ask(records(1000), ModelConfig(name="offline"))
    assert [a.text for a in answers] == sorted(f"Say {record}" for record in records(1000))
    assert (dead, _holders) == ([], before)


class Parrot:
    def __init__(self, config: ModelConfig):
        pass

    async def complete(self, request: Request) -> Completion:
        return Completion(request.prompt)

    async def close(self) -> None:
        pass


@given(st.text(), st.text())
def test_different_prompts_have_different_keys(one: str, two: str) -> None:
    keys = {request_key("m", Request("t", "", text, "h")) for text in (one, two)}
    assert len(keys) == len({one, two})
    assert request_key("m", Request("t", one, two, "h")) == request_key(
        "m", Request("u", one, two, "g", values={"a": "b"})
    )


@given(st.text(), st.integers(0, 10**6))
def test_a_completion_comes_back_as_it_was(text: str, tokens: int) -> None:
    completion = Completion(text, tokens, 2)
    assert unpack_completion(pack_completion(completion)) == completion


def test_a_lone_surrogate_has_a_key_too() -> None:
    assert len(request_key("m", Request("t", "", "half a \ud83d", "h"))) == 16


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"max_in_flight": 0}, "max_in_flight 0"), ({"repairs": -1}, "repairs -1"), ({"timeout": 0}, "timeout 0"),
     ({"requests_per_minute": -1}, "requests_per_minute -1")],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ModelConfig(**fields)
