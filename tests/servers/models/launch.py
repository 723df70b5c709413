"""Starts the fake server as a process of its own, and speaks with it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from tests.helpers.places import ROOT


class FakeServer:
    """A running server: `with FakeServer(median_ms=200) as server: ... server.url`."""

    def __init__(self, **settings: Any):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.models"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        port, grpc_port = self.process.stdout.readline().split()
        self.root, self.predict_address = f"http://127.0.0.1:{port}", f"127.0.0.1:{grpc_port}"
        self.url = f"{self.root}/v1"  # for the chat completions protocol
        self.tell(**settings)

    def tell(self, **settings: Any) -> None:
        """New settings; counts begin anew."""
        self._post("settings", settings)

    def say(self, script: Sequence[Mapping[str, Any]]) -> None:
        """Another script (see script.py), from now on; counts and all other settings stay."""
        self._post("script", script)

    def stats(self) -> dict[str, Any]:
        """Since the last settings: {"counts": {...}, "latencies": [...], "last": the last request's body,
        "bodies": the last 200, "outcomes": {"answered": 3, "http-402": 1}, "by_prompt": {prompt_name: outcomes}}.
        """
        answer: dict[str, Any] = json.loads(urllib.request.urlopen(f"{self.root}/stats").read())
        return answer

    def counts(self) -> dict[str, int]:
        """calls, paid, good, refused, most (in flight), repeated (prompts answered again) ..."""
        counts: dict[str, int] = {
            "calls": 0,
            "paid": 0,
            "good": 0,
            "refused": 0,
            "repeated": 0,
            **self.stats()["counts"],
        }
        return counts

    def outcomes(self) -> dict[str, int]:
        """How many calls ended how, by a rule's name or else "answered", "http-402" ..."""
        found: dict[str, int] = self.stats()["outcomes"]
        return found

    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the latest requests, at most 200."""
        found: list[dict[str, Any]] = self.stats()["bodies"]
        return found

    def _post(self, path: str, said: Any) -> None:
        body = json.dumps(said).encode()
        request = urllib.request.Request(f"{self.root}/{path}", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request).read()

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
