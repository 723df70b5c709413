"""A working folder with packages of the user's own that have our names: whoever imports one of them fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FOLDERS = ("pipelines", "transforms", "tests")  # names that folders of many projects have
NAMES = ("persona_hub", *FOLDERS)


def shadowing_folder(folder: Path, names: Sequence[str] = NAMES) -> Path:
    """`folder`, with packages of our names that raise when they are imported."""
    for name in names:
        package = folder / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f'raise ImportError("the working folder\'s {name} was imported")\n')
    return folder
