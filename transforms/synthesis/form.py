"""What a packaged use case is made of: its forms, and the settings that it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from persona_hub.transforms.llm.parsing import Check
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.synthesis.rejection import SampleCheck
from persona_hub.transforms.synthesis.use_case import Compose, Normal, as_it_is, check_not_empty

TEXT = {"type": "string"}
TEXT_LIST = {"type": "array", "items": TEXT}


def closed_object(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of an object with these fields, all of them wanted, as the strict modes of backends have it."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": list(fields),
        "additionalProperties": False,
    }


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form of a use case's answers; its prompt is a file of the use case's folder."""

    prompt: str  # the file's name without .txt
    fields: Mapping[str, Any]  # JSON schemas of the fields of an answer, all of them wanted
    lax: Mapping[str, Any] = field(default_factory=dict)  # of fields that are read in other notations, too
    text: str = ""
    compose: Compose | None = None  # in place of `text`
    check: Check = check_not_empty
    normal: Normal = as_it_is
    checks: tuple[SampleCheck, ...] = ()
    proofs: tuple[SampleCheck, ...] = ()
    question: str = ""  # names of fields
    answer: str = ""
    programs: frozenset[str] = frozenset()
    max_tokens: int = 1024

    @property
    def schema(self) -> str:
        """JSON schema of an answer."""
        return json.dumps(closed_object(self.fields))

    @property
    def reading_schema(self) -> str:
        """The schema that an answer is read by."""
        return json.dumps(closed_object({**self.fields, **self.lax}))

    @property
    def sampling(self) -> Sampling:
        """How an answer is drawn."""
        return Sampling(max_tokens=self.max_tokens)


@dataclass(frozen=True, kw_only=True)
class PackagedUseCase:
    """What tells one use case from another."""

    description: str
    forms: Mapping[str, Form]  # by name; the first is the default
    settings: frozenset[str] = frozenset()  # names of those that it takes, besides `form`
    words: tuple[int, int] | None = None  # of a text, as its prompt says; `--words` takes their place

    @property
    def usual(self) -> str:
        """Name of the default form."""
        return next(iter(self.forms))
