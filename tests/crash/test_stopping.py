"""A paid job that is told to stop, by Ctrl-C or SIGTERM, loses nothing: the same command goes on from there."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED
from persona_hub.pipelines.runners.signals import STOPPING, stop_on_signals
from persona_hub.transforms.calls.engine import STOPPED
from persona_hub.transforms.store.protocol import Renew
from persona_hub.transforms.store.registry import open_store
from tests.helpers.jobs import Forker, Job
from tests.helpers.paid import SMALL, build_command, paying, spend, whole
from tests.servers.models.launch import FakeServer

TWO_PROCESSES = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


@pytest.fixture(autouse=True)
def usual_handler() -> Iterator[None]:
    """A shell that starts tests in the background has them, and all that they start, ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def paid_so_far(server: FakeServer, least: int, job: Job) -> None:
    """Waits until so many calls were paid."""
    while server.counts()["paid"] < least:
        assert job.poll() is None, job.errors
        time.sleep(0.05)


def test_a_build_stopped_twice_goes_on_and_pays_for_nothing_twice(
    server: FakeServer, forker: Forker, undisturbed: tuple[Path, int], tmp_path: Path
) -> None:
    hub, calls = undisturbed
    paid_flags = [*paying(server, tmp_path), *SMALL]
    command = build_command(hub.parent / "corpus.jsonl", tmp_path / "out", paid_flags)
    server.tell(median_ms=100, p99_ms=300)  # 2 s at least for what is left when the signal comes
    for number, to_all, flags, share in [
        (signal.SIGTERM, False, [], 0.2),
        (signal.SIGINT, True, TWO_PROCESSES, 0.5),  # Ctrl-C in a terminal
    ]:
        job = forker.start([*command, *flags])
        paid_so_far(server, int(share * calls), job)
        job.kill(number, group=to_all)
        assert job.wait() == FAILED, job.errors
        told = [line for line in job.errors.splitlines() if line.startswith(("stopping", "persona-hub"))]
        assert told == [STOPPING, f"persona-hub build: error: {STOPPED}"]
        counts = server.counts()
        assert counts["in_flight"] == 0
        assert sum(one.calls for one in spend(tmp_path / "out").values()) == counts["paid"] < calls
    job = forker.start(command)
    assert job.wait() == DONE, job.errors
    assert server.counts()["paid"] == calls
    assert whole(tmp_path / "out") == whole(hub)


def stop_flag(address: str) -> bool:
    with closing(open_store(address)) as store:
        return bool(store.commit([Renew("me")])[0])


def test_a_second_signal_acts_as_usual(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = f"sqlite:{tmp_path}/responses.sqlite"
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals(store):
        signal.raise_signal(signal.SIGTERM)
        while not stop_flag(store):
            time.sleep(0.01)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert capsys.readouterr().err == f"{STOPPING}\n"
    assert not stop_flag(store)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("on_cluster", [True, False])
def test_after_a_second_signal_the_word_stays_for_a_job_on_a_cluster(on_cluster: bool, tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path}/responses.sqlite"

    def job_stopped_twice() -> None:
        with stop_on_signals(store, on_cluster):
            signal.raise_signal(signal.SIGINT)
            while not stop_flag(store):
                time.sleep(0.01)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        job_stopped_twice()
    assert stop_flag(store) == on_cluster
    with stop_on_signals(store, on_cluster):
        assert not stop_flag(store)


def test_the_word_of_a_job_before_is_taken_back(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path}/responses.sqlite"
    with closing(open_store(store)) as opened:
        opened.set_stop_flag()
    with stop_on_signals(store):
        assert not stop_flag(store)
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not any(thread.name == "stopping" for thread in threading.enumerate())


@pytest.mark.parametrize("store", ["", "none"])
def test_without_a_store_signals_are_as_usual(store: str) -> None:
    with pytest.raises(KeyboardInterrupt), stop_on_signals(store):
        signal.raise_signal(signal.SIGINT)


def test_what_is_ignored_stays_so(tmp_path: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as under nohup; the fixture mends it
    with stop_on_signals(f"sqlite:{tmp_path}/responses.sqlite"):
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
