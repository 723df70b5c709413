"""What all tests share."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, settings

from persona_hub.pipelines.runners.dofn_specs import remember_specs
from persona_hub.transforms.files.s3 import client_of
from tests.helpers.jobs import Forker
from tests.helpers.paid import DOCUMENTS, SMALL, build_command, corpus_of, paying
from tests.helpers.places import EXAMPLES, TESTS
from tests.longest import LONGEST
from tests.servers import bigtable as bigtable_server
from tests.servers import storage as storage_server
from tests.servers.bigtable import BigtableServer
from tests.servers.models.launch import FakeServer
from tests.servers.redis import RedisServer
from tests.servers.s3 import ACCOUNT, S3Server
from tests.servers.storage import StorageServer

# Tests start many processes: bytecode that is not kept is half of what each of them costs.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Without credentials every process that opens a gs:// path would look 27 s for a metadata server.
os.environ.setdefault("NO_GCE_CHECK", "true")

# A job on a busy machine takes long enough for a line of progress, which is no error.
os.environ.setdefault("PERSONA_HUB_PROGRESS_SECONDS", "3600")

# As in every command: pipelines that tests run themselves start in half the time.
remember_specs()

# A busy machine is no reason to fail. In CI the examples are the same at each run; elsewhere new ones are sought.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("local", patient)
settings.register_profile("ci", patient, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the files, as in `make test`, the longest are given out first."""
    if hasattr(config, "workerinput"):
        places = {TESTS / f"{file}.py": place for place, file in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """What is imported by now stays: to look through its million objects again and again was a fifth of a job's CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What jobs note for later ones is not noted among the user's own."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


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
    return EXAMPLES


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


@pytest.fixture
def credentials(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys in the environment, and a service account whose tokens the fake server gives."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {
        "type": "service_account",
        "project_id": "some-project",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "hub@some-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{server.root}/token",
    }
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("GEMINI_API_KEY", "secret")
    return file


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server of the test's own, each command on the disk before it answers."""
    if not RedisServer.installed():
        missing("redis-server is not installed on this machine")
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture(scope="session")
def running_bigtable() -> Iterator[BigtableServer]:
    """Bigtable's emulator; tests take `bigtable_address`."""
    if fault := bigtable_server.build():
        missing(fault)
    with BigtableServer() as server:
        yield server


@pytest.fixture
def bigtable_address(running_bigtable: BigtableServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table that is not there yet, on the emulator."""
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", running_bigtable.host)
    return f"bigtable://project/instance/t-{uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def running_storage() -> Iterator[StorageServer]:
    """Cloud Storage's emulator; tests take `gcs_bucket`."""
    if fault := storage_server.build():
        missing(fault)
    with StorageServer() as server:
        yield server


@pytest.fixture
def gcs_bucket(running_storage: StorageServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket on the emulator, which clients of Cloud Storage ask from here on."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running_storage.url)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")
    # There are none, and Beam would look for them five times, for 19 s, before it goes on without.
    monkeypatch.setattr("apache_beam.internal.gcp.auth._Credentials._credentials_init", True)
    return running_storage.bucket(f"test-{uuid4().hex[:12]}")


@pytest.fixture(scope="session")
def running_s3() -> Iterator[S3Server]:
    """A server of S3; tests take `s3_bucket`."""
    with S3Server() as server:
        yield server


@pytest.fixture
def s3_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Credentials of S3 in the environment, and clients that know of no others."""
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("apache_beam.io.filesystems.FileSystems._pipeline_options", None)
    client_of.cache_clear()
    yield
    client_of.cache_clear()


@pytest.fixture
def s3_bucket(running_s3: S3Server, s3_account: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket on the server, which clients of S3 ask from here on."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running_s3.url)
    return running_s3.bucket(f"test-{uuid4().hex[:12]}")


def missing(what: str) -> NoReturn:
    """Skips for want of a server; fails where the machine was made for the tests."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set: .ci/run installs it")
    pytest.skip(what)


@pytest.fixture
def store_address(request: pytest.FixtureRequest, store: str, tmp_path: Path) -> str:
    """The address of a new store of the kind that the test's parameter `store` names."""
    if store == "redis":
        return str(request.getfixturevalue("redis_server").address)
    if store == "bigtable":
        return str(request.getfixturevalue("bigtable_address"))
    return f"sqlite:{tmp_path}/responses.sqlite"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many tests were skipped, a line for each reason: with hundreds of tests a line for each would be unread."""
    reasons = Counter(
        str(report.longrepr[-1]).removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped")
    )
    for reason, number in reasons.most_common():
        terminalreporter.write_line(f"{number:,} skipped: {reason}")
