"""What is printed goes through one function, and holds nothing that steers a terminal."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.helpers.places import ROOT

DOOR = ROOT / "pipelines" / "cli" / "log_lines.py"
PIPES = {ROOT / "transforms" / name for name in ("apart.py", "corpus/formats/main_text.py")}  # speak with their parents
FILES = sorted({*ROOT.glob("pipelines/**/*.py"), *ROOT.glob("transforms/**/*.py")} - {DOOR} - PIPES)


def prints(file: Path) -> list[int]:
    """Lines that print on their own."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Name) and node.id == "print":
            found.append(node.lineno)
        if isinstance(node, ast.Attribute) and node.attr in ("write", "writelines", "buffer"):
            found += [node.lineno] if ast.unparse(node.value) in ("sys.stdout", "sys.stderr", "stream") else []
    return found


def test_one_module_prints() -> None:
    assert not {str(file): lines for file in FILES if (lines := prints(file))}


@pytest.mark.parametrize("code", ["print(1)", "show = print", "sys.stderr.write('x')", "sys.stdout.buffer.write(b'x')"])
def test_it_is_found_where_another_prints(code: str, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(code)
    assert prints(file)
