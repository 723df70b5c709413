"""The locks: each package by its version and the digests of its files, which the installation verifies."""

from __future__ import annotations

import re

import pytest

from tests.helpers.places import ROOT

LOCKS = sorted(file.name for file in ROOT.glob("requirements*.txt"))
PINNED = re.compile(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==\S+( ; [^\\]+?)?( --hash=sha256:[0-9a-f]{64})+")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash(lock: str) -> None:
    lines = re.sub(r"\\\n\s*", "", (ROOT / lock).read_text()).splitlines()
    assert [line for line in lines if not line.startswith("#") and not PINNED.fullmatch(line)] == []
    assert len(lines) > 10


def test_the_installation_verifies_them() -> None:
    installing = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip install" in line]
    for lock in LOCKS:
        assert [line for line in installing if line.endswith(f" --require-hashes -r {lock}")], lock
    dockerfile = (ROOT / "templates/dataflow/Dockerfile").read_text()
    assert "pip install --no-cache-dir --require-hashes -r requirements.txt\n" in dockerfile
