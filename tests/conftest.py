"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Without credentials every process that opens a gs:// path would look 27 s for a metadata server.
os.environ.setdefault("NO_GCE_CHECK", "true")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real corpora, personas and vectors; it is no part of the project."""
    folder = os.environ.get("PERSONA_HUB_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("PERSONA_HUB_DATA names no folder with the real data")
    return Path(folder)


@pytest.fixture(scope="session")
def examples() -> Path:
    """The project's own small corpus."""
    return Path(__file__).parents[1] / "examples"
