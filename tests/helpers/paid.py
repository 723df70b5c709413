"""Builds that pay a fake server, for tests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Provenance
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import open_store
from tests.helpers.hubs import personas, samples
from tests.servers.models.launch import FakeServer

DOCUMENTS, IN_FLIGHT = 40, 4  # of a small build
SMALL = ["--expand_hops", "1", "--partitions", "2", "--max_in_flight", str(IN_FLIGHT)]
SUBJECTS = ["ferries", "orchards", "clocks", "bridges", "looms", "glaciers", "beehives", "violins", "tides", "kilns"]
PRICES = "batch: 0.5\nmodels:\n  - {model: 'openai:fake', input: 1000, output: 2000}\n"


def corpus_of(folder: Path, documents: int) -> Path:
    """A corpus of so many different documents."""
    file = folder / "corpus.jsonl"
    lines = (
        {"text": f"Notes on {SUBJECTS[i % 10]}, part {i}: how they are kept, by whom, and what goes wrong in winter."}
        for i in range(documents)
    )
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return file


def paying(server: FakeServer, folder: Path) -> list[str]:
    """Flags of a model that costs something."""
    (folder / "prices.yaml").write_text(PRICES)
    return ["--llm", "openai:fake", "--llm_base_url", server.url, "--price_file", str(folder / "prices.yaml")]


def build_command(corpus: Path, output: Path, flags: Sequence[str]) -> list[str]:
    """A build of two hops, unless `flags` say otherwise, with samples of one use case.

    Without EmbedDedup: it pays for nothing, and takes a third of the time of so small a build.
    """
    shape = ["--expand_hops", "2", "--use_case", "math", "--embedding_threshold", "1.0"]
    return ["build", "--input", str(corpus), "--output", str(output), *shape, *flags]


def run_build(corpus: Path, output: Path, flags: Sequence[str]) -> int:
    """The exit code of such a build."""
    return main(build_command(corpus, output, flags))


def spend(output: Path) -> dict[str, Spend]:
    """What was spent by stage."""
    store = open_store(f"sqlite:{output / 'responses.sqlite'}")
    try:
        return store.spend()
    finally:
        store.close()


def content(output: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Personas and samples of all that readers see, but for the counts of tokens."""
    return (
        {(one.persona_id, one.text) for one in personas(output)},
        {(row["persona_id"], row["synthesized text"]) for row in samples(output, "math")},
    )


def whole(output: Path) -> tuple[Any, ...]:
    """The same, and where each persona came from, and what was counted at each step."""
    hub = open_hub(str(output))
    return content(output), set(read_table(hub, "provenance", Provenance)), hub.manifest.counts


def quiet(server: FakeServer) -> dict[str, int]:
    """The server's counts when nothing is in flight any more: calls whose client was killed are paid all the same."""
    while (counts := server.counts())["in_flight"]:
        time.sleep(0.02)
    return counts
