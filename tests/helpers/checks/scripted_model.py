"""A model whose answers a function gives, for transforms that ask: `scripted(monkeypatch, answer)`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.llm.registry import SERVED_BACKENDS

Answer = Callable[[Request], str | ModelError]
ANSWERS: list[Answer] = []
ASKED: list[Request] = []


class ScriptedModel:
    """Answers as the function that was set last."""

    def __init__(self, config: ModelConfig):
        pass

    async def complete(self, request: Request) -> Completion:
        """What the function says."""
        ASKED.append(request)
        answer = ANSWERS[-1](request)
        if isinstance(answer, ModelError):
            raise answer
        return Completion(answer, len(request.prompt) // 4, len(answer) // 4)

    async def close(self) -> None:
        """Nothing to free."""


def scripted(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> tuple[ModelConfig, list[Request]]:
    """The model, and a list of what it will be asked."""
    monkeypatch.setitem(SERVED_BACKENDS, "scripted", f"{__name__}:ScriptedModel")
    ANSWERS.append(answer)
    ASKED.clear()
    return ModelConfig("scripted", attempts=1, repairs=0), ASKED
