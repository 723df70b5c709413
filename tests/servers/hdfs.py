"""WebHDFS of a name node, out of a folder of this machine: what a client of it asks, and the answers of Hadoop's own.

After https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PREFIX = "/webhdfs/v1"


class NameNode(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    server: HdfsServer

    def serve(self) -> None:
        address = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(address.query).items()}
        place = unquote(address.path).removeprefix(PREFIX).lstrip("/")
        body = self.body()
        try:
            getattr(self, f"do_{given['op'].lower()}")(self.server.folder / place, given, body)
        except FileNotFoundError as error:
            self.fail(404, "FileNotFoundException", str(error))
        except FileExistsError as error:
            self.fail(403, "FileAlreadyExistsException", str(error))

    def body(self) -> bytes:
        """What was sent, in chunks or not."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def do_getfilestatus(self, path: Path, *_: Any) -> None:
        self.answer({"FileStatus": status(path, "")})

    def do_liststatus(self, path: Path, *_: Any) -> None:
        names = sorted(os.listdir(path)) if path.is_dir() else []
        found = [status(path / name, name) for name in names] if path.is_dir() else [status(path, "")]
        self.answer({"FileStatuses": {"FileStatus": found}})

    def do_mkdirs(self, path: Path, *_: Any) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.answer({"boolean": True})

    def do_create(self, path: Path, given: dict[str, str], body: bytes) -> None:
        if path.exists() and given.get("overwrite") != "true":
            raise FileExistsError(f"{path} already exists")
        if "data" not in given:  # the name node sends the client on, to a data node
            self.send_response_only(307)
            self.send_header("Location", f"{self.server.url}{self.path}&data=true")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self.answer(None, 201)

    def do_open(self, path: Path, given: dict[str, str], _: bytes) -> None:
        begin, length = int(given.get("offset", 0)), given.get("length")
        data = path.read_bytes()[begin:]
        self.answer(data[: int(length)] if length else data)

    def do_rename(self, path: Path, given: dict[str, str], _: bytes) -> None:
        target = self.server.folder / given["destination"].lstrip("/")
        overwrite = self.server.overwrites and given.get("renameoptions") == "OVERWRITE"
        if not path.exists() or not target.parent.is_dir() or (target.exists() and not overwrite):
            self.answer({"boolean": False})
            return
        path.replace(target)
        self.answer(None if overwrite else {"boolean": True})

    def do_delete(self, path: Path, given: dict[str, str], _: bytes) -> None:
        there = path.exists()
        if path.is_dir():
            shutil.rmtree(path)
        elif there:
            path.unlink()
        self.answer({"boolean": there})

    def fail(self, code: int, kind: str, message: str) -> None:
        self.answer({"RemoteException": {"exception": kind, "javaClassName": kind, "message": message}}, code)

    def answer(self, said: Any, code: int = 200) -> None:
        body = said if isinstance(said, bytes) else b"" if said is None else json.dumps(said).encode()
        self.send_response_only(code)
        self.send_header("Content-Type", "application/octet-stream" if isinstance(said, bytes) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass

    do_GET = do_PUT = do_POST = do_DELETE = serve


def status(path: Path, name: str) -> dict[str, Any]:
    """What is told of a file."""
    told, is_folder = path.stat(), path.is_dir()
    return {
        "pathSuffix": name,
        "type": "DIRECTORY" if is_folder else "FILE",
        "length": 0 if is_folder else told.st_size,
        "modificationTime": int(told.st_mtime * 1000),
    }


class HdfsServer(ThreadingHTTPServer):
    """`with HdfsServer(folder) as server: server.flags`. `overwrites`: whether it knows renameoptions."""

    daemon_threads = True

    def __init__(self, folder: Path, overwrites: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), NameNode)
        self.folder, self.overwrites = folder, overwrites
        folder.mkdir(exist_ok=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def flags(self) -> list[str]:
        """The flags by which a command finds it."""
        return ["--hdfs_host", "127.0.0.1", "--hdfs_port", str(self.server_port), "--hdfs_user", "me"]

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
