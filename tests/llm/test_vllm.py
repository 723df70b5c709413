"""`vllm:MODEL`: a real process management around a stand-in for the command `vllm`, which speaks its protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.llm import vllm_supervisor
from persona_hub.transforms.llm.protocol import Request
from persona_hub.transforms.llm.registry import open_model
from persona_hub.transforms.llm.vllm import VllmServer
from tests.helpers.asking import ask, records
from tests.helpers.paid import corpus_of, run_build
from tests.helpers.shadows import shadowing_folder
from tests.servers.models.launch import ROOT

STAND_IN = """#!{python}
import json, os, pathlib, sys
folder = pathlib.Path(__file__).parent
with open(folder / "starts.jsonl", "a") as starts:
    starts.write(json.dumps({{"args": sys.argv[1:], "level": os.environ["VLLM_LOGGING_LEVEL"]}}) + "\\n")
if (folder / "broken").exists():
    print("loading weights\\nRuntimeError: CUDA error: no device", flush=True)
    sys.exit(7)
os.chdir({root!r})
port = sys.argv[sys.argv.index("--port") + 1]
os.execv({python!r}, [{python!r}, "-m", "tests.servers.models", port])
"""


class StandIn:
    """The folder with the command `vllm`, first on PATH."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.shared = folder / "tmp"
        self.shared.mkdir()

    def starts(self) -> list[dict[str, Any]]:
        file = self.folder / "starts.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def state(self) -> dict[str, Any]:
        [file] = self.shared.glob("persona-hub-vllm-*/*/state.json")
        found: dict[str, Any] = json.loads(file.read_text())
        return found


@pytest.fixture
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    folder = tmp_path / "bin"
    folder.mkdir()
    file = folder / "vllm"
    file.write_text(STAND_IN.format(python=sys.executable, root=str(ROOT)))
    file.chmod(0o755)
    stand_in = StandIn(folder)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(stand_in.shared))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv(vllm_supervisor.IDLE, "0.5")
    yield stand_in
    wait_until(lambda: not list(stand_in.shared.glob("persona-hub-vllm-*/*/state.json")) or failed(stand_in))


def failed(stand_in: StandIn) -> bool:
    return bool(stand_in.state()["state"] == "failed")


def wait_until(true: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def config(**given: Any) -> ModelConfig:
    return ModelConfig(name="vllm:some/model", timeout=60, **given)


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_the_workers_of_a_machine_share_one_server_that_ends_with_them(vllm: StandIn) -> None:
    options = {"vllm_args": ("--max-model-len", "8192")}
    other = VllmServer(config(options=options))
    answers, dead = ask(records(200), config(options=options))
    assert (len(answers), dead) == (200, [])
    [start] = vllm.starts()
    assert vllm.state()["port"] == other.port
    time.sleep(1)
    assert vllm.state()["state"] == "ready", "somebody still uses it"
    other.leave()
    assert start["args"][:4] == ["serve", "some/model", "--max-model-len", "8192"]
    assert start["args"][4:6] == ["--host", "127.0.0.1"]
    assert start["level"] == "WARNING", "at INFO some versions log every prompt"
    wait_until(lambda: not list(vllm.shared.glob("persona-hub-vllm-*/*/state.json")))


def test_packages_of_our_names_in_the_working_folder_are_not_imported(
    vllm: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shadowing_folder(tmp_path / "project"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    VllmServer(config()).leave()


def test_a_server_that_dies_is_started_again(vllm: StandIn) -> None:
    async def run() -> list[str]:
        model = open_model(config())
        first = await model.complete(Request("echo", "", "one", "hash"))
        crash(vllm)
        with pytest.raises(ModelError, match="connection") as error:
            await model.complete(Request("echo", "", "two", "hash"))
        assert error.value.retry
        again = await answer_at_last(model)
        await model.close()
        return [first.text, again]

    assert all(asyncio.run(run()))
    assert len(vllm.starts()) == 2


def test_a_server_that_keeps_dying_is_given_up(vllm: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> ModelError:
        model = open_model(config())
        (vllm.folder / "broken").touch()
        crash(vllm)
        wait_until(lambda: failed(vllm))
        with pytest.raises(ModelError) as error:
            await model.complete(Request("echo", "", "secret prompt", "hash"))
        await model.close()
        return error.value

    error = asyncio.run(run())
    assert error.fatal
    assert str(error) == "vllm-ended: `vllm serve` ended after 1 restarts with exit code 7"


def test_a_server_that_never_comes_up_says_why(vllm: StandIn) -> None:
    (vllm.folder / "broken").touch()
    with pytest.raises(Exception, match=r"ended with exit code 7; its log ends: .*CUDA error: no device"):
        ask(records(1), config())
    assert len(vllm.starts()) == 1, "what fails at once would fail again"


def test_the_server_ends_when_its_users_are_killed(vllm: StandIn) -> None:
    child = os.fork()
    if not child:
        open_server_and_sleep()
    wait_until(lambda: list(vllm.shared.glob("persona-hub-vllm-*/*/state.json")) and vllm.state()["state"] == "ready")
    keeper = vllm.state()["keeper"]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    wait_until(lambda: ended(keeper))


def open_server_and_sleep() -> None:
    _server = VllmServer(config())
    time.sleep(600)


def crash(vllm: StandIn) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{vllm.state()['port']}/crash", b"")
    with contextlib.suppress(OSError):  # the connection ends with the process
        urllib.request.urlopen(request)


async def answer_at_last(model: Any) -> str:
    for _ in range(100):
        try:
            return str((await model.complete(Request("echo", "", "three", "hash"))).text)
        except ModelError:
            await asyncio.sleep(0.2)
    raise AssertionError("the server did not come back")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--llm=vllm:m"], "there is no command `vllm` on this machine; install vLLM where the workers run"),
        (["--llm=vllm:m", "--vllm_args='"], "--vllm_args: No closing quotation"),
        (["--llm=vllm:m", "--vllm_args=--api-key abc"], "host and port are chosen"),
        (["--llm=vllm:m", "--llm_base_url=http://x"], "for one that runs already, --llm openai:MODEL"),
        (["--llm=offline", "--vllm_args=--dtype auto"], "goes with --llm=vllm:MODEL"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    given: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run_build(corpus_of(tmp_path, 1), tmp_path / "out", given) == WRONG_COMMAND
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1
