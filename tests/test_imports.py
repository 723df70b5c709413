"""The house: corpus text flows down the steps once, and no support room knows a step."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A room may import from the storeys below its own, and from itself.
STOREYS = [
    {"transforms.records", "transforms.tally", "transforms.secrets"},
    {"transforms.prompts", "transforms.store", "transforms.similarity", "transforms.count"},
    {"transforms.calls"},
    {
        "transforms.llm",
        "transforms.embedding",
        "transforms.synthesis",
        "transforms.corpus",
        "transforms.hub",
        "transforms.pii",
    },
    {"steps"},
    {"pipelines"},
]
FILES = sorted([*ROOT.glob("transforms/**/*.py"), *ROOT.glob("pipelines/**/*.py")])


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """ "transforms.llm" of "transforms.llm.generate", "steps" of "transforms.read_corpus"."""
    if module.split(".")[0] == "pipelines":
        return "pipelines"
    room = ".".join(module.split(".")[:2])
    return room if any(room in storey for storey in STOREYS) else "steps"


def storey_of(room: str) -> int:
    return next(i for i, storey in enumerate(STOREYS) if room in storey)


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name.split(".")[0] in ("transforms", "pipelines")} - {"transforms"}


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_imports_go_down_the_house(file: Path) -> None:
    here = room_of(module_of(file))
    for name in imported(file):
        there = room_of(name)
        assert storey_of(there) <= storey_of(here), f"{here} imports {name}"
        if there != here and storey_of(there) == storey_of(here):
            assert here in ("transforms.llm", "transforms.synthesis", "transforms.corpus", "transforms.pii"), name


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {module_of(file): imported(file) for file in FILES}

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in seen:
            for name in graph.get(module, ()):
                visit(name, (*path, module))
            seen.add(module)

    seen: set[str] = set()
    for module in graph:
        visit(module, ())


def test_files_are_small() -> None:
    long = {module_of(file): n for file in FILES if (n := len(file.read_text("utf-8").splitlines())) > 300}
    assert not long
