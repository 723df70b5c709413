"""Builds that pay a fake server, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson

from pipelines.cli import main
from tests.fake_server.launch import FakeServer
from tests.hubs import personas, samples
from transforms.store.protocol import Spend
from transforms.store.registry import open_store

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


def run_build(corpus: Path, output: Path, flags: Sequence[str]) -> int:
    """The exit code of a build of two hops with samples of one use case."""
    command = ["build", "--input", str(corpus), "--output", str(output), "--expand_hops", "2", "--use_case", "math"]
    return main([*command, *flags])


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
