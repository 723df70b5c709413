"""`vllm:MODEL`: a vLLM server on the worker's own GPUs, one for each machine, spoken to in OpenAI's protocol.

Beam's own handler for vLLM has one batch in flight for each thread, and starts a server in each process.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.private_folder import private_folder
from persona_hub.transforms.llm.openai import OpenAIModel
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.llm.vllm_supervisor import FAILED, LOG, READY, STARTING, STATE, USERS, write_state
from persona_hub.transforms.records import excerpt

EXECUTABLE = "vllm"
ARGS = "vllm_args"  # of a ModelConfig's options: more arguments of `vllm serve`
START_SECONDS = 1800.0  # a large model is fetched and loaded in minutes
STATE_POLL_SECONDS = 0.2
LOG_LINES, LOG_CHARACTERS = 5, 200  # of a server that did not come up: nobody had sent it a prompt


class VllmModel:
    """The machine's server for one model, shared with the other processes that name it."""

    def __init__(self, config: ModelConfig):
        self.server = VllmServer(config)
        self.model = OpenAIModel(replace(config, base_url=f"http://127.0.0.1:{self.server.port}/v1"))

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError, a fatal one when the server is gone for good."""
        try:
            return await self.model.complete(request)
        except ModelError as error:
            if error.reason == "connection":  # it may be starting anew
                while (state := self.server.state()).get("state") == STARTING:
                    await asyncio.sleep(STATE_POLL_SECONDS)
                if state.get("state") != READY:
                    raise ModelError("vllm-ended", self.server.exit_reason(state), verdict=Verdict.REQUEST) from error
            raise

    async def close(self) -> None:
        """Frees connections, and the server if this was its last user."""
        await self.model.close()
        self.server.leave()


class VllmServer:
    """A share in the server. Raises ValueError where there is no vLLM, RuntimeError where it does not come up."""

    def __init__(self, config: ModelConfig):
        self.name = config.name
        command = command_of(config)
        mark = hashlib.blake2b(json.dumps(command).encode(), digest_size=8).hexdigest()
        self.folder = private_folder("persona-hub-vllm") / mark
        self.folder.mkdir(exist_ok=True, mode=0o700)
        self.users = (self.folder / USERS).open("w")
        fcntl.flock(self.users, fcntl.LOCK_SH)  # waits for a supervisor that is ending its server
        try:
            with (self.folder / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not alive(self.state()):
                    self.start(command)
            self.port = self.wait()
        except BaseException:
            self.leave()
            raise

    def start(self, command: list[str]) -> None:
        """Starts a supervisor and, through it, the server."""
        (self.folder / LOG).unlink(missing_ok=True)
        port = free_port()
        full = [*command, "--host", "127.0.0.1", "--port", str(port)]
        write_state(
            self.folder, {"keeper": os.getpid(), "port": port, "state": STARTING}
        )  # until the supervisor says more
        subprocess.Popen(  # noqa: S603
            [
                sys.executable,
                "-P",
                "-m",
                "persona_hub.transforms.llm.vllm_supervisor",
                str(self.folder),
                str(port),
                *full,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait(self) -> int:
        """The port of the server, once it takes requests."""
        until = time.monotonic() + START_SECONDS
        while (state := self.state()).get("state") == STARTING and alive(state):
            if time.monotonic() > until:
                raise RuntimeError(f"--llm {self.name}: not ready after {START_SECONDS / 60:g} minutes")
            time.sleep(STATE_POLL_SECONDS)
        if state.get("state") != READY:
            raise RuntimeError(f"--llm {self.name}: {self.exit_reason(state)}; its log ends: {self.log_tail()}")
        port: int = state["port"]
        return port

    def state(self) -> dict[str, Any]:
        """How the server is, as its supervisor says; nothing where there is none."""
        try:
            state: dict[str, Any] = json.loads((self.folder / STATE).read_text())
        except FileNotFoundError:
            return {}
        return state

    def exit_reason(self, state: dict[str, Any]) -> str:
        """What became of a server that has ended."""
        if state.get("state") != FAILED:
            return "the process that keeps the vLLM server is gone"
        again = f" after {state['restarts']} restarts" if state.get("restarts") else ""
        return f"`vllm serve` ended{again} with exit code {state.get('exit')}"

    def log_tail(self) -> str:
        """The end of the server's log."""
        try:
            lines = (self.folder / LOG).read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return "(no log)"
        return " | ".join(excerpt(line, LOG_CHARACTERS) for line in lines[-LOG_LINES:])

    def leave(self) -> None:
        """Gives up the share; the supervisor ends a server that nobody uses."""
        self.users.close()


def command_of(config: ModelConfig) -> list[str]:
    """`vllm serve MODEL` and what the user adds. Raises ValueError where model or vLLM lack."""
    model = config.name.partition(":")[2]
    if not model:
        raise InvalidInputError(f"{config.flag} {config.name}: name the model too, such as vllm:Qwen/Qwen3-8B")
    return [required_executable(config.name), "serve", model, *config.options.get(ARGS, ())]


def required_executable(name: str) -> str:
    """The path of `vllm`. Raises ValueError with the remedy where there is none."""
    path = shutil.which(EXECUTABLE)
    if path is None:
        raise InvalidInputError(
            f"--llm {name}: there is no command `vllm` on this machine; install vLLM where the workers run (pip "
            "install vllm, with a GPU), or name a server that runs already: --llm openai:MODEL --llm_base_url URL"
        )
    return path


def alive(state: dict[str, Any]) -> bool:
    """Whether the server's supervisor runs, and has not given it up."""
    if not state or state.get("state") == FAILED:
        return False
    try:
        os.kill(state["keeper"], 0)
    except ProcessLookupError:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
