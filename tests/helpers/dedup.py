"""`persona-hub dedup` as tests run it, and what it leaves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson

from persona_hub.pipelines.main import main

NURSE = "A nurse who sings in the city choir and teaches young swimmers on Sundays"


NURSE_AGAIN = "a nurse, who sings in the city choir and teaches young swimmers on sundays!"


def dedup(inputs: Path | str, output: Path, *flags: str) -> int:
    given = ["dedup", "--input", str(inputs), "--output", str(output), *flags]
    return main(given if "--embedding_threshold" in flags else [*given, "--embedding_threshold", "1.0"])


def lines(output: Path, name: str) -> list[bytes]:
    return [line for file in sorted(output.glob(f"{name}-*.jsonl")) for line in file.read_bytes().splitlines(True)]


def rows(output: Path, name: str) -> list[Any]:
    return [orjson.loads(line) for line in lines(output, name)]


def statistics(output: Path) -> Any:
    return orjson.loads((output / "statistics.json").read_bytes())


def timed(rows: Path, output: Path, flags: list[str]) -> tuple[float, dict[str, list[bytes]]]:
    """(wall seconds of the command, the rows that it kept and those that it dropped)."""
    start = time.monotonic()
    command = ["dedup", "--input", str(rows), "--text_field", "persona", "--output", str(output)]
    assert main([*command, "--embedding_threshold=1.0", *flags]) == 0
    seconds = time.monotonic() - start
    return seconds, {kind: sorted_lines(output, kind) for kind in ("kept", "dropped")}


def sorted_lines(output: Path, kind: str) -> list[bytes]:
    """All rows of a kind, sorted: which file a row is in is not promised."""
    return sorted(line for file in output.glob(f"{kind}-*.jsonl") for line in file.read_bytes().splitlines())
