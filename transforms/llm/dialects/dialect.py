"""A dialect of the chat completions protocol: which of the fields that we could send a server takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from persona_hub.transforms.llm.protocol import Request

MAX_TOKENS, MAX_COMPLETION_TOKENS = "max_tokens", "max_completion_tokens"
JSON_SCHEMA, JSON_OBJECT, NO_FORM = "json_schema", "json_object", "text"
WEAKER = {JSON_SCHEMA: JSON_OBJECT, JSON_OBJECT: NO_FORM}
SYSTEM = "system"  # the role
SAMPLING = ("temperature", "top_p", "seed")
SCHEMA_IN_PROMPT = "Answer with one JSON object that fits this JSON schema, and with nothing else:"


@dataclass(frozen=True)
class Dialect:
    """What a server is sent."""

    length: str = MAX_TOKENS  # its word for the longest answer
    form: str = JSON_SCHEMA  # how it is told the form of the answer
    system: bool = True  # whether it takes a system message; else that stands before the prompt
    dropped: frozenset[str] = frozenset()  # of SAMPLING

    def body(self, model: str, request: Request) -> dict[str, Any]:
        """The request in this dialect."""
        messages = message_list(self, request)
        body: dict[str, Any] = {"model": model, "messages": messages, self.length: request.sampling.max_tokens}
        return body | sampling_fields(self, request) | form_of(self, request)

    def sends(self, part: str) -> bool:
        """Whether a request may hold what a server has refused."""
        return (
            part in (self.length, self.form) or (part == SYSTEM and self.system) or part in set(SAMPLING) - self.dropped
        )

    def without(self, refused: str) -> Dialect | None:
        """The dialect to try where the server refuses a part of this one; None where nothing is left to try."""
        if refused == self.length == MAX_TOKENS:
            return replace(self, length=MAX_COMPLETION_TOKENS)
        if refused == self.length:
            return replace(self, length=MAX_TOKENS)
        if refused == self.form and refused in WEAKER:
            return replace(self, form=WEAKER[refused])
        if not self.sends(refused):
            return None
        if refused == SYSTEM:
            return replace(self, system=False)
        return replace(self, dropped=self.dropped | {refused}) if refused in SAMPLING else None

    def change(self, before: Dialect) -> str:
        """What is sent in place of what was refused, as a user is told it."""
        said = []
        if self.length != before.length:
            said.append(f"{self.length} in place of {before.length}")
        if self.form != before.form:
            held = (
                "the schema in the prompt alone"
                if self.form == NO_FORM
                else f"{self.form} and the schema in the prompt"
            )
            said.append(f"{held} in place of {before.form}")
        if self.system != before.system:
            said.append("the system message at the head of the prompt")
        if self.dropped != before.dropped:
            said.append(f"no {' and no '.join(sorted(self.dropped - before.dropped))}")
        return ", ".join(said)


def form_of(dialect: Dialect, request: Request) -> dict[str, Any]:
    """The form of the answer, where one is asked for."""
    if not request.schema or dialect.form == NO_FORM:
        return {}
    if dialect.form == JSON_OBJECT:
        return {"response_format": {"type": JSON_OBJECT}}
    schema = orjson.loads(request.schema)
    strict = schema.get("additionalProperties") is False
    form = {"name": request.task or "answer", "schema": schema, "strict": strict}
    return {"response_format": {"type": JSON_SCHEMA, "json_schema": form}}


def message_list(dialect: Dialect, request: Request) -> list[dict[str, str]]:
    """System and user message."""
    prompt = request.prompt
    if request.schema and dialect.form != JSON_SCHEMA:
        prompt = f"{prompt}\n\n{SCHEMA_IN_PROMPT}\n{request.schema}"
    if request.system and not dialect.system:
        return [{"role": "user", "content": f"{request.system}\n\n{prompt}"}]
    system = [{"role": "system", "content": request.system}] if request.system else []
    return [*system, {"role": "user", "content": prompt}]


def sampling_fields(dialect: Dialect, request: Request) -> dict[str, Any]:
    """What of the sampling is not left to the model."""
    drawn = request.sampling
    values = {"temperature": drawn.temperature, "top_p": drawn.top_p, "seed": drawn.seed}
    return {name: value for name, value in values.items() if value is not None and name not in dialect.dropped}
