"""What all tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.fake_server.launch import FakeServer
from tests.jobs import Forker
from tests.paid import DOCUMENTS, SMALL, build_command, corpus_of, paying

# Tests start many processes: bytecode that is not kept is half of what each of them costs.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Without credentials every process that opens a gs:// path would look 27 s for a metadata server.
os.environ.setdefault("NO_GCE_CHECK", "true")

# A busy machine is no reason to fail. In CI the examples are the same at each run; elsewhere new ones are sought.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("local", patient)
settings.register_profile("ci", patient, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


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


@pytest.fixture(scope="session")
def running_server() -> Iterator[FakeServer]:
    """A fake server of language models; tests take `server`."""
    with FakeServer() as server:
        yield server


@pytest.fixture
def server(running_server: FakeServer) -> FakeServer:
    """The fake server, its settings and counts as new."""
    running_server.tell()
    return running_server


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """Starts commands in processes of their own."""
    with Forker() as forker:
        yield forker


@pytest.fixture(scope="session")
def undisturbed(
    running_server: FakeServer, forker: Forker, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """(a small hub, made of corpus.jsonl beside it; the calls that it cost)."""
    folder = tmp_path_factory.mktemp("undisturbed")
    running_server.tell()
    flags = [*paying(running_server, folder), *SMALL]
    job = forker.start(build_command(corpus_of(folder, DOCUMENTS), folder / "out", flags))
    assert job.wait() == 0, job.errors
    return folder / "out", running_server.counts()["paid"]
