"""`export:PATH`: what the response store lacks, as requests for a half-price batch API; nothing is sent."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple
from uuid import uuid4

import orjson

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.storage import (
    delete_files,
    join_path,
    list_paths,
    make_folder,
    open_to_read,
    open_to_write,
    split_path,
)
from persona_hub.transforms.llm.batch_forms import BATCH_BACKENDS, name_of, request_line
from persona_hub.transforms.llm.dialects.extra_body import EXTRA_BODY, extra_fields
from persona_hub.transforms.llm.protocol import Completion, Request, request_key

EXPORT_OPTION = "export"  # of a ModelConfig: the folder; the config's name is that of the model that will answer
FILE_REQUESTS, FILE_BYTES = 50_000, 100_000_000  # OpenAI takes 50,000 requests and 200 MB in a file, the others more
PART_PREFIX, REQUESTS_PREFIX = "part-", "requests-"
EXPORT_REMEDY = "have the exported requests answered, import the answers, and run the same command again"


class ExportResult(NamedTuple):
    """What an export left."""

    files: tuple[tuple[str, int], ...]  # path, requests
    pending: int  # requests that earlier exports wrote and nobody has answered yet


class ExportModel:
    """Writes each request into a file of this process's own, once."""

    def __init__(self, config: ModelConfig):
        self.name = config.name
        self.backend, _, self.model = config.name.partition(":")
        refuse_without_batches(config.name)
        self.folder = str(config.options[EXPORT_OPTION])
        self.extra_body, self.extra = config.options.get(EXTRA_BODY, ""), extra_fields(config.options)
        self.written: set[bytes] = set()
        make_folder(self.folder)
        path = join_path(self.folder, f"{PART_PREFIX}{os.getpid()}-{uuid4().hex[:8]}.jsonl")
        self.file = open_to_write(path)

    async def complete(self, request: Request) -> Completion:
        """Never an answer. Raises ModelError."""
        key = request_key(self.name, request, self.extra_body)
        if key not in self.written:
            self.written.add(key)
            self.file.write(request_line(self.backend, self.model, key, request, self.extra))
            self.file.flush()
        raise ModelError("exported", EXPORT_REMEDY)

    async def close(self) -> None:
        """Ends the file."""
        self.file.close()


def refuse_without_batches(model: str) -> None:
    """Raises ValueError for a model that no batch API answers."""
    backend, _, name = model.partition(":")
    if backend not in BATCH_BACKENDS or not name:
        forms = ", ".join(f"{backend}:MODEL" for backend in BATCH_BACKENDS)
        raise InvalidInputError(f"--batch_model {model}: batch APIs are known for {forms}")


def collect(folder: str) -> ExportResult:
    """Turns what the processes of a job wrote into files fit for upload, each request once.

    Files of earlier exports stay as they are, since they may have been sent, and what stands in them is not written
    again; delete those whose batch has failed, and export anew.
    """
    earlier = {key for path in listed(folder, REQUESTS_PREFIX) for key, _ in named_lines(path)}
    names = [split_path(path)[1].removeprefix(REQUESTS_PREFIX) for path in listed(folder, REQUESTS_PREFIX)]
    rounds = [int(name[:4]) for name in names if name[:4].isdecimal()]  # others have been given names of their own
    stem = join_path(folder, f"{REQUESTS_PREFIX}{max(rounds, default=0) + 1:04}")
    parts = listed(folder, PART_PREFIX)
    found: set[bytes] = set()
    with RequestFiles(stem) as files:
        for key, line in (named for path in parts for named in named_lines(path)):
            if key not in found and key not in earlier:
                files.write(line)
            found.add(key)
    if parts:
        delete_files(parts)
    return ExportResult(tuple(files.written.items()), len(earlier & found))


class RequestFiles:
    """Lines spread over files that a batch API takes."""

    def __init__(self, stem: str):
        self.stem = stem
        self.written: Counter[str] = Counter()  # requests by path
        self.size, self.path = 0, ""
        self.file: BinaryIO | None = None

    def write(self, line: bytes) -> None:
        """Adds a line, in a new file where the last one is full."""
        if self.file is None or self.written[self.path] >= FILE_REQUESTS or self.size + len(line) > FILE_BYTES:
            self.close()
            self.path, self.size = f"{self.stem}-{len(self.written):05}.jsonl", 0
            self.file = open_to_write(self.path)
        self.file.write(line)
        self.written[self.path] += 1
        self.size += len(line)

    def close(self) -> None:
        """Ends the last file."""
        if self.file is not None:
            self.file.close()

    def __enter__(self) -> RequestFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def listed(folder: str, prefix: str) -> list[str]:
    """Paths of the files of one kind, in order."""
    return list_paths(join_path(folder, f"{prefix}*.jsonl"))


def named_lines(path: str) -> Iterator[tuple[bytes, bytes]]:
    """(key, line) of each whole line of requests; the last one of a process that was killed may be half."""
    with open_to_read(path) as file:
        for line in file:
            with suppress(orjson.JSONDecodeError):
                if line.endswith(b"\n") and (name := name_of(orjson.loads(line))):
                    yield name.key, line
