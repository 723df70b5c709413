"""One run of the whole DAG, written down: what the examples' notes.jsonl gives, to the letter.

`python -m tests.golden` writes it anew after a change that is meant to change it; review then reads the difference.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.synthesis.use_cases import USE_CASE_NAMES
from tests.helpers.hubs import RUNNER, dead_letters, personas, samples
from tests.helpers.places import EXAMPLES

GOLDEN = Path(__file__).with_name("build.json")


def run(output: Path) -> dict[str, Any]:
    """What a build of six hops with samples of all use cases leaves."""
    command = ["build", "--input", str(EXAMPLES / "corpus" / "notes.jsonl"), "--output", str(output)]
    assert main([*command, "--use_case", "all", "--max_samples", "3", *RUNNER]) == DONE
    made = open_hub(str(output)).manifest
    return {
        "models": {**made.models, "embedding_threshold": made.parameters["embedding_threshold"]},
        "counts": made.counts,
        "personas": [
            f"{one.hop} {one.relation}: {one.text}" for one in sorted(personas(output), key=lambda p: p.order)
        ],
        "samples": {name: [row["synthesized text"] for row in samples(output, name)] for name in USE_CASE_NAMES},
        "dead_letters": sorted(f"{row['stage']} {row['reason']}" for row in dead_letters(output)),
    }


def write() -> None:
    """Writes the run down."""
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder))
    GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
