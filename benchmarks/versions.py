"""A hub of fifty versions: what opening and listing it takes, beside Beam's import, which every command on a hub pays.

python -m benchmarks.versions [--versions 50]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.hub.test_hub import made

RUNS = 5


def seconds(command: Sequence[str]) -> float:
    """The least wall time of some runs."""
    least = float("inf")
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
        least = min(least, time.perf_counter() - begin)
    return least


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parent = ""
        for n in range(args.versions):
            parent = made(Path(folder), parent, f"persona {n}").version
        beam = seconds(["-c", "import apache_beam"])
        listed = seconds(["-m", "persona_hub", "versions", "--hub", folder])
    print(f"import of Beam {beam:.2f} s; a list of {args.versions} versions {listed:.2f} s")
    print(f"{listed - beam:.2f} s beyond the import, {listed / beam:.2f} x as long")


if __name__ == "__main__":
    main()
