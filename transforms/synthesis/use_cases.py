"""Use cases by name: the packaged ones, and a user's own by the path of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from persona_hub.transforms.prompts import PromptError, load_prompt
from persona_hub.transforms.synthesis.examples import read_examples, render_examples
from persona_hub.transforms.synthesis.packaged import PACKAGED
from persona_hub.transforms.synthesis.use_case import (
    REQUIRED_PLACEHOLDERS,
    USE_CASE_PLACEHOLDERS,
    UseCase,
    UseCaseError,
)
from persona_hub.transforms.synthesis.user_file import read_use_case

USE_CASE_NAMES = tuple(PACKAGED)
YAML_SUFFIXES = (".yaml", ".yml")


def load_use_case(name_or_file: str, prompt_dir: str = "", examples_file: str = "") -> UseCase:
    """A use case with the examples of a file in its prompt, or with none. Raises UseCaseError, as `bare_use_case`."""
    return with_examples(bare_use_case(name_or_file, prompt_dir), examples_file)


def bare_use_case(name_or_file: str, prompt_dir: str = "") -> UseCase:
    """The use case of that name or in that file, with examples in its prompt if there is a file of them.

    Read where the pipeline is built. Raises UseCaseError, which names the file, the key and the remedy.
    """
    if name_or_file in PACKAGED:
        use_case = packaged_use_case(name_or_file, prompt_dir)
    elif Path(name_or_file).suffix in YAML_SUFFIXES:
        use_case = read_use_case(name_or_file, frozenset(PACKAGED))
    else:
        names = ", ".join(USE_CASE_NAMES)
        raise UseCaseError(f"use case {name_or_file}: no such use case; there are {names}, or a file of your own .yaml")
    return use_case


def packaged_use_case(name: str, prompt_dir: str = "") -> UseCase:
    """One of the six, with its own prompt or the user's. Raises UseCaseError."""
    row = PACKAGED[name]
    try:
        prompt = load_prompt(name, USE_CASE_PLACEHOLDERS, prompt_dir, REQUIRED_PLACEHOLDERS)
    except PromptError as error:
        raise UseCaseError(str(error)) from error
    return UseCase(
        name=name,
        description=row.description,
        prompt=prompt,
        schema=row.schema,
        text=row.text,
        check=row.check,
        question=row.question,
        answer=row.answer,
        sampling=row.sampling,
    )


def with_examples(use_case: UseCase, examples_file: str) -> UseCase:
    """`use_case` with the examples of a file in its prompt, or with none. Raises UseCaseError."""
    prompt = use_case.prompt
    if examples_file and "examples" not in prompt.placeholders:
        raise UseCaseError(f"examples {examples_file}: the prompt of {use_case.name} has no $examples; put it in")
    text = render_examples(read_examples(examples_file), prompt) if examples_file else ""
    return replace(use_case, prompt=prompt.with_values({"examples": text}), examples=text)
