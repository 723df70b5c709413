"""A server that plays the API of Cloud Scheduler: keeps jobs as its own messages, and refuses what the service does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from google.cloud.scheduler_v1 import Job, ListJobsResponse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENABLED: Any = Job.State.ENABLED
PAUSED: Any = Job.State.PAUSED
PAGE = 2  # jobs of an answer
JSON = {"use_integers_for_enums": False, "always_print_fields_with_no_presence": False}


class Refused(Exception):
    """An answer of the service that is an error: (HTTP's code, its own, what it says)."""


class Handler(BaseHTTPRequestHandler):
    """create, get, list, patch and delete of projects.locations.jobs."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.reply(lambda: self.server.create(self.place, self.message()))

    def do_GET(self) -> None:
        if self.place.endswith("/jobs"):
            self.reply(lambda: self.server.page(self.query.get("pageToken", ["0"])[0]))
        else:
            self.reply(lambda: self.server.job(self.place))

    def do_PATCH(self) -> None:
        self.reply(lambda: self.server.patch(self.place, self.message(), self.query["updateMask"][0].split(",")))

    def do_DELETE(self) -> None:
        self.reply(lambda: self.server.delete(self.place))

    @property
    def place(self) -> str:
        return urlparse(self.path).path.removeprefix("/v1/")

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlparse(self.path).query)

    def message(self) -> Job:
        """The body, which must be the service's own message."""
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        made: Job = Job.from_json(text, ignore_unknown_fields=False)
        return made

    def reply(self, answer: Any) -> None:
        self.server.requests.append((self.command, self.place))
        try:
            code, found = 200, answer()
            text = "{}" if found is None else type(found).to_json(found, **JSON)
        except Refused as error:
            code, status, said = error.args
            text = json.dumps({"error": {"code": code, "status": status, "message": said}})
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """`jobs` by their names; `requests`: (verb, path) of what was asked; `refusal` of all that comes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.jobs: dict[str, Job] = {}
        self.requests: list[tuple[str, str]] = []
        self.refusal: Refused | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}"

    def create(self, place: str, job: Job) -> Job:
        if self.refusal:
            raise self.refusal
        assert job.name.startswith(f"{place}/"), (job.name, place)
        if job.name in self.jobs:
            raise Refused(409, "ALREADY_EXISTS", f"Job {job.name} already exists.")
        self.jobs[job.name] = scheduled(job)
        self.jobs[job.name].state = ENABLED
        return self.jobs[job.name]

    def job(self, name: str) -> Job:
        if name not in self.jobs:
            raise Refused(404, "NOT_FOUND", "Job not found.")
        return self.jobs[name]

    def page(self, token: str) -> ListJobsResponse:
        start = int(token)
        rest = list(self.jobs.values())[start:]
        following = str(start + PAGE) if len(rest) > PAGE else ""
        return ListJobsResponse(jobs=rest[:PAGE], next_page_token=following)

    def patch(self, name: str, job: Job, mask: list[str]) -> Job:
        held = self.job(name)
        for field in mask:
            snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in field)
            setattr(held, snake, getattr(job, snake))
        return scheduled(held)

    def delete(self, name: str) -> None:
        self.job(name)
        del self.jobs[name]


def scheduled(job: Job) -> Job:
    """The job with the time of its next run. Raises Refused as the service does."""
    try:
        coming = next(CronSim(job.schedule, NOW.astimezone(ZoneInfo(job.time_zone))))
    except (CronSimError, KeyError, ValueError) as error:
        raise Refused(400, "INVALID_ARGUMENT", "Schedule or time zone is invalid.") from error
    job.schedule_time = coming.astimezone(UTC)
    return job


@contextmanager
def scheduler_api() -> Iterator[Server]:
    """A server on a free port, until the block ends."""
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
