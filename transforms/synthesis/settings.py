"""What a user orders of use cases besides their names: topic, difficulty, form, length, a world.

A setting becomes a line of the prompt, in place of $settings, so it is part of the prompt's hash; without settings the
prompt is the default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from persona_hub.transforms.files.user_text import FileError, read_text
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.records import printable
from persona_hub.transforms.synthesis.form import PackagedUseCase
from persona_hub.transforms.synthesis.use_case import UseCaseError

FAMILIES = {
    "deduction": "deduction: who has, did or is what, from statements about each",
    "ordering": "ordering: in which order people or things stand",
    "truth_and_lies": "truth and lies: who speaks the truth, where some always lie",
    "spatial": "spatial: what lies where, in a row, a grid or a circle",
    "sequence": "sequence: which steps led from one state to another",
    "constraint": "constraint: a plan that keeps to every rule",
}
ANSWER_FORMS = (
    "number", "percent", "money", "time", "date", "set", "tuple", "interval", "relation", "choice", "expression",
)  # fmt: skip
WISH_CHARACTERS = 300
WORLD_CHARACTERS = 20_000  # of lore: every call pays for it
WORD_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")
MOST_WORDS_OF_TEXT = 20_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a command; "" and () leave a use case as it is."""

    topic: str = ""
    difficulty: str = ""
    answer_form: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    words: str = ""  # MIN-MAX
    world: str = ""  # a file

    @property
    def named(self) -> dict[str, str | tuple[str, ...]]:
        """Those that say something, by name."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value}

    def __post_init__(self) -> None:
        for name in ("topic", "difficulty"):
            value = getattr(self, name)
            if len(value) > WISH_CHARACTERS:
                raise UseCaseError(f"--{name}: {len(value)} characters; at most {WISH_CHARACTERS}")
            if value != printable(value):
                raise UseCaseError(f"--{name}: holds a character that cannot be shown; write one line of text")
        for name, allowed in (("family", tuple(FAMILIES)), ("answer_form", ANSWER_FORMS)):
            for value in getattr(self, name):
                if value not in allowed:
                    raise UseCaseError(f"--{name} {printable(value)}: there are {', '.join(allowed)}")

    @property
    def word_bounds(self) -> tuple[int, int] | None:
        """Fewest and most words. Raises UseCaseError."""
        if not self.words:
            return None
        found = WORD_RANGE.fullmatch(self.words)
        low, high = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= low <= high <= MOST_WORDS_OF_TEXT:
            raise UseCaseError(
                f"--words {printable(self.words)}: write MIN-MAX, two numbers from 1 to {MOST_WORDS_OF_TEXT}: 200-400"
            )
        return low, high


NO_SETTINGS = Settings()


def form_named(settings: Settings, name: str, packaged: Mapping[str, PackagedUseCase]) -> str:
    """The form that settings name for a use case, else its default."""
    forms = packaged[name].forms
    return next((form for form in settings.form if form in forms), packaged[name].usual)


def check_settings(settings: Settings, names: Sequence[str], packaged: Mapping[str, PackagedUseCase]) -> None:
    """Raises UseCaseError for a setting that none of the use cases `names` takes, which says which do."""
    chosen = [name for name in names if name in packaged]
    owner = {form: name for name, use_case in packaged.items() for form in use_case.forms}
    taken: dict[str, str] = {}
    for form in settings.form:
        if form not in owner:
            raise UseCaseError(f"--form {printable(form)}: there are {', '.join(owner)}")
        name = owner[form]
        if name not in chosen:
            raise UseCaseError(f"--form {form}: a form of {name}, which --use_case does not name")
        if taken.setdefault(name, form) != form:
            raise UseCaseError(f"--form {taken[name]},{form}: both are forms of {name}; name one")
    for setting in settings.named:
        takers = [name for name, use_case in packaged.items() if setting in use_case.settings]
        if setting != "form" and not set(takers) & set(chosen):
            raise UseCaseError(f"--{setting}: for {', '.join(takers)}; --use_case names none of them")


def settings_told(settings: Settings, wanted: frozenset[str]) -> str:
    """The lines of a prompt that say the settings of a use case that takes those `wanted`."""
    lines = {
        "topic": f"Its topic: {settings.topic}.",
        "difficulty": f"Its difficulty: {settings.difficulty}.",
        "answer_form": f"The form of its answer: {' or '.join(settings.answer_form)}.",
        "family": f"Its kind is {'; or '.join(FAMILIES[family] for family in settings.family)}.",
    }
    return "".join(f"{line}\n" for name, line in lines.items() if name in wanted and name in settings.named)


def world_told(settings: Settings, prompt: Prompt) -> str:
    """The lore of a world as data between tags that it cannot close, "" without. Raises UseCaseError."""
    if not settings.world:
        return ""
    try:
        lore = read_text(settings.world).strip()
    except FileError as error:
        raise UseCaseError(f"--world {error}") from error
    if not lore:
        raise UseCaseError(f"--world {settings.world}: no text in it; describe the world that characters shall fit")
    if len(lore) > WORLD_CHARACTERS:
        raise UseCaseError(
            f"--world {settings.world}: {len(lore)} characters, and every call pays for them; keep at most "
            f"{WORLD_CHARACTERS}"
        )
    return f"<world>\n{prompt.harmless(lore)}\n</world>\n\n"
