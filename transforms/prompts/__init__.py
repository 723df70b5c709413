"""Prompts are files: a system part, a line `---`, and a user part with `$placeholders`.

`$text` and every other value is data: it is put in once, never rendered again, and cannot close the tags that the
prompt puts around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from string import Template

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.storage import join_path
from persona_hub.transforms.files.user_text import FileError, read_text, text_files_in
from persona_hub.transforms.records import content_id

SEPARATOR = re.compile(r"^---\s*$", re.MULTILINE)
OWN_TAG = re.compile(r"</?\s*([a-z][\w-]*)", re.IGNORECASE)
TAGS = frozenset({"document", "persona", "world", "example", "examples"})  # besides those that a prompt uses itself


class PromptError(InvalidInputError):
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
    def text(self) -> str:
        """Both parts, with the placeholders."""
        return f"{self.system}\n\n{self.user}"

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """Names of the values that the prompt asks for."""
        return frozenset(Template(self.system).get_identifiers() + Template(self.user).get_identifiers())

    @cached_property
    def tags(self) -> re.Pattern[str]:
        """A bracket that begins one of the prompt's tags: in full width too, whatever signs stand before the name."""
        names = TAGS | {name.lower() for name in OWN_TAG.findall(f"{self.system}\n{self.user}")}
        words = "|".join("".join(map(either_width, name)) for name in sorted(names))
        return re.compile(rf"[<＜﹤](?=[^\w<＜﹤]{{0,16}}(?:{words})(?![\w-]))", re.IGNORECASE)

    def harmless(self, value: str) -> str:
        """`value` as data: it opens and closes none of the prompt's tags, and every encoder takes it."""
        return self.tags.sub("‹", value).encode("utf-8", "replace").decode()

    def with_values(self, values: Mapping[str, str]) -> Prompt:
        """The prompt with trusted values put in for good, so that its hash covers them; they may hold tags."""

        def fill(found: re.Match[str]) -> str:
            name = found["named"] or found["braced"]
            return values[name].replace("$", "$$") if name in values else found[0]

        system, user = (Template.pattern.sub(fill, part).strip() for part in (self.system, self.user))
        return replace(self, system=system, user=user)

    def render(self, values: Mapping[str, str]) -> tuple[str, str]:
        """System and user message. Raises PromptError for a placeholder that `values` lacks."""
        missing = self.placeholders - values.keys()
        if missing:
            raise PromptError(f"prompt {self.name}: no value for ${', $'.join(sorted(missing))}")
        safe = {name: self.harmless(value) for name, value in values.items()}
        return Template(self.system).substitute(safe), Template(self.user).substitute(safe)


def either_width(letter: str) -> str:
    """A pattern of an ASCII character in its usual and its full width."""
    return f"[{re.escape(letter)}{chr(ord(letter) + 0xFEE0)}]" if "!" <= letter <= "~" else re.escape(letter)


def parse_prompt(
    name: str, text: str, allowed: frozenset[str], where: str, required: frozenset[str] = frozenset()
) -> Prompt:
    """The prompt in `text`, read from `where`. Raises PromptError, which names the place and the remedy."""
    parts = SEPARATOR.split(text, maxsplit=1)
    if len(parts) != 2:
        raise PromptError(f"{where}: no line '---' between the system part and the user part")
    prompt = Prompt(name, parts[0].strip(), parts[1].strip())
    for part in (prompt.system, prompt.user):
        if not Template(part).is_valid():
            raise PromptError(f"{where}: a '$' that begins no placeholder; write '$$' for the sign itself")
    unknown = prompt.placeholders - allowed
    if unknown:
        raise PromptError(
            f"{where}: unknown placeholder ${sorted(unknown)[0]}; there are ${', $'.join(sorted(allowed))}"
        )
    forgotten = required - prompt.placeholders
    if forgotten:
        raise PromptError(f"{where}: without ${sorted(forgotten)[0]} the model would not see it; put it in")
    return prompt


def load_prompt(
    name: str, allowed: frozenset[str], prompt_dir: str = "", required: frozenset[str] = frozenset()
) -> Prompt:
    """The prompt `name`: from `prompt_dir` if it holds `name`.txt, else the packaged one.

    Read where the pipeline is built, so that a broken file fails on the laptop and workers need no file. Raises
    PromptError, also for a file of the folder that has the name of no prompt: it would go unused.
    """
    ours = packaged_prompts()
    if prompt_dir:
        known = sorted(ours)
        try:
            theirs = text_files_in(prompt_dir)
            for file in theirs:
                if file not in known:
                    raise PromptError(
                        f"--prompt_dir {prompt_dir}: {file} replaces no prompt; there are {', '.join(known)}"
                    )
            if f"{name}.txt" in theirs:
                file = join_path(prompt_dir, f"{name}.txt")
                return parse_prompt(name, read_text(file), allowed, file, required)
        except FileError as error:
            raise PromptError(f"--prompt_dir {error}") from error
    return parse_prompt(name, ours[f"{name}.txt"].read_text("utf-8"), allowed, f"{name}.txt", required)


@cache
def packaged_prompts() -> Mapping[str, Traversable]:
    """The prompts of the package by the names of their files: a step's stands here, a use case's in its folder."""
    ours = resources.files(__package__)
    use_cases = (resources.files("persona_hub.transforms") / "synthesis").iterdir()
    folders = [ours, *(folder for folder in use_cases if folder.is_dir())]
    return {file.name: file for folder in folders for file in folder.iterdir() if file.name.endswith(".txt")}


def language_told(language: str) -> str:
    """A language as a prompt names it: its code, or for "und" that it is not determined."""
    return "not determined" if language == "und" else language
