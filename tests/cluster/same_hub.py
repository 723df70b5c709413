"""What must be the same wherever a hub is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.hubs import dead_letters, rows


def hub_of(output: Path) -> dict[str, Any]:
    """All tables, counts, totals of the manifest, samples, dead letters: all but names of files and tokens."""
    hub = open_hub(str(output))
    manifest = hub.manifest
    return {
        "tables": {kind: sorted(map(repr, read_table(hub, kind, record))) for kind, record in TABLES.items()},
        "counts": manifest.counts,
        "totals": {kind: manifest.records_of(kind) for kind in {file.kind for file in manifest.files}},
        "samples": sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows(output / "samples")),
        "dead letters": sorted((row["stage"], row["reason"], row["key"]) for row in dead_letters(output)),
    }
