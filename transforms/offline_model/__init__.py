"""The offline model: rules and phrase tables, and openly no model; for trying out, for tests and for `make demo`.

It reads a request's task and values, never its prompt, and answers the same on any machine. It says as much as the demo
and the golden run show, in the languages of `phrases/`; of a text in another language it speaks in English.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.offline_model.attributes import ask_attributes
from persona_hub.transforms.offline_model.checks import compare, judge, judge_documents, solve
from persona_hub.transforms.offline_model.personas import expand_persona, extract_persona
from persona_hub.transforms.offline_model.samples import sample_answer

PERSONA_TASKS = {"extract_persona": extract_persona, "expand_persona": expand_persona, "ask_attributes": ask_attributes}

CHECK_TASKS = {"solve": solve, "judge": judge, "compare": compare, "judge_documents": judge_documents}


def answer(task: str, values: Mapping[str, str], schema: str = "", number: int = 0) -> str:
    """The answer to `task`: JSON for a packaged task and for a schema, else a sentence."""
    if task in PERSONA_TASKS:
        return json.dumps(PERSONA_TASKS[task](values, number), ensure_ascii=False)
    if task in CHECK_TASKS:
        return json.dumps(CHECK_TASKS[task](values, schema, number), ensure_ascii=False)
    return sample_answer(task, values, schema, number)


class OfflineModel:
    """The language model `offline`: needs no network, key or weights. Its tokens are counted as words."""

    def __init__(self, config: ModelConfig):
        self.config = config

    async def complete(self, request: Request) -> Completion:
        """The answer to one request."""
        text = answer(request.task, request.values, request.schema, request.number)
        return Completion(text, len(request.system.split()) + len(request.prompt.split()), len(text.split()))

    async def close(self) -> None:
        """Nothing to free."""
