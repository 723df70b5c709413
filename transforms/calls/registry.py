"""Backends by name: what `openai` of "openai:gpt-5-mini" stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from persona_hub.transforms.errors import InvalidInputError


@dataclass(frozen=True)
class BackendRegistry:
    """The backends behind one flag. Client libraries are imported when a backend is opened, never before."""

    flag: str  # "--llm", for errors
    noun: str  # "backend" or "embedder", for errors
    local: Mapping[str, str]  # {name: "module:Class"} of those that answer in this very process, at once and for free
    served: Mapping[str, str]  # of those that call a server

    def split(self, name: str) -> tuple[str, str]:
        """("openai", "gpt-5-mini") of "openai:gpt-5-mini". Raises InvalidInputError for an unknown one."""
        backend, _, model = name.partition(":")
        if backend not in self.local and backend not in self.served:
            known = ", ".join([*self.local, *self.served])
            raise InvalidInputError(f"{self.flag} {name}: no {self.noun} {backend!r}; there are {known}")
        return backend, model

    def is_local(self, name: str) -> bool:
        """Whether the model is part of this process."""
        return self.split(name)[0] in self.local

    def factory(self, backend: str) -> Callable[[Any], Any]:
        """What opens a backend: its class, to be called with the configuration."""
        module, _, attribute = (self.local.get(backend) or self.served[backend]).partition(":")
        found: Callable[[Any], Any] = getattr(import_module(module), attribute)
        return found
