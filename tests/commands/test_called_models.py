"""A model that cannot be called is a wrong command in every job that would call it, before anything runs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND, UsageError
from persona_hub.pipelines.main import main
from persona_hub.pipelines.runners.called_models import check_server
from tests.helpers.paid import corpus_of
from tests.servers.models.launch import FakeServer

KEYS = ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS")
CORPUS = "--input CORPUS --expand_hops 0"
OPENAI = "--llm openai:m: needs a key in the environment variable OPENAI_API_KEY"
GEMINI = "--llm gemini:m: needs a key in the environment variable GEMINI_API_KEY or GOOGLE_API_KEY"
PROJECT = "needs --project or the environment variable GOOGLE_CLOUD_PROJECT"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("built")
    corpus = corpus_of(place, 2)
    assert main(["build", "--input", str(corpus), "--output", str(place / "hub"), "--expand_hops", "0"]) == DONE
    return place


@pytest.fixture
def refused(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # holds no credentials either

    def line(command: str) -> str:
        places = {"CORPUS": f"{built}/corpus.jsonl", "HUB": f"{built}/hub", "OUT": f"{tmp_path}/out"}
        words = command.split()
        for name, path in places.items():
            words = [word.replace(name, path) for word in words]
        assert main(words) == WRONG_COMMAND
        assert not (tmp_path / "out" / "hub").exists()
        err: str = capsys.readouterr().err
        assert len(err.splitlines()) == 1
        return err

    return line


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"build {CORPUS} --output OUT --llm openai:m", OPENAI),
        (f"build {CORPUS} --output OUT --llm gemini:m", GEMINI),
        (f"build {CORPUS} --output OUT --llm vertex:m", PROJECT),
        (f"build {CORPUS} --output OUT --llm vertex-endpoint:1", PROJECT),
        (f"build {CORPUS} --output OUT --llm vertex:m --project p", "no credentials of Google Cloud are found"),
        (f"build {CORPUS} --output OUT --embedder openai:m", OPENAI.replace("--llm", "--embedder")),
        (f"build {CORPUS} --output OUT --embedder vertex:m", PROJECT),
        (
            f"build {CORPUS} --output OUT --llm openai:m --direct_running_mode=multi_processing --direct_num_workers=2",
            OPENAI,
        ),
        (f"refresh {CORPUS} --hub HUB --llm openai:m --max_characters 300", OPENAI),
        ("synthesize --hub HUB --output OUT --use_case math --llm gemini:m", GEMINI),
        (f"estimate {CORPUS} --output OUT --llm openai:m", OPENAI),
        (f"preview {CORPUS} --output OUT --llm openai:m", OPENAI),
        (f"preview {CORPUS} --output OUT --llm vertex:m", "GOOGLE_CLOUD_PROJECT"),
        ("dedup --input CORPUS --output OUT --embedder gemini:m", GEMINI.replace("--llm", "--embedder")),
    ],
)
def test_a_key_or_project_that_is_not_there_is_told_before_anything_runs(command: str, said: str, refused: Any) -> None:
    assert said in refused(command)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        (f"build {CORPUS} --output OUT --llm openai:m --llm_base_url", "--llm_base_url"),
        ("synthesize --hub HUB --output OUT --use_case math --llm openai:m --llm_base_url", "--llm_base_url"),
        (f"preview {CORPUS} --llm openai:m --llm_base_url", "--llm_base_url"),
        (f"estimate {CORPUS} --output OUT --llm openai:m --llm_base_url", "--llm_base_url"),
        (f"build {CORPUS} --output OUT --embedder openai:m --embedder_base_url", "--embedder_base_url"),
    ],
)
def test_a_server_that_is_not_up_is_named_at_once(command: str, flag: str, refused: Any, closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}/v1"
    assert f"{flag} {url}: nobody listens there (connection refused); start the server" in refused(f"{command} {url}")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://no-such-host.invalid/v1", "--llm_base_url http://no-such-host.invalid/v1: there is no such host"),
        ("https://no-such-host.invalid:8443", "there is no such host"),
        ("no-such-host.invalid", "there is no such host"),
        ("http://" + "a" * 64 + ".invalid", "there is no such host"),
    ],
)
def test_a_host_that_is_not_there(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_server("--llm_base_url", url)


def test_a_proxy_alone_knows_the_server_behind_it(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{closed_port}/v1"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    check_server("--llm_base_url", url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(UsageError, match="nobody listens"):
        check_server("--llm_base_url", url)
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("http_proxy")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    check_server("--llm_base_url", "https://no-such-host.invalid")
    with pytest.raises(UsageError, match="nobody listens"):
        check_server("--llm_base_url", url)


def test_a_server_is_asked_nothing_by_the_look(server: FakeServer) -> None:
    check_server("--llm_base_url", server.url)
    check_server("--llm_base_url", "")
    assert server.counts()["calls"] == 0
