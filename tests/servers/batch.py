"""A half-price batch API, as far as a user of it sees: files of requests in, files of answers out."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers.models.launch import FakeServer


def answer_files(server: FakeServer, requests: Path, answers: Path) -> int:
    """Has every request in the files of `requests` answered, in files of `answers`; how many there were."""
    answers.mkdir(exist_ok=True)
    lines = 0
    for file in sorted(requests.glob("requests-*.jsonl")):
        found = [answer(server, json.loads(line)) for line in file.read_text().splitlines()]
        found.reverse()  # batch APIs keep no order
        (answers / file.name).write_text("".join(json.dumps(line) + "\n" for line in found))
        lines += len(found)
    return lines


def answer(server: FakeServer, line: dict[str, Any]) -> dict[str, Any]:
    """The line of output for a line of input."""
    if "custom_id" in line:
        body = post(f"{server.root}{line['url']}", line["body"])
        response = {"status_code": 200, "request_id": "r", "body": body}
        return {"id": "batch_req_1", "custom_id": line["custom_id"], "response": response, "error": None}
    response = post(f"{server.root}/v1beta/models/fake:generateContent", line["request"])
    if "key" in line:
        return {"key": line["key"], "response": response}
    return {"status": "", "processed_time": "2025-01-01T00:00:00Z", "request": line["request"], "response": response}


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "x-goog-api-key": "k"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    found: dict[str, Any] = json.loads(urllib.request.urlopen(request).read())
    return found
