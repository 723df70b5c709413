"""What a model's tokens cost: the packaged table, and rows of a user's own before it."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import yaml

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.user_text import FileError, read_text
from persona_hub.transforms.files.user_yaml import TooMuchYamlError, load_yaml
from persona_hub.transforms.similarity.arrays import Numbers

FORM = "a list `models` of {model: NAME, input: USD, output: USD}, for a million tokens each"


TokensT = TypeVar("TokensT", float, Numbers)


class PriceError(InvalidInputError):
    """A price table that cannot be used, or that lacks a model; the message names the remedy."""


class Price(NamedTuple):
    """US dollars for a million tokens."""

    input: float
    output: float
    batch: float = 0.5  # part of it that an answer of a batch API costs

    def of(self, input_tokens: TokensT, output_tokens: TokensT) -> TokensT:
        """What so many tokens cost, in US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


def price_of(model: str, base_url: str = "", price_file: str = "") -> Price | None:
    """The price of a model by its full name, None where no row fits. Raises PriceError for a broken file.

    What a server at `base_url` asks, only the user's own table can know.
    """
    own = rows(_own(price_file), price_file) if price_file else ()
    for pattern, price in chain(own, () if base_url else packaged_rows()):
        if fnmatchcase(model, pattern):
            return price
    return None


@cache
def packaged_rows() -> tuple[tuple[str, Price], ...]:
    """The packaged table, read once: a build looks a price up for each of its models."""
    packaged = resources.files("persona_hub.transforms.llm").joinpath("prices.yaml").read_text("utf-8")
    return tuple(rows(packaged, "prices.yaml"))


def required_price(model: str, base_url: str, price_file: str) -> Price:
    """The price of a model. Raises PriceError where it is not known."""
    price = price_of(model, base_url, price_file)
    if price is None:
        at = f" at {base_url}" if base_url else ""
        row = f'models: [{{model: "{model}", input: USD, output: USD}}]'
        raise PriceError(
            f"--max_cost_usd: nobody knows what {model}{at} costs; write it into a file for --price_file, as {row} "
            "for a million tokens each (0 for a server of your own), or limit --budget_tokens instead"
        )
    return price


def rows(text: str, name: str) -> Iterator[tuple[str, Price]]:
    """(pattern of names, price) of a table. Raises PriceError naming the row."""
    try:
        document: Any = load_yaml(text)
    except TooMuchYamlError as error:
        raise PriceError(f"--price_file {name}: {error.problem}") from None
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" at line {place.line + 1}" if place else ""
        raise PriceError(f"--price_file {name}: no YAML{line}; it is {FORM}") from None
    if not isinstance(document, dict) or not isinstance(document.get("models"), list):
        raise PriceError(f"--price_file {name}: must be {FORM}")
    batch = _amount(document.get("batch", 0.5), name, "batch")
    for number, row in enumerate(document["models"], 1):
        if not isinstance(row, dict) or not isinstance(row.get("model"), str) or not {"input", "output"} <= row.keys():
            raise PriceError(f"--price_file {name}: row {number} of models: it must have model, input and output")
        costs = [_amount(row[side], name, f"{side} of {row['model']}") for side in ("input", "output")]
        yield row["model"], Price(costs[0], costs[1], batch)


def _amount(value: Any, name: str, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise PriceError(f"--price_file {name}: {what} is {value!r}; it must be a number of US dollars, 0 or more")
    return float(value)


def _own(price_file: str) -> str:
    try:
        return read_text(price_file)
    except FileError as error:
        raise PriceError(f"--price_file {error}") from error
