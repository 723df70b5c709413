"""What an option is: a field of a frozen dataclass, whose metadata is all that parser, help and templates need.

    @dataclass(frozen=True, kw_only=True)
    class BudgetOptions(Options):
        max_calls: int = option("the most calls; 0: no limit", 0, COUNT, metavar="N")

gives the flag `--max_calls N`, its line in the help, its parameter in a template, and `options.max_calls`, an int.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from dataclasses import replace as with_changes
from typing import Any, ClassVar

from persona_hub.transforms.choice.choice import parse_method
from persona_hub.transforms.choice.where import parse_where
from persona_hub.transforms.corpus.language_codes import document_language, persona_language
from persona_hub.transforms.llm.dialects.extra_body import extra_body_in


@dataclass(frozen=True, kw_only=True)
class Option:
    """What is known of one flag besides its name and its Python type."""

    help: str
    default: Any
    type: Callable[[str], Any]
    choices: tuple[str, ...] = ()
    required: bool = False
    many: bool = False  # may be given several times, each time with one or more values, set apart by blanks or commas
    paths: bool = False  # a comma may be part of a file's name, so `many` values are split where files are looked up
    positional: bool = False  # given by its place, without its name
    metavar: str = ""
    alone: Any = None  # the value of the flag when it is given without one
    decides: bool = False  # decides what comes of the job, not only how it runs: part of a version's fingerprint
    decides_if_given: bool = (
        False  # the same for a flag that came later: versions made before it keep their fingerprint
    )
    of_hub: bool = False  # a later command on the same hub takes it from how the hub was built
    guarded: bool = False  # names code, a model, a server or a store: not taken from the manifest of a stranger's hub
    first_day: bool = False  # shown by --help, where --help_all shows the rest
    in_model_file: bool = False  # may stand in a file for --model
    recorded: bool = True  # part of a manifest's parameters
    in_template: bool = True  # a parameter of the flex templates


def option(help: str, default: Any = "", type: Callable[[str], Any] = str, **more: Any) -> Any:
    """A field of an options dataclass; `more` are fields of `Option`. A required one has no default."""
    made = Option(help=help, default=default, type=type, **more)
    return as_field(made, {})


def again(group: type[Options], name: str, **changes: Any) -> Any:
    """An option of `group` for a command that takes it without the rest of the group, or with `changes`."""
    return as_field(with_changes(options_of(group)[name], **changes), {"group": group})


def as_field(made: Option, metadata: dict[str, Any]) -> Any:
    """The dataclass field of an option."""
    default = MISSING if made.required else made.default
    return field(default=default, metadata={"option": made, **metadata})


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a command, read once where the command line enters; the base of every group of them.

    A command's class inherits from the groups that it takes, and a function asks for the group that it reads, so mypy
    knows that the flag is there and what type it has.
    """

    continues_hub: ClassVar[bool] = False  # whether options marked `of_hub`, where not given, are those of the hub
    one_of: ClassVar[tuple[str, ...]] = ()  # options of which one at least has to be given
    given: frozenset[str] = field(default=frozenset(), compare=False, repr=False)  # names of those that were given


def options_of(group: type[Options]) -> dict[str, Option]:
    """The options of a group or a command by name."""
    return {one.name: one.metadata["option"] for one in fields(group) if "option" in one.metadata}


def own_options(group: type[Options]) -> tuple[str, ...]:
    """Names of the options that a group defines itself: neither inherited, nor taken from another group."""
    inherited = {name for base in group.__bases__ if issubclass(base, Options) for name in options_of(base)}
    own = (one for one in fields(group) if "option" in one.metadata and one.name not in inherited)
    return tuple(one.name for one in own if "group" not in one.metadata)


def takes(command: type[Options], group: type[Options], name: str) -> bool:
    """Whether a command takes the option `name` of `group`, which another group may call by the same name."""
    found = next((one for one in fields(command) if one.name == name and "option" in one.metadata), None)
    if found is None:
        return False
    return found.metadata.get("group") is group if "group" in found.metadata else issubclass(command, group)


def recorded_names(group: type[Options]) -> tuple[str, ...]:
    """Names of the values that a manifest records."""
    unrecorded = {name for name, found in options_of(group).items() if not found.recorded}
    return tuple(one.name for one in fields(group) if one.name not in {"given", *unrecorded})


def recorded_values(options: Options) -> dict[str, Any]:
    """The options as a manifest holds them: those that say something, by name, with lists for tuples."""
    values = {name: getattr(options, name) for name in sorted(recorded_names(type(options)))}
    return {
        name: list(map(_as_text, value)) if isinstance(value, tuple) else _as_text(value)
        for name, value in values.items()
        if value not in ("", None, ())
    }


def _as_text(value: Any) -> Any:
    r"""A value as JSON can hold it: bytes of a file's name that are no UTF-8 as "\xe9"."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def deciding_values(options: Options) -> dict[str, Any]:
    """The options that decide what comes of a job."""
    values = {name: (found, getattr(options, name)) for name, found in options_of(type(options)).items()}
    return {
        name: value
        for name, (found, value) in values.items()
        if found.decides or (found.decides_if_given and value != found.default)
    }


@dataclass(frozen=True)
class NumberRange:
    """A type of numbers from `low` to `high`; called with a text, it parses it, as `int` does."""

    low: float
    high: float
    kind: type[int] | type[float] = int

    def __call__(self, text: str) -> Any:
        """The number in `text`. Raises ArgumentTypeError."""
        try:
            value = self.kind(text)
        except ValueError:
            whole = "whole " if self.kind is int else ""
            raise argparse.ArgumentTypeError(f"{text!r} is not a {whole}number") from None
        if not self.low <= value <= self.high or value == ANY:
            high = f"{self.high:,}" if self.high == LARGEST else f"{self.high:g}"
            upper = "" if self.high in (ANY, LARGEST) and not value > self.high else f" to {high}"
            raise argparse.ArgumentTypeError(f"{text} is out of range: from {self.low:g}{upper}")
        return value


def recorded_value(one: Option, value: Any) -> Any:
    """A value of an option as a manifest records it, as the options hold it. Raises ValueError for a wrong one."""
    if one.many:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError("must be a list of texts")
        wrong = [item for item in value if one.choices and item not in one.choices]
    else:
        wrong = [value] if one.choices and value not in one.choices else []
    if wrong:
        raise ValueError(f"must be one of {', '.join(one.choices)}")
    if one.many:
        return tuple(value)
    wanted = (int, float) if isinstance(one.type, NumberRange) else (bool,) if one.type is truth else (str,)
    if type(value) not in wanted:
        raise ValueError(f"must be {'a number' if int in wanted else 'true or false' if bool in wanted else 'a text'}")
    try:
        return value if one.type is truth else one.type(str(value))
    except argparse.ArgumentTypeError as error:
        raise ValueError(str(error)) from None


def truth(text: str) -> bool:
    """Parses true and false, as a template's parameters spell them. Raises ArgumentTypeError."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def language_of_personas(text: str) -> str:
    """Parses `same` and codes of languages. Raises ArgumentTypeError."""
    try:
        return persona_language(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def language_of_documents(text: str) -> str:
    """Parses codes of languages. Raises ArgumentTypeError, which says what may be meant."""
    try:
        return document_language(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def condition(text: str) -> str:
    """Parses a condition on personas, into its canonical form. Raises ArgumentTypeError, which shows the place."""
    try:
        return str(parse_where(text)) if text.strip() else ""
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def method_of_choice(text: str) -> str:
    """Parses how personas are chosen, into its canonical form. Raises ArgumentTypeError."""
    try:
        return str(parse_method(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def json_object(text: str) -> str:
    """Parses an object for the body of a request, into its canonical form. Raises ArgumentTypeError."""
    try:
        return extra_body_in(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).partition(": ")[2]) from None


ANY = float("inf")
LARGEST = 1 << 53  # that a manifest, SQLite and Redis's scripts all hold exactly
COUNT, POSITIVE = NumberRange(0, LARGEST), NumberRange(1, LARGEST)
