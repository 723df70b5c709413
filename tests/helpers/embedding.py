"""Personas through EmbedDedup with a paid embedder, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.utils.windowed_value import WindowedValue

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embed_dedup.vectors import EmbedPaid
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.records import DeadLetter, Persona, partition_of
from persona_hub.transforms.similarity.ranks import ranks_of
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import unpack_arrays
from tests.helpers.asking import save, saved
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer

BLOCKS = 4


def personas(n: int, first: int = 0) -> list[Persona]:
    return [persona(f"A keeper of lighthouse number {i}") for i in range(first, first + n)]


def embedder(server: FakeServer, store: str, backend: str = "openai", **given: Any) -> EmbedderConfig:
    """A config of the fake server's embedder; `batch` and `dimensions` are the embedder's, the rest its calls'."""
    own = {name: given.pop(name) for name in ("batch", "dimensions") if name in given}
    url = server.url if backend == "openai" else server.root
    name = given.pop("name", f"{backend}:embed")
    place = {"project": "some-project", "location": "europe-west4"}
    calls = ModelConfig(name=name, base_url=url, flag="--embedder", options=place, store=store, timeout=20, **given)
    return EmbedderConfig(name, calls, **own)


def embed(
    config: EmbedderConfig, given: Sequence[Persona], batch: int = 50
) -> tuple[dict[str, list[float]], list[DeadLetter]]:
    """Vectors by text, and the dead letters: the step's own DoFn, without a runner around it."""
    texts = {int(rank): p.text for rank, p in zip(ranks_of(given), given, strict=True)}
    step = EmbedPaid(config, BLOCKS)
    step.setup()
    try:
        step.start_bundle()
        out = [one for i in range(0, len(given), batch) for one in step.process((0, Batch(given[i : i + batch])))]
        out += list(step.finish_bundle())
    finally:
        step.teardown()
    dead = [letter for one in out if isinstance(one, TaggedOutput) for letter in plain(one.value)]
    packs = [unpack_arrays(plain(one)[1]) for one in out if not isinstance(one, TaggedOutput)]
    return {
        texts[int(rank)]: vector.tolist()
        for ranks, vectors in packs
        for rank, vector in zip(ranks, vectors, strict=True)
    }, dead


def plain(value: Any) -> Any:
    return value.value if isinstance(value, WindowedValue) else value


def run(
    config: EmbedderConfig, given: Sequence[Persona], threshold: float = 0.9, batch: int = 50
) -> dict[str, list[Any]]:
    """The records that leave the step, sorted: kept, duplicates, dead_letters."""
    parts = [list(given[i : i + batch]) for i in range(0, len(given), batch)]
    elements = [
        (block, Batch(own))
        for part in parts
        for block in range(BLOCKS)
        if (own := [p for p in part if partition_of(p.persona_id, BLOCKS) == block])
    ]
    with TemporaryDirectory() as folder:
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            source = pipeline | beam.Create(elements, reshuffle=False).with_output_types(tuple[int, Batch[Persona]])
            out = source | EmbedDedup(threshold=threshold, embedder=config, blocks=BLOCKS)
            collections = {name: each for name, each in out._asdict().items() if isinstance(each, beam.PCollection)}
            for name, collection in collections.items():
                records = collection | f"Records {name}" >> beam.Map(lambda e: e[1] if isinstance(e, tuple) else e)
                _ = records | f"Save {name}" >> beam.Map(save, folder, name)
        return {name: sorted(saved(folder, name), key=repr) for name in collections}


def saved_files(folder: Path, graph: bytes = b"graph") -> Path:
    """The files of a SavedModel, without a model in them."""
    files = {
        "saved_model.pb": graph,
        "variables/variables.index": b"index",
        "variables/variables.data-00000-of-00001": b"data",
        "assets/words.txt": b"words",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
