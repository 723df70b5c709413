"""Versions of a hub with a few personas, made without a pipeline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from persona_hub.transforms.hub.manifest import (
    Manifest,
    fingerprint,
    version_name,
)
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Persona, persona_id
from persona_hub.transforms.wire.batches import Batch


def persona(text: str) -> Persona:
    return Persona(persona_id(text), text, "text", 0, "", "read", "0" * 32, text, "en", "offline", "abc")


def made(output: Path, parent: str, *texts: str, prefix: str = "personas") -> Manifest:
    """Writes the version after `parent`, and publishes it."""
    content = fingerprint({"texts": texts})
    draft = Manifest(version=version_name(parent, content), parent=parent, fingerprint=content)
    if parent:
        draft = replace(draft, files=open_hub(str(output), parent).manifest.files)
    group: Batch[Persona] = Batch(map(persona, texts))
    entry = write_shard(str(output), draft.folder, f"{prefix}-0", Persona, "avro", [group])
    done = publish(str(output), draft, [entry], {"dedup": {"kept": len(texts)}})
    assert isinstance(done, Manifest)
    return done


def texts(output: Path, version: str = "") -> set[str]:
    return {one.text for one in read_personas(open_hub(str(output), version))}
