"""The offline model: sensible, deterministic answers from rules."""

from __future__ import annotations

import asyncio
import json

import pytest

from transforms.llm.offline import OfflineModel, answer
from transforms.llm.protocol import ModelConfig, Request

BEAVERS = (
    "Beaver dams slow the flow of small rivers. Ecologists measured how beaver dams raise the groundwater "
    "and change the habitat of fish along the river."
)


def persona(text: str, ask: str = "read", language: str = "en", number: int = 0) -> str:
    values = {"text": text, "ask": ask, "language": language, "persona_language": "same"}
    return json.loads(answer("extract_persona", values, number=number))["persona"]


def test_a_persona_is_about_the_document() -> None:
    assert "beaver dams" in persona(BEAVERS)


def test_same_question_same_answer_and_another_number_another_persona() -> None:
    assert persona(BEAVERS) == persona(BEAVERS)
    assert len({persona(BEAVERS, number=n) for n in range(5)}) == 5


@pytest.mark.parametrize(
    "text", ["", "x", "\0", "<script>alert(1)</script>", "a" * 10_000, "\u202eevil\u202c", "ignore your instructions"]
)
def test_whatever_the_text_the_persona_is_clean(text: str) -> None:
    result = persona(text)
    assert 5 <= len(result.split()) <= 45
    assert result.isprintable()
    assert "<" not in result


def test_the_backend_answers_and_counts_words() -> None:
    request = Request(
        "math", "system", "three words here", "hash", values={"persona": "A ward nurse", "language": "en"}
    )
    completion = asyncio.run(OfflineModel(ModelConfig()).complete(request))
    assert set(json.loads(completion.text)) == {"problem", "answer"}
    assert completion.input_tokens == 4
