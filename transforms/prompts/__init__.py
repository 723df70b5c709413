"""Prompts are files: a system part, a line `---`, and a user part with `$placeholders`.

`$text` and every other value is data: it is put in once, never rendered again, and cannot close the tags that the
prompt puts around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from string import Template

from transforms.records import content_id

SEPARATOR = re.compile(r"^---\s*$", re.MULTILINE)
TAG = re.compile(r"<(?=/?\s*(?:document|persona|example)\b)", re.IGNORECASE)


class PromptError(ValueError):
    """A prompt file that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class Prompt:
    """A prompt by name. `placeholders` are those that its text uses."""

    name: str
    system: str
    user: str

    @cached_property
    def prompt_hash(self) -> str:
        """Twelve hex digits of the text: stands in every record that the prompt made, and in the key of its answers."""
        return content_id(f"{self.system}\0{self.user}")[:12]

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """Names of the values that the prompt asks for."""
        return frozenset(Template(self.system).get_identifiers() + Template(self.user).get_identifiers())

    def render(self, values: Mapping[str, str]) -> tuple[str, str]:
        """System and user message. Raises PromptError for a placeholder that `values` lacks."""
        missing = self.placeholders - values.keys()
        if missing:
            raise PromptError(f"prompt {self.name}: no value for ${', $'.join(sorted(missing))}")
        safe = {name: TAG.sub("‹", value) for name, value in values.items()}
        return Template(self.system).substitute(safe), Template(self.user).substitute(safe)


def parse_prompt(name: str, text: str, allowed: frozenset[str], where: str) -> Prompt:
    """The prompt in `text`. Raises PromptError where the separator is missing or a placeholder is unknown."""
    parts = SEPARATOR.split(text, maxsplit=1)
    if len(parts) != 2:
        raise PromptError(f"{where}: no line '---' between the system part and the user part")
    prompt = Prompt(name, parts[0].strip(), parts[1].strip())
    for part in (prompt.system, prompt.user):
        if not Template(part).is_valid():
            raise PromptError(f"{where}: a '$' that begins no placeholder; write '$$' for the sign itself")
    unknown = prompt.placeholders - allowed
    if unknown:
        raise PromptError(f"{where}: unknown placeholder ${sorted(unknown)[0]}; there are ${', $'.join(sorted(allowed))}")
    return prompt


def load_prompt(name: str, allowed: frozenset[str], prompt_dir: str = "") -> Prompt:
    """The prompt `name`: from `prompt_dir` if it holds `name`.txt, else the packaged one.

    Read where the pipeline is built, so that a broken file fails on the laptop and workers need no file.
    """
    if prompt_dir:
        file = Path(prompt_dir) / f"{name}.txt"
        if file.is_file():
            return parse_prompt(name, file.read_text("utf-8"), allowed, str(file))
        if not Path(prompt_dir).is_dir():
            raise PromptError(f"--prompt_dir {prompt_dir}: no such folder")
    packaged = resources.files(__package__) / f"{name}.txt"
    return parse_prompt(name, packaged.read_text("utf-8"), allowed, f"{name}.txt")
