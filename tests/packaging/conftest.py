"""Environments in which the package is installed as a user installs it, not as this project's own .venv has it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers.places import ROOT

UV = Path(sys.executable).with_name("uv")


@dataclass
class Environment:
    """A virtual environment of its own; the dependencies are those of the environment that the tests run in."""

    folder: Path

    def run(self, *command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment in a working folder."""
        program = str(self.folder / "bin" / command[0])
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            [program, *command[1:]], cwd=cwd, env={**inherited, **variables}, capture_output=True, text=True
        )


def run_uv(arguments: Sequence[str | Path]) -> None:
    """Runs uv without the network, with the build tools of the environment that the tests run in."""
    done = subprocess.run(
        [UV, *arguments, "--offline"], capture_output=True, text=True, env={**os.environ, "VIRTUAL_ENV": sys.prefix}
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("distributions")
    run_uv(["build", "--no-build-isolation", "-o", folder, ROOT])
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    """The wheel."""
    (file,) = distributions.glob("*.whl")
    return file


@pytest.fixture(scope="session")
def from_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The package as its wheel installs it."""
    return install(tmp_path_factory.mktemp("from_wheel"), wheel)


@pytest.fixture(scope="session")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The package as `pip install -e` installs it from this folder."""
    return install(tmp_path_factory.mktemp("editable"), "--editable", ROOT)


def install(folder: Path, *what: str | Path) -> Environment:
    """A new environment with the package."""
    run_uv(["venv", "--python", sys.executable, folder])
    # A folder that a .pth file names comes last on the import path, and its own .pth files are not read.
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run_uv(["pip", "install", "--no-deps", "--no-build-isolation", "--python", folder / "bin" / "python", *what])
    return Environment(folder)
