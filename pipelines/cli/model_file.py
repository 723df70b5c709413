"""--model FILE.yaml: a file that describes a model, read as if its values were typed as flags before the others.

--judge FILE.yaml is read by the same rules.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import NumberRange, Option, json_object

FLAG = "--model"
PRICES = ("models", "batch")  # as in a file for --price_file
SECRET_KEY = re.compile(r"key|secret|password|token$|credential", re.IGNORECASE)


def with_model_file(options: Mapping[str, Option], arguments: Sequence[str]) -> list[str]:
    """`arguments` without --model, and before them what its file says and they do not. Raises UsageError.

    --model m.yaml --seed 2, where m.yaml has `llm: openai:gpt-5-mini` and `seed: 1`, gives
    --llm=openai:gpt-5-mini --seed 2.
    """
    if "model" not in options:
        return list(arguments)
    paths, rest = split_flag(arguments, FLAG)
    if not paths:
        return rest
    typed = {argument.partition("=")[0].removeprefix("--") for argument in rest if argument.startswith("--")}
    found = read_model_file(paths[-1], options)
    return [f"--{name}={text}" for name, text in found.items() if name not in typed] + rest


def split_flag(arguments: Sequence[str], flag: str) -> tuple[list[str], list[str]]:
    """(values of `flag`, the other arguments). Raises UsageError for a flag without a value."""
    values: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name != flag:
            rest.append(argument)
            continue
        value = value if equals else next(waiting, "")
        if not value or (not equals and value.startswith("--")):
            raise UsageError(f"{flag}: must name a YAML file")
        values.append(value)
    return values, rest


def read_model_file(path: str, options: Mapping[str, Option], flag: str = FLAG) -> dict[str, str]:
    """The flags that a file stands for, as texts by name. Raises UsageError that names file, key and remedy."""
    document, place = parsed_yaml(path, flag), f"{flag} {path}"
    allowed = {name: one for name, one in options.items() if one.in_model_file}
    for key in document:
        check_key(place, key, allowed)
    texts = {name: flag_text(f"{place}: {name}", document[name], one) for name, one in allowed.items()
             if name in document}  # fmt: skip
    if "models" in document:
        check_prices(path, flag)
        texts["price_file"] = path  # its rows are read from this very file
    elif "batch" in document:
        raise UsageError(f"{place}: batch: goes with prices, a list `models`")
    return texts


def parsed_yaml(path: str, flag: str) -> Mapping[Any, Any]:
    """The mapping in a YAML file on any filesystem. Raises UsageError."""
    import yaml

    from persona_hub.transforms.files.user_text import FileError, read_text
    from persona_hub.transforms.files.user_yaml import TooMuchYamlError, load_yaml

    try:
        document = load_yaml(read_text(path))
    except FileError as error:
        raise UsageError(f"{flag} {error}") from error
    except TooMuchYamlError as error:
        raise UsageError(f"{flag} {path}: {error.problem}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise UsageError(f"{flag} {path}: not YAML{line}") from None  # the error may quote a secret
    if not isinstance(document, dict):
        raise UsageError(f"{flag} {path}: must hold keys and values, such as llm: openai:gpt-5-mini")
    return document


def check_key(place: str, key: Any, allowed: Mapping[str, Option]) -> None:
    """Raises UsageError for a key that a model file cannot have."""
    if key in allowed or key in PRICES:
        return
    if isinstance(key, str) and SECRET_KEY.search(key):
        raise UsageError(
            f"{place}: {key}: no key belongs in this file; put it into the environment, or name its secret as "
            "llm_api_key_secret: projects/P/secrets/S/versions/V"
        )
    raise UsageError(f"{place}: {key}: unknown key; there are {', '.join(sorted([*allowed, *PRICES]))}")


def flag_text(place: str, value: Any, one: Option) -> str:
    """A value of the file as it would be typed. Raises UsageError for a value of another type, or out of range."""
    if one.many:
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, str) for item in items):
            raise UsageError(f"{place}: must be a text, or a list of texts, such as {one.metavar}")
        return ",".join(items)
    if one.type is json_object:
        if not isinstance(value, dict):
            raise UsageError(f"{place}: must be a mapping, such as {{reasoning_effort: low}}")
        try:
            return json_object(json.dumps(value))
        except (TypeError, ValueError):
            raise UsageError(f"{place}: must hold texts, numbers, lists and mappings only") from None
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"{place}: {error}") from None
    if isinstance(one.type, NumberRange):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{place}: must be a number, without quotes")
        try:
            one.type(str(value))
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"{place}: {error}") from None
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{place}: must be a text, such as {one.metavar}")
    return value


def check_prices(path: str, flag: str) -> None:
    """Raises UsageError for price rows that --price_file would not take either."""
    from persona_hub.transforms.files.user_text import read_text
    from persona_hub.transforms.llm.prices import PriceError, rows

    try:
        list(rows(read_text(path), path))
    except PriceError as error:
        raise UsageError(str(error).replace("--price_file", flag, 1)) from None
