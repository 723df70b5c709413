"""The parser of a command's flags, out of its options dataclass."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from persona_hub.pipelines.cli.commands import Job
from persona_hub.pipelines.cli.exit_status import UsageError, meant
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.model_file import read_model_file, with_model_file
from persona_hub.pipelines.cli.option import Option, Options, options_of, recorded_value
from persona_hub.pipelines.cli.sections import sections_of
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.secrets import masked, without_logins

# Addresses of documents; those with rules of their own; what is no address.
SHOWN_AS_THEY_ARE = ("source", "response_store", "vllm_args", "llm_extra_body", "text")
SHOWN_OF_VALUE = 80
SHORT_HELP = 20  # options that a command's --help shows without leaving any out

OptionsT = TypeVar("OptionsT", bound=Options)


class Parser(argparse.ArgumentParser):
    """Says in one line what was wrong, and shows the flags of a first day unless all are asked for."""

    mistyped: str = ""  # what may have been meant by a flag with a slip in it
    later: frozenset[str] = frozenset()  # flags that --help leaves out

    def error(self, message: str) -> Any:
        """Raises UsageError instead of printing the whole usage."""
        raise UsageError(f"{message}{self.mistyped}; see {self.prog} --help")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does; where that fails, the error also says what a mistyped flag may have been meant for."""
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        names = (one.partition("=")[0] for one in args or () if one.startswith("--"))
        slips = ((name, meant(name, known)) for name in names if name not in known)
        self.mistyped = next((f"; {name}: {asked.removeprefix('; ')}" for name, asked in slips if asked), "")
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """The help of a first day: without the flags in `later`, and with a line that says how to see them."""
        hidden = {action: action.help for action in self._actions if action.dest in self.later}
        for action in hidden:
            action.help = argparse.SUPPRESS
        try:
            short = super().format_help()
        finally:
            for action, about in hidden.items():
                action.help = about
        more = f"\n{quantity(len(hidden), 'more flag')}: {self.prog} --help_all\n" if hidden else ""
        return f"{short}{more}"

    def format_help_all(self) -> str:
        """The help of all flags."""
        return super().format_help()


class HelpAll(argparse.Action):
    """--help_all: prints the help of all flags, and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        assert isinstance(parser, Parser)
        say(parser.format_help_all().rstrip("\n"))
        parser.exit()


def add_flags(parser: Parser, job: Job) -> None:
    """Adds the flags of `job`, and --help_all where there are many."""
    found = options_of(job.options)
    if len(found) > SHORT_HELP:
        parser.later = frozenset(name for name, one in found.items() if not (one.first_day or one.required))
    if parser.later:
        parser.add_argument("--help_all", action=HelpAll, nargs=0, help="show all flags", default=argparse.SUPPRESS)
    for title, own in sections_of(job.options):
        group = parser.add_argument_group(title)
        for name, one in own.items():
            add_flag(group, name, one, is_inherited(job.options, one))


def is_inherited(command: type[Options], one: Option) -> bool:
    """Whether the option, where not given, is as the hub was built."""
    return command.continues_hub and one.of_hub


def add_flag(group: argparse._ActionsContainer, name: str, one: Option, inherited: bool) -> None:
    """Adds one flag, with what counts where it is not given in its help."""
    if inherited:
        about = f"{one.help} [as the hub was built]"
    else:
        about = (
            one.help
            if one.required or one.default in ("", None, 0, ())
            else f"{one.help} [{typed_default(one.default)}]"
        )
    keywords: dict[str, Any] = {
        "dest": name,
        "help": about.replace("%", "%%"),
        "required": one.required,
        "default": argparse.SUPPRESS,
    }
    if one.many:
        keywords |= {"action": "extend", "nargs": "+", "metavar": one.metavar or "{" + ",".join(one.choices) + "}"}
    elif one.choices:
        keywords |= {"choices": one.choices}
    else:
        keywords |= {"type": one.type, "metavar": one.metavar or "X"}
    if one.alone is not None:
        keywords |= {"nargs": "?", "const": one.alone}
    if one.positional:
        del keywords["dest"], keywords["required"]
        group.add_argument(name, **keywords | {"nargs": "+" if one.many else "?"})
        return
    group.add_argument(f"--{name}", **keywords)


def typed_default(default: Any) -> str:
    """A default as it would be typed."""
    return ",".join(default) if isinstance(default, tuple) else str(default)


def parser_of(job: Job) -> Parser:
    """The parser of one command."""
    parser = Parser(prog=f"persona-hub {job.name}", description=job.help, allow_abbrev=False)
    add_flags(parser, job)
    return parser


def read_options(job: Job, arguments: Sequence[str]) -> tuple[Any, list[str]]:
    """(the command's options, an instance of `job.options`; the arguments that are not its own). Raises UsageError."""
    parser, found = parser_of(job), options_of(job.options)
    known, rest = parser.parse_known_args(with_model_file(found, arguments))
    typed = vars(known)
    values = {name: one.default for name, one in found.items()} | typed
    for name, one in found.items():
        if one.type is str and name not in SHOWN_AS_THEY_ARE:
            refuse_secrets(name, typed.get(name, ""))
        if one.many:
            values[name] = values_of(name, one, typed.get(name, ()))
    require_one_of(job, values, typed)
    return job.options(**values, given=frozenset(typed)), rest


def require_one_of(job: Job, values: Mapping[str, Any], typed: Mapping[str, Any]) -> None:
    """Raises UsageError where all options of which one is needed are lacking, or one is given that names nothing."""
    if empty := [name for name in job.options.one_of if name in typed and not values[name]]:
        raise UsageError(f"--{empty[0]}: names nothing; see persona-hub {job.name} --help")
    if job.options.one_of and not any(values[name] for name in job.options.one_of):
        flags = " or ".join(f"--{name}" for name in job.options.one_of)
        raise UsageError(f"{flags} is required; see persona-hub {job.name} --help")


def refuse_secrets(name: str, typed: str | Sequence[str]) -> None:
    """Raises UsageError for an address with a password or key in it: messages and manifests would show it."""
    for text in [typed] if isinstance(typed, str) else typed:
        if ":/" in text and without_logins(text) != text:
            raise UsageError(
                f"--{name} {masked(text)}: this address holds what looks like a password or key; they come from the "
                "environment, never in the address, which messages and manifests show"
            )


def values_of(name: str, one: Option, texts: Sequence[str]) -> tuple[str, ...]:
    """The values of a flag that takes many. Raises UsageError."""
    parts = texts if one.paths else [part for text in texts for part in text.split(",")]
    values = tuple(part.strip() for part in parts if part.strip(", ")) or tuple(one.default)
    wrong = [value for value in values if one.choices and value not in one.choices]
    if wrong:
        raise UsageError(f"--{name} {wrong[0]}: must be one of {', '.join(one.choices)}")
    if one.required and not values:
        raise UsageError(f"--{name}: names nothing")
    try:
        return tuple(map(one.type, values))
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"--{name} {error}") from None


def values_in_file(path: str, options: Mapping[str, Option], flag: str) -> dict[str, Any]:
    """What a file that describes a model says, as if it were typed as flags; `flag` names it. Raises UsageError."""
    texts = read_model_file(path, options, flag)
    for name, text in texts.items():
        if name not in SHOWN_AS_THEY_ARE:
            refuse_secrets(name, text)
    return {
        name: values_of(name, options[name], [text]) if options[name].many else options[name].type(text)
        for name, text in texts.items()
    }


def inherit(options: OptionsT, parameters: Mapping[str, Any]) -> OptionsT:
    """`options`, those of the hub that were not given taken from its manifest's `parameters` where these have them.

    Raises UsageError for a value that the flag could not have.
    """
    taken: dict[str, Any] = {}
    for name, one in options_of(type(options)).items():
        if one.of_hub and name not in options.given and name in parameters:
            try:
                taken[name] = recorded_value(one, parameters[name])
            except ValueError as error:
                raise UsageError(
                    f"--{name}: the hub's manifest has {excerpt(repr(parameters[name]), SHOWN_OF_VALUE)}, and it "
                    f"{error}; name another"
                ) from error
    return replace(options, **taken)
