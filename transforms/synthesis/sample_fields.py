"""The fields of the answer that a sample was made of."""

from __future__ import annotations

import json
from typing import Any

from persona_hub.transforms.records import Sample


def fields_of(sample: Sample) -> dict[str, Any]:
    """The fields by name; none of a sample of free text, or of a release that did not keep them."""
    fields: dict[str, Any] = json.loads(sample.fields) if sample.fields else {}
    return fields


def text_of(sample: Sample, field: str) -> str:
    """A field as text, "" where there is none of that name."""
    value = fields_of(sample).get(field, "") if field else ""
    return value.strip() if isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    """`value` as JSON on one line, in its own script."""
    return json.dumps(value, ensure_ascii=False)
