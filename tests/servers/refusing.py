"""A server that answers every request in one way: what a storage says to those whom it refuses."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Refuser(BaseHTTPRequestHandler):
    """Answers as the server was told."""

    protocol_version = "HTTP/1.1"
    server: RefusingServer

    def refuse(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(f"{self.command} {self.path}")
        status, body = self.server.answer
        if self.command not in self.server.refused or self.server.header not in ("", *self.headers):
            status, body = 200, ""
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = refuse


class RefusingServer(ThreadingHTTPServer):
    """`with RefusingServer(403, "<Error>...") as server: server.url`

    `refused`: the methods, `header`: of requests that have it alone; others get 200 and no byte.
    """

    daemon_threads = True

    def __init__(self, status: int, body: str, refused: str = "GET HEAD POST PUT DELETE", header: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Refuser)
        self.answer, self.refused, self.asked = (status, body), refused.split(), list[str]()
        self.header = header
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
