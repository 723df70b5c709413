"""EmbedDedup as a step: what goes in comes out once, kept or as the duplicate of a kept one."""

from __future__ import annotations

import pickle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from tests.personas import persona
from transforms.embed_dedup import EmbedDedup, MeaningDeduplicated
from transforms.embedding.protocol import EmbedderConfig
from transforms.embedding.registry import open_embedder
from transforms.records import Batch, Duplicate, Persona, partition_of
from transforms.similarity.vectors import cosines, stored

NURSE = "A pediatric nurse who works night shifts at a rural hospital"
NURSE_AGAIN = "A pediatric nurse who works the night shifts at a rural hospital"
BREWER = "Un maître brasseur qui élève des abeilles"


def run(personas: list[Persona], threshold: float = 0.9, blocks: int = 4) -> dict[str, list[Any]]:
    """The records that leave the step."""
    by_block = [(partition_of(p.persona_id, blocks), Batch([p])) for p in personas]
    with TemporaryDirectory() as folder:
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            personas_in = pipeline | beam.Create(by_block).with_output_types(tuple[int, Batch[Persona]])
            result = personas_in | EmbedDedup(threshold=threshold, blocks=blocks)
            for name, collection in result._asdict().items():
                records = collection | f"Records {name}" >> beam.FlatMap(lambda e: e[1] if isinstance(e, tuple) else e)
                _ = records | f"List {name}" >> beam.combiners.ToList() | f"Save {name}" >> beam.Map(save, folder, name)
        out = {name: pickle.loads(Path(folder, name).read_bytes()) for name in MeaningDeduplicated._fields}
    return {name: sorted(records, key=lambda record: record.persona_id) for name, records in out.items()}


def save(records: list[Any], folder: str, name: str) -> None:
    Path(folder, name).write_bytes(pickle.dumps(records))


def test_one_of_two_near_equal_personas_stays() -> None:
    first, second = sorted([persona(NURSE), persona(NURSE_AGAIN)], key=lambda p: p.order)
    out = run([persona(BREWER), second, first])
    assert {p.text for p in out["kept"]} == {first.text, BREWER}
    [gone] = out["duplicates"]
    assert gone == Duplicate.of(second, first.persona_id, "meaning", gone.similarity)
    assert gone.persona == second
    assert 0.9 <= gone.similarity < 1
    assert {v.persona_id for v in out["vectors"]} == {p.persona_id for p in out["kept"]}


def test_similarity_is_the_cosine_of_the_stored_vectors() -> None:
    [gone] = run([persona(NURSE), persona(NURSE_AGAIN)])["duplicates"]
    a, b = stored(open_embedder(EmbedderConfig()).embed([NURSE, NURSE_AGAIN]))
    assert gone.similarity == cosines(a[None], b[None])[0]


def test_vectors_are_float16_of_unit_length() -> None:
    [vector] = run([persona(NURSE)])["vectors"]
    assert np.linalg.norm(np.frombuffer(vector.vector, "<f2").astype(float)) == pytest.approx(1, abs=1e-3)


def test_the_earlier_hop_stays() -> None:
    late, early = persona(NURSE, hop=1), persona(NURSE_AGAIN, hop=0)
    assert [p.text for p in run([late, early])["kept"]] == [early.text]


def test_threshold_one_passes_everything_and_embeds_nothing() -> None:
    out = run([persona(NURSE), persona(NURSE_AGAIN)], threshold=1.0)
    assert len(out["kept"]) == 2
    assert out["duplicates"] == out["vectors"] == []


def test_nothing_in_nothing_out() -> None:
    assert run([]) == {"kept": [], "duplicates": [], "vectors": []}


@pytest.mark.parametrize("threshold", [0.3, 0.995, 2.0])
def test_a_wrong_threshold_names_its_flag(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"--embedding_threshold .*0\.5 to 0\.99"):
        EmbedDedup(threshold=threshold, blocks=4)
