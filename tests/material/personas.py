"""Records for tests."""

from __future__ import annotations

from typing import Any

from persona_hub.transforms.records import Persona, persona_id


def persona(text: str, **fields: Any) -> Persona:
    """A persona of hop 0 with the id that its text has."""
    values: dict[str, Any] = {
        "origin": "text",
        "hop": 0,
        "parent_id": "",
        "relation": "read",
        "document_id": "1" * 32,
        "source": "corpus.jsonl line 1",
        "language": "en",
        "model": "offline",
        "prompt_hash": "0" * 12,
    }
    return Persona(persona_id=persona_id(text), text=text, **(values | fields))
