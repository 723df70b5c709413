"""A server that plays Hugging Face's hub as its client pushes to it: repositories, pre-upload, LFS, Xet, commits."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlparse

from tests.servers.hub_card import faults_of_card

TOKEN = "hf_localTokenOfNobody1234567890"
ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"
LFS_SUFFIXES = (".parquet",)
REGULAR_BYTES = 10 << 20  # a text file of more is LFS, too


@dataclass
class Repository:
    """A data set repository: what its last commit holds."""

    private: bool
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": ATTRIBUTES})
    xet: dict[str, str] = field(default_factory=dict)  # sha256 of files whose bytes went to Xet
    commits: list[str] = field(default_factory=list)


class Refused(Exception):
    """An answer that is an error: (HTTP's code, what it says)."""


class Handler(BaseHTTPRequestHandler):
    """The requests of `HfApi.create_repo`, `list_repo_files` and `upload_folder`."""

    protocol_version = "HTTP/1.1"
    server: HubServer

    def do_POST(self) -> None:
        self.reply()

    def do_PUT(self) -> None:
        self.reply()

    def do_GET(self) -> None:
        self.reply()

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def reply(self) -> None:
        path, body = unquote(urlparse(self.path).path), self.body()
        with self.server.lock:
            self.server.requests.append(f"{self.command} {path}")
            try:
                if not path.startswith(("/lfs/", "/cas/")) and self.headers["Authorization"] != f"Bearer {TOKEN}":
                    raise Refused(401, "Invalid username or password.")
                if self.server.fault:
                    raise Refused(*self.server.fault)
                code, found = 200, self.server.answer(self.command, path, body)
            except Refused as error:
                code, found = error.args[0], {"error": error.args[1], **dict(*error.args[2:])}
        data = json.dumps(found).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class HubServer(ThreadingHTTPServer):
    """The repositories, and what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}  # LFS, by SHA-256
        self.xorbs = 0  # bytes of chunks that went to Xet
        self.requests: list[str] = []
        self.fault: tuple[int, str] | None = None  # every answer from here on

    @property
    def address(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, method: str, path: str, body: bytes) -> Any:
        """What the hub answers. Raises Refused."""
        doors: tuple[tuple[str, Callable[..., Any]], ...] = (
            (r"POST /api/repos/create", self.create),
            (r"POST /api/validate-yaml", self.validate),
            (r"GET /api/agent-harnesses", self.harnesses),
            (r"GET /api/datasets/([^/]+/[^/]+)/tree/main", self.tree),
            (r"POST /api/datasets/([^/]+/[^/]+)/preupload/main", self.preupload),
            (r"POST /datasets/([^/]+/[^/]+)\.git/info/lfs/objects/batch", self.batch),
            (r"PUT /lfs/([0-9a-f]{64})", self.put),
            (r"POST /api/lfs/verify/([0-9a-f]{64})", self.verify),
            (r"GET /api/datasets/([^/]+/[^/]+)/xet-write-token/main", self.xet_token),
            (r"(?:GET|POST|PUT) /cas/(.+)", self.cas),
            (r"POST /api/datasets/([^/]+/[^/]+)/commit/main", self.commit),
        )
        for pattern, what in doors:
            if found := re.fullmatch(pattern, f"{method} {path}"):
                return what(*found.groups(), body)
        raise Refused(404, f"{method} {path}: not played here")

    def repository(self, name: str) -> Repository:
        """One that is there."""
        if name not in self.repositories:
            raise Refused(404, "Repository not found")
        return self.repositories[name]

    def create(self, body: bytes) -> Any:
        """POST /api/repos/create."""
        asked = json.loads(body)
        assert asked["type"] == "dataset"
        name = f"{asked.get('organization') or 'nobody'}/{asked['name']}"
        url = {"url": f"{self.address}/datasets/{name}"}
        if name in self.repositories:
            raise Refused(409, "You already created this dataset repo", url)
        private = asked.get("private") or asked.get("visibility") == "private"
        self.repositories[name] = Repository(private=bool(private))
        return url

    def validate(self, body: bytes) -> Any:
        """Whether the front matter of a card is what the hub takes."""
        asked = json.loads(body)
        assert asked["repoType"] == "dataset"
        errors = [{"message": said} for said in faults_of_card(asked["content"])]
        if errors:
            raise Refused(400, "Invalid metadata in README.md", {"errors": errors, "warnings": []})
        return {"errors": [], "warnings": []}

    def harnesses(self, _: bytes) -> Any:
        """What the client asks at its first call."""
        return []

    def tree(self, name: str, _: bytes) -> Any:
        """The files of the last commit."""
        held = self.repository(name)
        sizes = {path: len(data) for path, data in held.files.items()} | dict.fromkeys(held.xet, 1)
        return [{"type": "file", "oid": "0" * 40, "size": size, "path": path} for path, size in sizes.items()]

    def preupload(self, name: str, body: bytes) -> Any:
        """Which files go by LFS."""
        self.repository(name)
        files = json.loads(body)["files"]
        modes = ["lfs" if is_large(file["path"], file["size"]) else "regular" for file in files]
        return {
            "files": [
                {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
                for file, mode in zip(files, modes, strict=True)
            ]
        }

    def batch(self, name: str, body: bytes) -> Any:
        """Where the objects go that are not there yet (the LFS batch API)."""
        self.repository(name)
        asked = json.loads(body)
        assert asked["operation"] == "upload"
        assert asked["hash_algo"] == "sha256"
        objects = []
        for one in asked["objects"]:
            actions = {
                "upload": {"href": f"{self.address}/lfs/{one['oid']}"},
                "verify": {"href": f"{self.address}/api/lfs/verify/{one['oid']}"},
            }
            objects.append({**one, **({} if one["oid"] in self.objects else {"actions": actions})})
        return {"transfer": "basic", "objects": objects}

    def put(self, oid: str, body: bytes) -> Any:
        """One object."""
        if hashlib.sha256(body).hexdigest() != oid:
            raise Refused(400, "the object is not what its id says")
        self.objects[oid] = body
        return {}

    def verify(self, oid: str, body: bytes) -> Any:
        """Whether an object has come."""
        if len(self.objects.get(oid, b"")) != json.loads(body)["size"]:
            raise Refused(404, "no such object")
        return {}

    def xet_token(self, name: str, _: bytes) -> Any:
        """Where chunks go."""
        self.repository(name)
        return {"casUrl": f"{self.address}/cas", "accessToken": "xet", "exp": int(time.time()) + 3600}

    def cas(self, path: str, body: bytes) -> Any:
        """Xet's own store, which is told of chunks (xorbs) and of the files that they make up (shards)."""
        if not re.match(r"v1/(xorbs|shards)", path):
            raise Refused(404, "not there")
        if "xorbs" in path:
            self.xorbs += len(body)
            return {"was_inserted": True}
        return {"result": 1}

    def commit(self, name: str, body: bytes) -> Any:
        """The files of a commit, a line of JSON each."""
        held = self.repository(name)
        for line in map(json.loads, body.splitlines()):
            key, value = line["key"], line["value"]
            if key == "header":
                held.commits.append(value["summary"])
            elif key == "file":
                held.files[value["path"]] = base64.b64decode(value["content"])
            elif key == "deletedFile":
                del held.files[value["path"]]
            elif value["oid"] in self.objects:
                held.files[value["path"]] = self.objects[value["oid"]]
            elif self.xorbs:
                held.xet[value["path"]] = value["oid"]
            else:
                raise Refused(400, f"{value['path']}: the object was not uploaded")
        oid = hashlib.sha1(body).hexdigest()
        return {"success": True, "commitOid": oid, "commitUrl": f"{self.address}/datasets/{name}/commit/{oid}"}


def is_large(path: str, size: int) -> bool:
    """Whether a file is for LFS, as the hub's attributes and bounds have it."""
    return path.endswith(LFS_SUFFIXES) or size > REGULAR_BYTES


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """The server, while the block runs."""
    server = HubServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
