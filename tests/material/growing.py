"""Corpora of made reports, and the hubs that `build` and `refresh` make of them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import orjson

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.records import Persona

TOPICS = ["beekeeping", "tram timetables", "soil chemistry", "choir conducting", "harbour logistics", "clay tiles"]


PLACES = ["Lisbon", "Graz", "Osaka", "Tromso", "Quito", "Leeds", "Accra"]


FLAGS = ["--expand_hops", "1", "--min_characters", "20", "--embedder", "hash"]


def corpus(file: Path, numbers: Iterable[int]) -> Path:
    """A document for each number, the same for the same number."""
    lines = []
    for n in numbers:
        draw = random.Random(n)
        topic, place = draw.choice(TOPICS), draw.choice(PLACES)
        text = f"Report {n} on {topic} in {place}. The committee for {topic} met {draw.randrange(99)} times."
        lines.append(orjson.dumps({"text": text, "id": f"doc-{n}"}))
    file.write_bytes(b"\n".join(lines))
    return file


def build(output: Path, *files: Path, flags: Iterable[str] = ()) -> Path:
    inputs = ",".join(map(str, files))
    assert main(["build", "--input", inputs, "--output", str(output), *FLAGS, *flags]) == DONE
    return output


def refresh(output: Path, *files: Path, flags: Iterable[str] = ()) -> Path:
    assert main(["refresh", "--hub", str(output), "--input", ",".join(map(str, files)), *flags]) == DONE
    return output


def by_id(found: Iterable[Persona]) -> dict[str, Persona]:
    return {persona.persona_id: persona for persona in found}


OFF = ["--embedding_threshold", "1.0"]
