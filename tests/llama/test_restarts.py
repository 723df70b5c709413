"""The server dies half-way, and so does the job: what was answered is neither lost nor bought again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.jobs import Forker
from tests.helpers.llama import IN_FLIGHT, SHORT_PROMPTS, small_build
from tests.material.trades import TRADES
from tests.servers.llama.launch import LlamaServer
from tests.servers.llama.relay import Relay

FLAGS = [*SHORT_PROMPTS, "--expand_hops", "0", "--max_tokens", "16"]
TEXTS = TRADES[:8]
HALF = 3  # answers, of at least eight


@pytest.fixture
def server(new_server: Callable[..., LlamaServer]) -> LlamaServer:
    """A server of the test's own, to be killed."""
    return new_server(slots=IN_FLIGHT, context=512)


def test_a_server_that_dies_and_comes_back_costs_nothing_twice(
    server: LlamaServer, forker: Forker, tmp_path: Path
) -> None:
    def die(n: int) -> None:
        if n == HALF:
            server.kill()
            threading.Timer(1.0, server.start).start()

    with Relay(server.port, die) as relay:
        build = small_build(forker, relay.url, tmp_path / "out", TEXTS, *FLAGS)
        job = build.start()
        job.wait()
    assert 0 in {call.status for call in relay.calls}, "nothing was under way"
    assert set(relay.asked().values()) == {1}
    assert build.calls == len(relay.answered)
    counts = open_hub(str(build.output)).manifest.counts["extract_persona"]
    assert counts["asked"] == len(TEXTS)
    assert {one["reason"] for one in build.dead_letters} <= {"malformed", "names-the-document", "copied"}, job.errors


def test_the_same_command_goes_on_when_the_server_was_gone_for_good(
    server: LlamaServer, forker: Forker, tmp_path: Path
) -> None:
    def die(n: int) -> None:
        if n == HALF:
            server.kill()

    with Relay(server.port, die) as relay:
        build = small_build(forker, relay.url, tmp_path / "out", TEXTS, *FLAGS, "--call_attempts", "2")
        job = build.start()
        assert job.wait() == 3, job.errors
        stored = build.calls
        assert stored == len(relay.answered) >= HALF
        relay.act = lambda n: None
        server.start()
        job = build.start()
        job.wait()
    assert set(relay.asked().values()) == {1}
    assert build.calls == len(relay.answered)
    assert not [one for one in build.dead_letters if one["reason"] in ("connection", "timeout")], job.errors


def test_a_job_that_is_killed_has_paid_at_most_for_the_calls_under_way(
    server: LlamaServer, forker: Forker, tmp_path: Path
) -> None:
    killed = threading.Event()

    def kill(n: int) -> None:
        if n == HALF:
            job.kill()
            killed.set()

    with Relay(server.port, kill) as relay:
        build = small_build(forker, relay.url, tmp_path / "out", TEXTS, *FLAGS)
        job = build.start()
        assert job.wait() == -9
        assert killed.is_set()
        again = build.start()
        again.wait()
    twice = [question for question, n in relay.asked().items() if n > 1]
    assert len(twice) <= IN_FLIGHT
    assert max(relay.asked().values()) <= 2
    assert len(relay.answered) - IN_FLIGHT <= build.calls <= len(relay.answered)
    assert open_hub(str(build.output)).manifest.counts["extract_persona"]["asked"] == len(TEXTS)
