"""Servers with a small model, and two hubs that were built through them. Nothing here skips where CI is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.helpers.jobs import Forker
from tests.helpers.llama import SHORT_PROMPTS, Build, small_build
from tests.material.trades import TRADES
from tests.servers.llama import launch
from tests.servers.llama.launch import LlamaServer
from tests.servers.llama.relay import Relay

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.llama)
            item.add_marker(pytest.mark.timeout(900))


@dataclass(frozen=True)
class Built:
    """A build that has ended, and what passed between it and the server."""

    build: Build
    exit_code: int
    errors: str
    relay: Relay
    metrics: dict[str, float]  # the server's own counts of this build


@pytest.fixture(scope="session", autouse=True)
def keys() -> Iterator[None]:
    """llama.cpp wants no key; the client sends one all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "none")
        yield


@pytest.fixture(scope="session")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LlamaServer]]:
    """Starts servers, which end with the tests: `new_server(context=512)`."""
    if fault := launch.missing():
        missing(fault)
    with ExitStack() as servers:
        yield lambda **sizes: servers.enter_context(LlamaServer(tmp_path_factory.mktemp("llama"), **sizes))


@pytest.fixture(scope="session")
def llama(new_server: Callable[..., LlamaServer]) -> LlamaServer:
    """A server that most tests share; the tests that kill one start their own."""
    return new_server(context=1024)


def build_through(server: LlamaServer, forker: Forker, output: Path, texts: tuple[str, ...], *flags: str) -> Built:
    """Builds, and counts what that cost the server."""
    before = server.metrics()
    with Relay(server.port) as relay:
        build = small_build(forker, relay.url, output, texts, *flags)
        job = build.start()
        code = job.wait()
    after = server.metrics()
    return Built(build, code, job.errors, relay, {name: after[name] - before[name] for name in after})


@pytest.fixture(scope="session")
def short(llama: LlamaServer, forker: Forker, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A hub of the twelve documents, by short prompts that even this model follows now and then."""
    flags = [*SHORT_PROMPTS, "--expand_hops", "1", "--use_case", "math,instruction", "--max_tokens", "64"]
    return build_through(llama, forker, tmp_path_factory.mktemp("short") / "out", TRADES, *flags)


@pytest.fixture(scope="session")
def packaged(llama: LlamaServer, forker: Forker, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A hub of four of them by the packaged prompts, whose form this model likes to repeat."""
    flags = ["--expand_hops", "1", "--use_case", "math", "--max_tokens", "96"]
    return build_through(llama, forker, tmp_path_factory.mktemp("packaged") / "out", TRADES[:4], *flags)


@pytest.fixture(params=["short", "packaged"])
def built(request: pytest.FixtureRequest) -> Built:
    """Either hub."""
    hub: Built = request.getfixturevalue(request.param)
    return hub
