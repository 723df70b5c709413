"""Use cases by name: the packaged ones, and a user's own by the path of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from persona_hub.transforms.prompts import Prompt, PromptError, load_prompt
from persona_hub.transforms.sandbox.sandbox import allowed_modules
from persona_hub.transforms.synthesis.checks.texts import Length
from persona_hub.transforms.synthesis.examples import read_examples, render_examples
from persona_hub.transforms.synthesis.form import PackagedUseCase
from persona_hub.transforms.synthesis.packaged import PACKAGED
from persona_hub.transforms.synthesis.rejection import SampleCheck
from persona_hub.transforms.synthesis.settings import NO_SETTINGS, Settings, form_named, settings_told, world_told
from persona_hub.transforms.synthesis.use_case import (
    REQUIRED_PLACEHOLDERS,
    USE_CASE_PLACEHOLDERS,
    UseCase,
    UseCaseError,
)
from persona_hub.transforms.synthesis.user_file import read_use_case

USE_CASE_NAMES = tuple(PACKAGED)
YAML_SUFFIXES = (".yaml", ".yml")
PACKAGED_PLACEHOLDERS = USE_CASE_PLACEHOLDERS | {"settings", "words", "world"}


def load_use_case(
    name_or_file: str, prompt_dir: str = "", examples_file: str = "", settings: Settings = NO_SETTINGS
) -> UseCase:
    """A use case with the examples of a file in its prompt, or with none. Raises UseCaseError, as `bare_use_case`."""
    return with_examples(bare_use_case(name_or_file, prompt_dir, settings), examples_file)


def bare_use_case(name_or_file: str, prompt_dir: str = "", settings: Settings = NO_SETTINGS) -> UseCase:
    """The use case of that name or in that file, with examples in its prompt if there is a file of them.

    Read where the pipeline is built. Raises UseCaseError, which names the file, the key and the remedy.
    """
    if name_or_file in PACKAGED:
        use_case = packaged_use_case(name_or_file, prompt_dir, settings)
    elif Path(name_or_file).suffix in YAML_SUFFIXES:
        use_case = read_use_case(name_or_file, frozenset(PACKAGED))
    else:
        names = ", ".join(USE_CASE_NAMES)
        raise UseCaseError(f"use case {name_or_file}: no such use case; there are {names}, or FILE.yaml of your own")
    return use_case


def packaged_use_case(name: str, prompt_dir: str = "", settings: Settings = NO_SETTINGS) -> UseCase:
    """One of the six in the form that `settings` name, with its own prompt or the user's. Raises UseCaseError."""
    row = PACKAGED[name]
    form = row.forms[form_named(settings, name, PACKAGED)]
    try:
        prompt = load_prompt(form.prompt, PACKAGED_PLACEHOLDERS, prompt_dir, REQUIRED_PLACEHOLDERS)
    except PromptError as error:
        raise UseCaseError(str(error)) from error
    checks = form.checks
    if (bounds := settings.word_bounds) and "words" in row.settings:
        checks = tuple(with_bounds(check, bounds) for check in checks)
    return UseCase(
        name=name,
        description=row.description,
        prompt=with_settings(prompt, row, settings),
        schema=form.schema,
        reading_schema=form.reading_schema if form.lax else "",
        text=form.text,
        composer=form.compose,
        check=form.check,
        normal=form.normal,
        checks=checks,
        proofs=form.proofs,
        question=form.question,
        answer=form.answer,
        programs=form.programs,
        sampling=form.sampling,
    )


def with_bounds(check: SampleCheck, bounds: tuple[int, int]) -> SampleCheck:
    """`check` with other bounds, if it is of the words of a whole text."""
    whole = isinstance(check, Length) and not check.field
    return Length(*bounds) if whole else check


def with_settings(prompt: Prompt, row: PackagedUseCase, settings: Settings) -> Prompt:
    """The prompt with what is ordered in it. Raises UseCaseError where it has no place for that."""
    low, high = settings.word_bounds or row.words or (0, 0)
    values = {
        "settings": settings_told(settings, row.settings),
        "words": f"{low} to {high}",
        "modules": ", ".join(allowed_modules()),
    }
    values["world"] = world_told(settings, prompt) if "world" in row.settings else ""
    ordered = {
        "settings": bool(values["settings"]),
        "words": bool(settings.words) and "words" in row.settings,
        "world": bool(values["world"]),
    }
    for name, wanted in ordered.items():
        if wanted and name not in prompt.placeholders:
            raise UseCaseError(
                f"the prompt {prompt.name} of --prompt_dir has no ${name}; put it where that shall stand"
            )
    return prompt.with_values(values)


def with_examples(use_case: UseCase, examples_file: str) -> UseCase:
    """`use_case` with the examples of a file in its prompt, or with none. Raises UseCaseError."""
    prompt = use_case.prompt
    if examples_file and "examples" not in prompt.placeholders:
        raise UseCaseError(f"--examples {examples_file}: the prompt of {use_case.name} has no $examples; put it in")
    text = render_examples(read_examples(examples_file), prompt) if examples_file else ""
    return replace(use_case, prompt=prompt.with_values({"examples": text}), examples=text)
