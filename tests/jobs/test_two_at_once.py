"""Two jobs on one hub at the same time lose nothing: one wins, the other says so, and done again it adds to that."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from persona_hub.pipelines.cli.exit_status import DONE, FAILED
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import lineage, missing_files, open_hub
from persona_hub.transforms.records import DocumentOutcome, Persona
from persona_hub.transforms.store.registry import open_store
from persona_hub.transforms.write_hub import publish as write_hub
from tests.helpers.jobs import Forker
from tests.helpers.paid import paying, quiet
from tests.material.growing import FLAGS as SMALL
from tests.material.growing import OFF, corpus
from tests.servers.models.launch import FakeServer

LOST = "another run published meanwhile; run it again (answers of models are stored and are not paid twice)"


def documents(output: str) -> set[str]:
    """Sources of the documents that the hub has read."""
    return {row.source for row in read_table(open_hub(output), "documents", DocumentOutcome)}


def require_whole(output: str) -> None:
    """All that the current version names is there, and reads."""
    hub = open_hub(output)
    assert missing_files(hub) == []
    assert sum(1 for _ in read_table(hub, "personas", Persona)) == hub.manifest.records_of("personas")


def sources(*numbers: int) -> set[str]:
    return {f"doc-{n}" for n in numbers}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder on this machine, or on a server of Cloud Storage's protocol or of S3's."""
    if request.param == "disk":
        return str(tmp_path)
    bucket = request.getfixturevalue({"gs": "gcs_bucket", "s3": "s3_bucket"}[request.param])
    return f"{request.param}://{bucket.name}"


@pytest.mark.parametrize("place", ["disk", "s3"], indirect=True)
def test_of_two_refreshes_in_processes_of_their_own_the_later_one_says_so_and_pays_nothing_again(
    place: str, server: FakeServer, forker: Forker, tmp_path: Path
) -> None:
    paid = [*paying(server, tmp_path), "--response_store", f"sqlite:{tmp_path}/responses.sqlite"]
    hub, parts = f"{place}/hub", [corpus(tmp_path / f"{n}.jsonl", range(n * 10, n * 10 + 10)) for n in range(3)]
    assert main(["build", "--input", str(parts[0]), "--output", hub, *SMALL, *OFF, *paid]) == DONE
    server.tell(median_ms=300, p99_ms=600)
    commands = [["refresh", "--hub", hub, "--input", str(part), *paid] for part in parts[1:]]
    jobs = [forker.start(command) for command in commands]
    codes = [job.wait() for job in jobs]
    assert sorted(codes) == [DONE, FAILED], [job.errors for job in jobs]
    lost = codes.index(FAILED)
    [line] = [line for line in jobs[lost].errors.splitlines() if line.startswith("persona-hub")]
    assert LOST in line
    calls = quiet(server)["paid"]
    assert calls >= 2 * 10
    assert main(commands[lost]) == DONE
    assert server.counts()["paid"] == calls
    assert documents(hub) == sources(*range(30))
    require_whole(hub)
    assert len(list(lineage(hub))) == 3  # a bucket may hold the manifest of the one that lost, too


def published_amid(command: Sequence[str], other: Sequence[str], patched: pytest.MonkeyPatch) -> int:
    """The exit code of a command; the other is run from its beginning to its end when the first is about to publish."""
    publish = write_hub.publish

    def publish_after(*made: Any) -> Any:
        patched.setattr(write_hub, "publish", publish)
        assert main([*other]) == DONE
        return publish(*made)

    patched.setattr(write_hub, "publish", publish_after)
    return main([*command])


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub of two versions, made of two of the four corpora beside it."""
    folder = tmp_path_factory.mktemp("refreshed")
    parts = [corpus(folder / f"{n}.jsonl", range(n * 3, n * 3 + 3)) for n in range(4)]
    assert main(["build", "--input", str(parts[0]), "--output", f"{folder}/hub", *SMALL, *OFF]) == DONE
    assert main(["refresh", "--hub", f"{folder}/hub", "--input", str(parts[1])]) == DONE
    return folder


def copy(hub: Path, to: str) -> None:
    """Copies a hub from the disk to any place."""
    for file in hub.rglob("*"):
        if file.is_file():
            target = f"{to}/{file.relative_to(hub)}"
            if "://" not in to:
                Path(target).parent.mkdir(parents=True, exist_ok=True)
            with FileSystems.create(target, compression_type=CompressionTypes.UNCOMPRESSED) as out:
                out.write(file.read_bytes())


@pytest.mark.parametrize(
    ("place", "first", "second"),
    [
        ("disk", "refresh", "refresh"),
        ("disk", "refresh", "compact"),
        ("disk", "compact", "refresh"),
        ("disk", "refresh", "gc"),
        ("gs", "refresh", "refresh"),  # how a bucket keeps two apart is no matter of which jobs they are
        ("gs", "refresh", "gc"),
    ],
    indirect=["place"],
)
def test_whoever_publishes_first_wins_and_nothing_is_lost(
    first: str, second: str, place: str, refreshed: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    hub, parts = f"{place}/hub", [refreshed / f"{n}.jsonl" for n in range(4)]
    copy(refreshed / "hub", hub)
    commands: dict[tuple[str, int], list[str]] = {
        ("refresh", 0): ["refresh", "--hub", hub, "--input", str(parts[2])],
        ("refresh", 1): ["refresh", "--hub", hub, "--input", str(parts[3])],
        ("compact", 0): ["compact", "--hub", hub],
        ("compact", 1): ["compact", "--hub", hub],
        ("gc", 1): ["gc", "--hub", hub, "--keep", "1"],
    }
    command, other = commands[first, 0], commands[second, 1]
    capsys.readouterr()
    code = published_amid(command, other, monkeypatch)
    if second == "gc":  # which leaves what a job has just written
        assert code == DONE
    else:
        assert code == FAILED
        assert LOST in capsys.readouterr().err
        require_whole(hub)
        assert main(command) == DONE
    require_whole(hub)
    added = [parts.index(Path(given[-1])) for given in (command, other) if given[0] == "refresh"]
    assert documents(hub) == sources(*(n for part in (0, 1, *added) for n in range(part * 3, part * 3 + 3)))


@pytest.fixture(params=["sqlite", "redis"])
def store(request: pytest.FixtureRequest) -> str:
    """Stores that processes of one machine and of several share."""
    return str(request.param)


def equal_builds(folder: Path, paid: Sequence[str], address: str, number: int) -> list[list[str]]:
    """So many commands that ask the same questions."""
    file = corpus(folder / "same.jsonl", range(12))
    flags = [*SMALL, *OFF, *paid, "--response_store", address, "--max_in_flight", "4"]
    return [["build", "--input", str(file), "--output", str(folder / f"hub-{n}"), *flags] for n in range(number)]


def test_two_equal_builds_at_once_pay_for_each_question_once(
    server: FakeServer, forker: Forker, store_address: str, tmp_path: Path
) -> None:
    paid = paying(server, tmp_path)
    [alone] = equal_builds(tmp_path, paid, f"sqlite:{tmp_path}/alone.sqlite", 1)
    assert main([*alone[:4], str(tmp_path / "alone"), *alone[5:]]) == DONE
    calls = quiet(server)["paid"]
    server.tell(median_ms=200, p99_ms=500)
    jobs = [forker.start(command) for command in equal_builds(tmp_path, paid, store_address, 2)]
    assert [job.wait() for job in jobs] == [DONE, DONE], [job.errors for job in jobs]
    assert quiet(server)["paid"] == calls, "of two builds as of one"
    assert sum(spend.calls for spend in open_store(store_address).spend().values()) == calls


def test_what_a_killed_build_was_asking_another_asks(
    server: FakeServer, forker: Forker, store_address: str, tmp_path: Path
) -> None:
    paid = paying(server, tmp_path)
    server.tell(median_ms=400, p99_ms=800)
    one, other = equal_builds(tmp_path, paid, store_address, 2)
    killed = forker.start(one)
    while server.counts()["calls"] < 6:
        time.sleep(0.02)
    job = forker.start(other)
    killed.kill()
    assert job.wait() == DONE, job.errors
    counted = sum(spend.calls for spend in open_store(store_address).spend().values())
    assert counted <= quiet(server)["paid"] <= counted + 4, "but for those that were in flight"
