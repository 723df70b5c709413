"""Three documents by their addresses, a hub made of them, and the takedown of some."""

from __future__ import annotations

from pathlib import Path

import orjson

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from tests.helpers.hubs import personas

A, B, C = "https://a.org/1", "https://b.org/2", "https://c.org/3"


TEXTS = {
    A: "The keepers of the lighthouse at Skagen paint its lantern room each spring and log every ship that passes.",
    B: "A choir in Tartu rehearses Baltic folk songs on Tuesdays, and its conductor writes arrangements for altos.",
    C: "Soil chemists in Leeds test allotments for lead, and publish their maps for the gardeners of the city.",
}


FLAGS = ["--expand_hops", "1", "--use_case", "math", "--embedder", "hash"]


def write(file: Path, *rows: tuple[str, str]) -> Path:
    file.write_bytes(b"\n".join(orjson.dumps({"text": text, "url": url}) for url, text in rows))
    return file


def build(folder: Path, *rows: tuple[str, str], flags: list[str] = FLAGS) -> Path:
    corpus = write(folder / "corpus.jsonl", *rows)
    assert main(["build", "--input", str(corpus), "--output", str(folder / "hub"), *flags]) == DONE
    return folder / "hub"


def take_down(hub: Path, *sources: str) -> None:
    flags = [flag for source in sources for flag in ("--source", source)]
    assert main(["takedown", "--hub", str(hub), *flags]) == DONE


def sources(hub: Path) -> set[str]:
    return {persona.source for persona in personas(hub)}
