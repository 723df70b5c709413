"""Attributes of a persona, as the rules read them: openly no model."""

from __future__ import annotations

from collections.abc import Mapping

from persona_hub.transforms.attributes import read_attributes


def ask_attributes(values: Mapping[str, str], _: int) -> dict[str, str]:
    """The attributes of the `persona`."""
    return dict(vars(read_attributes(values["persona"], values["language"])))
