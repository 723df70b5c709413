"""What the commands say to a hub, and whether they touched anything outside of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from persona_hub.pipelines.commands.export import export
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.orphans import remove_orphans
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.versions import lineage, list_runs, list_versions, missing_files, open_hub
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.purge.runs import purge_runs
from persona_hub.transforms.purge.versions import purge_versions
from tests.material.versions import made

NOBODY = Erasure(frozenset(), frozenset(), frozenset(), frozenset())
COMMANDS: dict[str, Callable[[str], Any]] = {
    "gc": lambda output: remove_orphans(output, 1, 0.0),
    "read": lambda output: list(read_personas(open_hub(output))),
    "export": lambda output: export(output, ("jsonl", "parquet")),
    "list": lambda output: [list_versions(output), list_runs(output), missing_files(open_hub(output))],
    "lineage": lambda output: list(lineage(output)),
    "purge": lambda output: [purge_versions(output, frozenset(), 0.0, "1"), purge_runs(output, NOBODY, 0.0)],
    "publish": lambda output: made(Path(output), open_hub(output).manifest.version, "a baker"),
}


@contextmanager
def unharmed(folder: Path) -> Iterator[None]:
    """Raises where anything in `folder` outside of OUTPUT is another than before."""

    def outside() -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if folder / "out" not in path.parents and not path.is_symlink())
        return {str(path): path.read_bytes() if path.is_file() else b"" for path in files}

    before = outside()
    yield
    assert outside() == before


def manifest_file(folder: Path) -> Path:
    """Of the version that readers see."""
    return folder / "out" / "hub" / read_current(str(folder / "out")) / "manifest.json"


def change(file: Path, **changes: Any) -> None:
    file.write_bytes(json.dumps(orjson.loads(file.read_bytes()) | changes).encode())


def outcome(command: str, output: Path) -> str:
    """What a command says: "" where nothing is wrong, else one line of one of our own errors."""
    try:
        COMMANDS[command](str(output))
    except InvalidInputError as error:
        return str(error)
    return ""
