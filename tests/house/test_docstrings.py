"""Examples in docstrings: they are run, so that none tells what is no longer so."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from tests.helpers.places import ROOT

MARK = "    >>> "


def with_examples() -> list[str]:
    """The modules that have any."""
    files = [*ROOT.glob("transforms/**/*.py"), *ROOT.glob("pipelines/**/*.py")]
    return sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files if MARK in file.read_text("utf-8")
    )


def test_examples_are_found() -> None:
    assert "pipelines.pages.report.tables" in with_examples()


@pytest.mark.parametrize("name", with_examples())
def test_examples_are_true(name: str) -> None:
    found = doctest.testmod(import_module(f"persona_hub.{name}"))
    assert found.attempted
    assert not found.failed
