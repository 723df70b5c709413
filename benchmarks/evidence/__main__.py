"""Evaluates the real files of PERSONA_HUB_DATA and prints the figures of docs/evidence.md.

PERSONA_HUB_DATA=DATA python -m benchmarks.evidence OUT [NAME ...]
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from persona_hub.pipelines.main import main

TOOL = "personas/personahub_tool.jsonl.gz"
GSM8K = "math/gsm8k_test.jsonl"
# {name: flags of `evaluate`}; paths below the folder of the data
RUNS: dict[str, dict[str, str]] = {
    "tool": {"--personas": TOOL, "--samples": TOOL, "--reference": GSM8K},
    "instructions": {
        "--personas": TOOL,
        "--samples": "instructions/selfinstruct_seed_tasks.jsonl",
        "--reference": "instructions/selfinstruct_user_oriented.jsonl",
    },
    "nemotron": {"--personas": "personas/nemotron_personas_usa_50.csv", "--samples": GSM8K},
    "personachat": {"--personas": "personas/personachat_profiles_paml.jsonl", "--reference": GSM8K},
}
SHOWN = ("diversity", "repetition", "demographics", "fidelity")
MOST_ROWS = 12  # of a table


def figure_text(value: Any) -> str:
    """A figure with its interval, or a value as it is."""
    if not isinstance(value, Mapping):
        return str(value)
    if value["value"] is None:
        return "not told"
    bounds = "" if value["low"] is None else f" [{value['low']:.4g}, {value['high']:.4g}]"
    return f"{value['value']:.4g}{bounds}, n {value['n']:,}"


def lines_of(name: str, value: Any) -> Iterator[str]:
    """What a section holds, a line for each figure and row."""
    if isinstance(value, Mapping) and "value" not in value:
        for key, one in value.items():
            yield from lines_of(f"{name}.{key}", one)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for row in value[:MOST_ROWS]:
            yield f"{name}: " + "; ".join(f"{key} {figure_text(one)}" for key, one in row.items() if key != "source")
    else:
        yield f"{name}: {figure_text(value)}"


def run(data: Path, output: Path, name: str) -> None:
    """One evaluation, and what it says."""
    flags = [part for flag, path in RUNS[name].items() for part in (flag, str(data / path))]
    code = main(["evaluate", *flags, "--output", str(output / name), "--progress", "none"])
    if code:
        sys.exit(code)
    found = json.loads((output / name / "report.json").read_bytes())
    print(f"== {name}: {found['hub']['personas']:,} personas, {found['hub']['samples']:,} samples")
    for section in SHOWN:
        for line in lines_of(section, found[section] or {}):
            print(line)


if __name__ == "__main__":
    if len(sys.argv) < 2 or "PERSONA_HUB_DATA" not in os.environ:
        sys.exit(__doc__)
    for chosen in sys.argv[2:] or RUNS:
        run(Path(os.environ["PERSONA_HUB_DATA"]), Path(sys.argv[1]), chosen)
