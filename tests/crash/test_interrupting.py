"""Ctrl-C ends a build in one line that says what is so, whatever the build is doing."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED
from persona_hub.pipelines.main import main
from persona_hub.pipelines.runners.signals import STOPPING
from persona_hub.transforms.write_hub import publish
from tests.helpers.jobs import Forker, Job
from tests.helpers.paid import build_command, corpus_of, paying
from tests.servers.models.launch import FakeServer

INTERRUPTED = "persona-hub build: error: interrupted; run the same command again to go on"
TWO_PROCESSES = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
SMALL = ["--expand_hops", "0", "--partitions", "2", "--max_in_flight", "4", "--embedder", "hash"]


def until_called(server: FakeServer, job: Job) -> None:
    """Waits until calls are under way."""
    while not server.counts().get("in_flight"):
        assert job.poll() is None, job.errors
        time.sleep(0.05)


@pytest.mark.parametrize("workers", [[], TWO_PROCESSES], ids=["one process", "two processes"])
def test_without_a_store(workers: list[str], server: FakeServer, forker: Forker, tmp_path: Path) -> None:
    flags = [*paying(server, tmp_path), *SMALL, "--response_store", "none", *workers]
    server.tell(median_ms=500)
    job = forker.start(build_command(corpus_of(tmp_path, 100), tmp_path / "out", flags))
    until_called(server, job)
    job.kill(signal.SIGINT)
    assert job.wait() == FAILED
    assert job.errors == f"{INTERRUPTED}\n"


def test_twice_with_a_store(server: FakeServer, forker: Forker, tmp_path: Path) -> None:
    flags = [*paying(server, tmp_path), *SMALL]
    server.tell(median_ms=4000)  # the second comes while the calls are awaited that were under way at the first
    command = build_command(corpus_of(tmp_path, 20), tmp_path / "out", flags)
    job = forker.start(command)
    until_called(server, job)
    job.kill(signal.SIGINT)
    while STOPPING not in job.errors:
        time.sleep(0.01)
    job.kill(signal.SIGINT)
    assert job.wait() == FAILED
    assert job.errors.splitlines()[0] == STOPPING
    assert job.errors.splitlines()[1:] == [INTERRUPTED]
    server.tell()
    again = forker.start(command)
    assert again.wait() == DONE, again.errors


def test_while_the_hub_is_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    command = ["build", "--input", str(corpus_of(tmp_path, 3)), "--output", str(tmp_path / "out"), "--expand_hops", "0"]
    with monkeypatch.context() as patched:
        patched.setattr(publish, "publish", interrupted)
        assert main(command) == FAILED
    assert capsys.readouterr().err == f"{INTERRUPTED}\n"
    assert not (tmp_path / "out/hub/CURRENT").exists()
    assert main(command) == DONE


def test_while_it_is_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("persona_hub.pipelines.planning.corpus.sources.match_corpus", interrupted)
    assert main(["build", "--input", str(corpus_of(tmp_path, 3)), "--output", str(tmp_path / "out")]) == FAILED
    assert capsys.readouterr().err == f"{INTERRUPTED}\n"
