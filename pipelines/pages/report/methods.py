"""What figures mean, for whoever reads the page: methods.yaml."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from persona_hub.transforms.packaged_yaml import packaged_yaml

METHOD_COLUMNS = ("figure", "formula", "source", "limit")


@cache
def all_told() -> dict[str, Any]:
    """All of methods.yaml."""
    return dict(packaged_yaml(__package__, "methods.yaml"))


def about_table(name: str) -> str:
    """What a table has, by its name in the page; nothing of one that is not ours."""
    return str(all_told()["tables"].get(name, ""))


def what_it_is(name: str) -> str:
    """What a figure is, by the first line that fits its name; nothing of one that is not ours.

    >>> what_it_is("known: country")
    'personas that tell it; shares are of these'
    """
    found: dict[str, str] = all_told()["figures"]
    return found.get(name) or next((text for key, text in found.items() if fnmatchcase(name, key)), "")


def methods() -> list[list[str]]:
    """The rows of the table of methods, with METHOD_COLUMNS."""
    return [[row[name] for name in METHOD_COLUMNS] for row in all_told()["methods"]]
