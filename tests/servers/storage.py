"""fsouza's emulator of Cloud Storage for one test session: built once by Go, started on a free port of loopback.

In front of it stands a relay, which numbers the parts of a batch request (the emulator passes over those without a
Content-ID, and Google's client for Python gives none), refuses uploads and loses
answers where a test wants that.
"""

from __future__ import annotations

import sys
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import bigtable as bigtable_server
from tests.servers.bigtable import CACHE, BigtableServer

MODULE, VERSION = "github.com/fsouza/fake-gcs-server", "v1.56.1"
PROGRAM = CACHE / f"fake-gcs-server-{VERSION}"
PART = b"Content-Type: application/http\n"


class Relay(BaseHTTPRequestHandler):
    """Passes requests on to the emulator."""

    protocol_version = "HTTP/1.1"
    server: RelayServer

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/batch/"):
            first, *parts = body.split(PART)
            body = first + b"".join(PART + b"Content-ID: <%d>\n" % i + part for i, part in enumerate(parts))
        if self.command == "PUT" and self.path.startswith("/upload/"):
            self.server.uploads += 1
            if 0 < self.server.refuse_from <= self.server.uploads:
                self.answer(403, [], b"the disk of the test is full")
                return
        emulator = HTTPConnection(self.server.emulator)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
        emulator.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        response = emulator.getresponse()
        said = response.read()
        emulator.close()
        if self.command == "POST" and self.path.startswith("/upload/") and self.server.lose_answers:
            self.server.lose_answers -= 1
            self.answer(503, [], b"the answer was lost")
        else:
            self.answer(response.status, response.getheaders(), said)

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = pass_on


class RelayServer(ThreadingHTTPServer):
    """From upload number `refuse_from` on (1, 2, ...; 0: never) uploads are refused once their bytes have arrived.

    The next `lose_answers` small uploads are done, but answered by 503.
    """

    daemon_threads = True

    def __init__(self, emulator: str) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.emulator, self.uploads, self.refuse_from, self.lose_answers = emulator, 0, 0, 0


class StorageServer(BigtableServer):
    """The emulator, all of it in memory. Clients find it by STORAGE_EMULATOR_HOST."""

    def __init__(self) -> None:
        super().__init__()
        self.relay = RelayServer(self.host)
        threading.Thread(target=self.relay.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.relay.server_port}"

    def command(self) -> list[str]:
        own = self.url.removeprefix("http://")
        where = ["-host", "127.0.0.1", "-port", str(self.port), "-external-url", self.url, "-public-host", own]
        return [str(PROGRAM), "-scheme", "http", "-backend", "memory", *where]

    def kill(self) -> None:
        super().kill()
        self.relay.shutdown()
        self.relay.server_close()

    def bucket(self, name: str) -> Any:
        """A new bucket."""
        from google.cloud import storage  # type: ignore[attr-defined]

        client = storage.Client.create_anonymous_client()
        client.project = "test"
        return client.create_bucket(name)

    def refuse_uploads(self, after: int) -> None:
        """Refuses the uploads after the next `after`; -1: none."""
        self.relay.uploads, self.relay.refuse_from = 0, after + 1


def build() -> str:
    """Builds the emulator where it is not yet; what went wrong, "" if nothing did."""
    return bigtable_server.build(MODULE, VERSION, PROGRAM)


if __name__ == "__main__":
    sys.exit(build() or None)
