"""Which file of examples goes to which use case: --examples NAME=FILE, or FILE where there is no choice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.transforms.synthesis.use_case import UseCase

NAMED = re.compile(r"([a-z][a-z0-9_]*)=(.+)", re.DOTALL)  # a use case, and the file of its examples
NEXT = re.compile(r",(?=[a-z][a-z0-9_]*=)")  # between two of them; a comma may be part of a file's name


def examples_of(typed: Sequence[str], use_cases: Sequence[UseCase]) -> dict[str, str]:
    """The file of examples by the name of its use case; `use_cases` are those of the command, as yet without examples.

    Raises UsageError for a use case that is not among them, and for a file that says none where there are several.
    """
    names = [use_case.name for use_case in use_cases]
    if typed and not names:
        raise UsageError("--examples: go to samples of a use case; name it too, as --use_case math")
    found: dict[str, str] = {}
    for text in [part.strip() for one in typed for part in NEXT.split(one)]:
        named = NAMED.fullmatch(text)
        name, file = (named[1], named[2]) if named else (only_taker(text, use_cases), text)
        if name not in names:
            raise UsageError(f"--examples {text}: --use_case does not name {name}; it names {', '.join(names)}")
        if name in found:
            raise UsageError(
                f"--examples {text}: {name} has examples already, of {found[name]}; put them into one file"
            )
        found[name] = file
    return found


def only_taker(file: str, use_cases: Sequence[UseCase]) -> str:
    """The one use case that a file without a name can be meant for. Raises UsageError."""
    takers = [one.name for one in use_cases if "examples" in one.prompt.placeholders]
    if len(use_cases) == 1:
        return use_cases[0].name  # which says itself where it takes none
    if len(takers) == 1:
        return takers[0]
    names = ", ".join(takers or [one.name for one in use_cases])
    raise UsageError(f"--examples {file}: of which use case are they? Write NAME={file}; NAME is one of {names}")
