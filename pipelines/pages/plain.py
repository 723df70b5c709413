"""Records and figures -> objects of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from persona_hub.transforms.evaluation.figures import Figure


def as_plain(value: Any) -> Any:
    """A dataclass as an object of its fields, a figure as `{value, low, high, n}`, at any depth."""
    if isinstance(value, Figure):
        return value.as_json
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: as_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): as_plain(one) for name, one in value.items()}
    return [as_plain(one) for one in value] if isinstance(value, list | tuple) else value
