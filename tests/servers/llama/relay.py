"""Stands between a client and a model's server and writes down each call that passes, as a bill would."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    """A question, and what the server said to it; status 0: nothing, since it died meanwhile."""

    question: bytes
    status: int
    answer: bytes

    @cached_property
    def asked(self) -> dict[str, Any]:
        return json.loads(self.question)

    @cached_property
    def said(self) -> dict[str, Any]:
        return json.loads(self.answer)

    @property
    def text(self) -> str:
        """The model's answer."""
        return self.said["choices"][0]["message"]["content"]

    @property
    def finish(self) -> str:
        """Why the answer ends where it does."""
        return self.said["choices"][0]["finish_reason"]


class Handler(BaseHTTPRequestHandler):
    """Passes one request on. Where the server dies in the middle, the client's connection ends as its own would."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def do_POST(self) -> None:
        question = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        relay = self.server.relay
        relay.enter()
        status, answer = 0, b""
        try:
            upstream = HTTPConnection("127.0.0.1", relay.port)
            upstream.request("POST", self.path, question, {"Content-Type": "application/json"})
            response = upstream.getresponse()
            answer, status = response.read(), response.status
            upstream.close()
        except (OSError, HTTPException):
            self.close_connection = True
        finally:
            relay.leave(Call(question, status, answer))
        if status:
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


class Listener(ThreadingHTTPServer):
    """The relay's socket."""

    daemon_threads = True
    relay: Relay

    def handle_error(self, *_: object) -> None:
        """Clients that were killed are no matter."""


class Relay:
    """`with Relay(port) as relay:` serves the server at `port` of loopback under `relay.url`.

    `calls` are in the order of their answers; `peak` is how many were under way at once. `act(n)`, where it is given,
    is called after the n-th answer of status 200, before the client has it. `listen`: its own port; 0: a free one.
    """

    def __init__(self, port: int, act: Callable[[int], object] = lambda n: None, listen: int = 0):
        self.port, self.act, self.lock = port, act, threading.Lock()
        self.calls: list[Call] = []
        self.under_way = self.peak = 0
        self.listener = Listener(("127.0.0.1", listen), Handler)
        self.listener.relay = self
        self.url = f"http://127.0.0.1:{self.listener.server_port}/v1"

    @property
    def answered(self) -> list[Call]:
        """The calls that were answered with status 200: those that are paid."""
        return [call for call in self.calls if call.status == 200]

    def asked(self) -> Counter[bytes]:
        """How often each question was answered, and so paid."""
        return Counter(call.question for call in self.answered)

    def enter(self) -> None:
        with self.lock:
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)

    def leave(self, call: Call) -> None:
        with self.lock:
            self.under_way -= 1
            self.calls.append(call)
            n = len(self.answered)
        if call.status == 200:
            self.act(n)

    def __enter__(self) -> Relay:
        threading.Thread(target=self.listener.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown()
        self.listener.server_close()
