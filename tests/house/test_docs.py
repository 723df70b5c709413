"""Pages and paths that are named exist, and every page is in the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.places import ROOT, TESTS
from tests.longest import LONGEST

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
# Parts of paths that stand for a name of the reader's choice.
PLACEHOLDER = re.compile(r"NAME|<|\*\*")
TOP = ("pipelines", "transforms", "tests", "templates", "examples", "src", "docs", "benchmarks", ".ci")


def links(page: Path) -> list[str]:
    """Where the links of a page lead, those to other sites left out."""
    targets: list[str] = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8"))
    return [target for target in targets if "://" not in target]


def paths(page: Path) -> list[str]:
    """The paths of this project in code spans."""
    spans = re.findall(r"`([^`\s]+)`", page.read_text("utf-8"))
    return [span for span in spans if span.split("/")[0] in TOP and "/" in span and not PLACEHOLDER.search(span)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert not [target for target in links(page) if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    assert not [path for path in paths(page) if not list(ROOT.glob(path))]


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / target).resolve() for target in links(index)}
    assert listed >= {page.resolve() for page in PAGES} - {index.resolve()}


def test_the_readme_links_every_page_of_docs() -> None:
    linked = {(ROOT / target).resolve() for target in links(ROOT / "README.md")}
    assert linked >= {page.resolve() for page in ROOT.glob("docs/*.md")}


def test_the_files_of_tests_that_begin_first_exist() -> None:
    assert [file for file in LONGEST if not (TESTS / f"{file}.py").exists()] == []
    assert len(set(LONGEST)) == len(LONGEST)
