"""Similarity is numpy: none of its modules imports Beam."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from persona_hub.transforms import similarity

IMPORT_ALL = """
import importlib, sys
for name in {names}:
    importlib.import_module("persona_hub.transforms.similarity." + name)
print([name for name in sys.modules if name.split(".")[0] == "apache_beam"])
"""


def test_no_module_of_similarity_imports_beam() -> None:
    names = sorted(file.stem for file in Path(similarity.__path__[0]).glob("*.py"))
    assert "ranks" in names
    program = IMPORT_ALL.format(names=[name for name in names if name != "__init__"])
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"
