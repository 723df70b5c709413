"""The house: a text flows down the steps once, imports go one way, and no support room knows a step."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.helpers.places import ROOT

PACKAGE = "persona_hub"
# Floors from the ground up. A room may import from the floors below its own, from itself, and from what is named before
# it on its own floor.
FLOORS: list[list[str]] = [
    [
        "transforms.errors",
        "transforms.apart",
        "transforms.normal_forms",
        "transforms.packaged_yaml",
        "transforms.records",
        "transforms.reasons",
        "transforms.files",
        "transforms.secrets",
        "transforms.wire",
        "transforms.counting",
    ],
    [
        "transforms.attributes",
        "transforms.prompts",
        "transforms.store",
        "transforms.similarity",
        "transforms.contamination",
        "transforms.sandbox",
        "transforms.answers",
        "transforms.vectors",
        "transforms.clusters",
        "transforms.choice",
        "transforms.evaluation",
    ],
    ["transforms.calls"],
    [
        "transforms.llm",
        "transforms.offline_model",
        "transforms.corpus",
        "transforms.synthesis",
        "transforms.judging",
        "transforms.embedding",
        "transforms.hub",
        "transforms.training",
        "transforms.dedup",
        "transforms.pii",
        "transforms.ablation",
    ],
    [
        "transforms.dedup_rows",
        "transforms.read_corpus",
        "transforms.read_personas",
        "transforms.ask_attributes",
        "transforms.extract_persona",
        "transforms.filter_persona",
        "transforms.expand_persona",
        "transforms.minhash_dedup",
        "transforms.embed_dedup",
        "transforms.cluster_personas",
        "transforms.check_samples",
        "transforms.synthesize",
        "transforms.ablate",
        "transforms.take_down",
        "transforms.read_hub",
        "transforms.search",
        "transforms.purge",
        "transforms.write_hub",
        "transforms.evaluate",
    ],
    ["transforms.api"],
    ["pipelines.cli"],
    ["pipelines.progress"],
    ["pipelines.runners"],
    ["pipelines.planning"],
    ["pipelines.reporting"],
    ["pipelines.pages"],
    ["pipelines"],
    ["pipelines.commands", "pipelines.cloud"],
    ["pipelines.main"],
]
FLOOR = {room: (floor, place) for floor, rooms in enumerate(FLOORS) for place, room in enumerate(rooms)}
FILES = sorted([*ROOT.glob("transforms/**/*.py"), *ROOT.glob("pipelines/**/*.py")])
FOLDERS = sorted(
    {file.parent for top in ("transforms", "pipelines", "tests", "benchmarks") for file in ROOT.glob(f"{top}/**/*.py")}
)
LONGEST_FILE, MOST_FILES = 300, 16


def module_of(file: Path) -> str:
    """ "transforms.llm.generate" of its file."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """ "transforms.llm" of "transforms.llm.generate", "pipelines" of "pipelines.build"."""
    parts = module.split(".")
    return next(room for n in range(len(parts), 0, -1) if (room := ".".join(parts[:n])) in FLOOR)


def imported(file: Path) -> set[str]:
    """The modules of this package that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} & MODULES or {node.module}
    return {name.removeprefix(f"{PACKAGE}.") for name in names if name.startswith(f"{PACKAGE}.")}


MODULES = {f"{PACKAGE}.{module_of(file)}" for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_imports_go_down_the_house(file: Path) -> None:
    if file.name == "__init__.py" and file.parent.name in ("transforms", "pipelines"):
        assert not imported(file)
        return
    here = room_of(module_of(file))
    for name in imported(file):
        there = room_of(name)
        assert FLOOR[there] <= FLOOR[here], f"{here} imports {name}"


def test_every_module_is_imported_by_the_name_of_its_package() -> None:
    for file in [*FILES, *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("transforms", "pipelines")], file


def test_files_have_one_door() -> None:
    door = {file for file in FILES if "apache_beam.io.filesystems" in file.read_text("utf-8")}
    assert {room_of(module_of(file)) for file in door} == {"transforms.files"}


def test_tests_import_neither_benchmarks_nor_other_tests() -> None:
    for file in ROOT.glob("tests/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                assert not [name for name in names if re.search(r"^benchmarks\b|^tests\.(.+\.)?test_", name)], file


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
    long = {module_of(file): n for file in FILES if (n := len(file.read_text("utf-8").splitlines())) > LONGEST_FILE}
    assert not long


def test_folders_are_small() -> None:
    assert not {str(folder): n for folder in FOLDERS if (n := len([*folder.glob("*.py")])) > MOST_FILES}


def test_no_name_is_defined_in_three_modules() -> None:
    places = defaultdict(set)
    for file in FILES:
        for name in defined(ast.parse(file.read_text("utf-8"))):
            places[name].add(module_of(file))
    assert not {name: sorted(modules) for name, modules in places.items() if len(modules) > 2 and name != "__all__"}


def defined(tree: ast.Module) -> set[str]:
    """The names that a module defines at its top level."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return names
