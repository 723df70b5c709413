"""The words of `words.yaml`."""

from __future__ import annotations

from functools import lru_cache

from persona_hub.transforms.packaged_yaml import packaged_yaml


@lru_cache(maxsize=1)
def _file() -> dict[str, str | dict[str | int, str]]:
    read: dict[str, str | dict[str | int, str]] = packaged_yaml(__package__, "words.yaml")
    return read


@lru_cache(maxsize=64)
def words(name: str) -> frozenset[str]:
    """A list of words."""
    listed = _file()[name]
    assert isinstance(listed, str)
    return frozenset(parted(listed))


@lru_cache(maxsize=64)
def word_table(name: str) -> dict[str, str]:
    """What each word of a table stands for. Not to be changed: it is kept."""
    table = _file()[name]
    assert isinstance(table, dict)
    return {word: str(meaning) for meaning, listed in table.items() for word in parted(listed)}


def parted(listed: str) -> list[str]:
    """The words of a list that is parted by commas."""
    return [word.strip().strip('"') for word in listed.split(",")]
