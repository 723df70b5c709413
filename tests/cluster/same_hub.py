"""What must be the same wherever a hub is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Vector
from tests.helpers.hubs import dead_letters, personas, rows


def hub_of(output: Path) -> dict[str, Any]:
    """Personas, vectors, counts, totals of the manifest, samples, dead letters: all but names of files and tokens."""
    hub = open_hub(str(output))
    manifest = hub.manifest
    return {
        "personas": set(personas(output)),
        "vectors": set(read_table(hub, "vectors", Vector)),
        "counts": manifest.counts,
        "totals": {kind: manifest.records_of(kind) for kind in {file.kind for file in manifest.files}},
        "samples": sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows(output / "samples")),
        "dead letters": sorted((row["stage"], row["reason"], row["key"]) for row in dead_letters(output)),
    }
