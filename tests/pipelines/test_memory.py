"""What a job has freed goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HOLES = """
import sys
if sys.argv[1] == "returned":
    from persona_hub.pipelines.runners.memory import return_freed_memory
    return_freed_memory()
for size in range(1, 32):  # what makes glibc keep blocks of that size
    block = bytearray(size << 20)
    del block
blocks, between = [], []
for _ in range(50):
    blocks.append(bytearray(4 << 20))
    between.append(bytearray(64 << 10))
del blocks
print(int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20)
"""


def megabytes(mode: str) -> int:
    """Memory of a process that has freed 200 MB with small blocks left between."""
    # A job that ran before in this process has left glibc's settings in the environment.
    untouched = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    command = [sys.executable, "-c", HOLES, mode]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=untouched)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_blocks_are_returned() -> None:
    assert megabytes("returned") < megabytes("kept") - 150
