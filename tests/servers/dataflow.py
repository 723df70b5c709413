"""A server that plays the API of Dataflow: takes jobs, tells their state, launches templates."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Each request's body is kept as it came."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append((self.path.partition("?")[0], body))
        said = json.loads(body)
        if self.path.partition("?")[0].endswith(":launch"):
            self.answer({"job": self.server.job(said["launchParameter"]["jobName"])})
        else:
            self.answer(self.server.job(said["name"]))

    def do_GET(self) -> None:
        if re.search(r"/jobs/[^/?]+(\?|$)", self.path):
            states = self.server.states
            state = states.pop(0) if len(states) > 1 else states[0]
            if state.isdigit():
                self.answer({"error": {"message": "not now"}}, int(state))
            else:
                self.answer(self.server.job("hub", state))
        else:
            self.answer({})

    def answer(self, body: Any, code: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """`bodies`: (path, body) of what was posted; `states` that a job goes through, one at each look (or HTTP's code
    of an error).
    """

    daemon_threads = True
    ID = "2026-01-01_00_00_00-1"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[tuple[str, bytes]] = []
        self.states = ["JOB_STATE_PENDING"]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}"

    def job(self, name: str, state: str = "JOB_STATE_PENDING") -> dict[str, Any]:
        return {"id": self.ID, "name": name, "projectId": "p", "location": "r", "currentState": state}


@contextmanager
def dataflow_api() -> Iterator[Server]:
    """A server on a free port, until the block ends."""
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
