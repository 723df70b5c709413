"""Programs that mean harm get nowhere, and cost nobody but themselves. `benchmarks/sandbox` runs ten thousand."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from persona_hub.transforms.sandbox import sandbox
from persona_hub.transforms.sandbox.pool import POOL
from persona_hub.transforms.sandbox.sandbox import FAULTS, Limits, run_program
from tests.material.hostile.programs import FAMILIES, Bait, hostile_programs

SECRET = "canary-7f3a"
LIMITS = Limits(seconds=0.05, memory_mb=16)
PROGRAMS = 16  # of each of the 19 families


@pytest.fixture(scope="module")
def bait(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bait, socket.socket]]:
    """A file, a variable and a port, and who listens there."""
    file = tmp_path_factory.mktemp("bait") / "secret.txt"
    file.write_text(SECRET)
    variable = "PERSONA_HUB_BAIT"
    os.environ[variable] = SECRET
    POOL.close()  # so that its workers begin where the variable is
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Bait(str(file), variable, server.getsockname()[1]), server
    del os.environ[variable]


def test_hostile_programs_get_nowhere(bait: tuple[Bait, socket.socket]) -> None:
    baited, server = bait
    folder = Path(baited.file).parent
    families = set()
    for family, program in hostile_programs(PROGRAMS * len(FAMILIES), baited):
        run = run_program(program, LIMITS)
        assert run.fault in {"", *FAULTS} - {"crashed"}, (family, program, run)
        assert SECRET not in run.output + run.detail, (family, program, run)
        assert len(run.output) <= LIMITS.output_characters
        assert len(run.detail) <= 240
        assert run.detail.isprintable()
        families.add(family)
    assert families == set(FAMILIES)
    assert [path.name for path in folder.iterdir()] == ["secret.txt"]
    assert Path(baited.file).read_text() == SECRET
    with pytest.raises(BlockingIOError):
        server.accept()
    assert run_program("print(6 * 7)").output == "42\n"


def test_what_gets_out_of_a_plain_interpreter_would_be_seen(bait: tuple[Bait, socket.socket]) -> None:
    """The bait is one: each of these programs finds it, run by Python itself."""
    baited, _ = bait
    found = 0
    for line in (f"open('{baited.file}').read()", f"__import__('os').environ['{baited.variable}']"):
        done = subprocess.run([sys.executable, "-c", f"print({line})"], capture_output=True, text=True, check=True)
        found += SECRET in done.stdout
    assert found == 2


def test_a_program_whose_worker_is_killed_is_run_again_once(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []

    class Output(sandbox._Output):
        """Kills the worker at the first text, as the machine may when it has no memory left."""

        def __call__(self, stream: str, text: str) -> None:
            if len(killed) < kills and self._worker:
                killed.append(self._worker)
                os.kill(self._worker, signal.SIGKILL)
            super().__call__(stream, text)

    monkeypatch.setattr(sandbox, "_Output", Output)
    kills = 1
    assert run_program("print(1)\nfor i in range(10 ** 6): pass\nprint(2)").output == "1\n2\n"
    kills = 3
    run = run_program("print(1)\nfor i in range(10 ** 6): pass\nprint(2)", Limits(seconds=20))
    assert run.fault == "crashed"
    monkeypatch.undo()
    assert run_program("print(1)").output == "1\n"
    assert len(killed) == 3


def test_many_threads_run_programs_at_once() -> None:
    programs = [f"print(sum(range({n})))" if n % 3 else "x = 'a' * 10 ** 6\nx.join('b' * 100)" for n in range(60)]
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda program: run_program(program, Limits(memory_mb=8, seconds=20)), programs))
    for n, run in enumerate(runs):
        assert run.output == (f"{sum(range(n))}\n" if n % 3 else "")
        assert run.fault == ("" if n % 3 else "over-memory")


FORKS = """
import os, sys
from persona_hub.transforms.sandbox.sandbox import run_program
def in_child():
    child = os.fork()
    if not child:
        try:
            print(run_program("print('in the child')").output, end="", flush=True)
        except RuntimeError as error:
            print("refused:", error, flush=True)
        sys.exit()
    os.waitpid(child, 0)
in_child()
print(run_program("print('in the parent')").output, end="", flush=True)
in_child()
print(run_program("print('in the parent')").output, end="", flush=True)
"""


def test_a_fork_before_the_first_program_has_a_pool_of_its_own_and_a_later_one_says_so() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, timeout=60, check=True)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["in the child", "in the parent"]
    assert lines[2].startswith("refused: this process was forked")
    assert lines[3] == "in the parent"


def test_no_worker_is_left_when_the_process_ends() -> None:
    program = (
        "from persona_hub.transforms.sandbox.sandbox import run_program\nimport subprocess, os\nrun_program('1')\n"
    )
    program += "from persona_hub.transforms.sandbox.pool import POOL\n"
    program += "with POOL.opened().checkout() as session: print(session.worker_pid)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_the_pool_opens_once_for_all_threads() -> None:
    POOL.close()
    start, pools = threading.Barrier(8), []

    def open_it() -> None:
        start.wait()
        pools.append(POOL.opened())

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(pool) for pool in pools}) == 1
