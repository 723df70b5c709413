"""A server that speaks as much of Cloud Storage's JSON API as compare-and-set of one object needs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Handler(BaseHTTPRequestHandler):
    """Objects with generations; a generation that does not match is 412, as Cloud Storage says."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        path, query = self.target()
        with self.server.lock:
            found = self.server.objects.get(unquote(path.rsplit("/o/", 1)[-1]))
        if found is None:
            self.answer(404, {"error": {"code": 404, "message": "no such object"}})
        elif query.get("ifGenerationMatch", str(found[0])) != str(found[0]):
            self.answer(412, {"error": {"code": 412, "message": "conditionNotMet"}})
        elif query.get("alt") == "media":
            self.answer(200, found[1])
        else:
            name = unquote(path.rsplit("/o/", 1)[-1])
            self.answer(200, {"name": name, "generation": str(found[0]), "size": str(len(found[1]))})

    def do_POST(self) -> None:
        _, query = self.target()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        boundary = self.headers["Content-Type"].split('boundary="', 1)[1].rstrip('"').encode()
        _, meta, content, _ = body.split(b"--" + boundary)
        name = json.loads(meta.split(b"\r\n\r\n", 1)[1])["name"]
        data = content.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
        with self.server.lock:
            generation = self.server.objects.get(name, (0, b""))[0]
            if query.get("ifGenerationMatch", str(generation)) != str(generation):
                self.answer(412, {"error": {"code": 412, "message": "conditionNotMet"}})
                return
            self.server.objects[name] = (generation + 1, data)
        if self.server.lose_answers > 0:
            self.server.lose_answers -= 1
            self.answer(503, {"error": {"code": 503, "message": "the answer was lost"}})
        else:
            self.answer(200, {"name": name, "generation": str(generation + 1)})

    def target(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}

    def answer(self, status: int, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if isinstance(body, bytes) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """`objects` is {name: (generation, content)}; `lose_answers` of the next writes are done but answered by 503."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, tuple[int, bytes]] = {}
        self.lock = threading.Lock()
        self.lose_answers = 0


@contextmanager
def gcs_server() -> Iterator[Server]:
    """A server on a free port, until the block ends."""
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
