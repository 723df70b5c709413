"""A working folder with packages of the user's own that have our names: whoever imports one of them fails."""

from __future__ import annotations

from pathlib import Path

NAMES = ("persona_hub", "pipelines", "transforms", "tests")


def shadowing_folder(folder: Path) -> Path:
    """`folder`, with packages of our names that raise when they are imported."""
    for name in NAMES:
        package = folder / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f'raise ImportError("the working folder\'s {name} was imported")\n')
    return folder
