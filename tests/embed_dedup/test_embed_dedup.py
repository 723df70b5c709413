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

from persona_hub.transforms.dedup.persona_rows import pack_existing
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embed_dedup.existing import ExistingVectors
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.hub.vectors import vector_arrays
from persona_hub.transforms.records import Duplicate, Persona, Vector, partition_of
from persona_hub.transforms.vectors.float16 import cosines, to_stored, with_norms
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays
from tests.material.personas import persona

NURSE = "A pediatric nurse who works night shifts at a rural hospital"
NURSE_AGAIN = "A pediatric nurse who works the night shifts at a rural hospital"
BREWER = "Un maître brasseur qui élève des abeilles"


def run(
    personas: list[Persona],
    threshold: float = 0.9,
    blocks: int = 4,
    held: list[Persona] | None = None,
    known: list[Vector] | None = None,
) -> dict[str, list[Any]]:
    """The records that leave the step; `known` are vectors that are stored of what is held."""
    with TemporaryDirectory() as folder:
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            given: Any = pipeline | "New" >> by_block(personas, blocks)
            if held is not None:
                packs = [
                    (partition_of(v.persona_id, blocks), pack_arrays(*vector_arrays(Batch([v])))) for v in known or ()
                ]
                vectors = pipeline | "Vectors" >> beam.Create(packs).with_output_types(KeyedArrays)
                centroids = pipeline | "Centroids" >> beam.Create([])
                rows = (
                    pipeline
                    | "Existing" >> by_block(held, blocks)
                    | "Rows" >> beam.MapTuple(pack_existing).with_output_types(KeyedArrays)
                )
                given = given, ExistingVectors(rows, vectors, centroids)
            result = given | EmbedDedup(threshold=threshold, blocks=blocks)
            collections = {name: found for name, found in result._asdict().items() if name != "counts"}
            for name, collection in collections.items():
                records = collection | f"Records {name}" >> beam.FlatMap(records_of)
                _ = records | f"List {name}" >> beam.combiners.ToList() | f"Save {name}" >> beam.Map(save, folder, name)
        out = {name: pickle.loads(Path(folder, name).read_bytes()) for name in collections}
    assert out.pop("centroids") == []  # few rows need none
    return {name: sorted(records, key=lambda record: record.persona_id) for name, records in out.items()}


def by_block(personas: list[Persona], blocks: int) -> beam.PTransform:
    elements = [(partition_of(p.persona_id, blocks), Batch([p])) for p in personas]
    return beam.Create(elements).with_output_types(tuple[int, Batch[Persona]])


def records_of(element: Any) -> list[Any]:
    batch = element[1] if isinstance(element, tuple) else element
    if isinstance(batch, bytes):
        return [Vector(key.decode(), vector.tobytes()) for key, vector in zip(*unpack_arrays(batch), strict=True)]
    return list(batch)


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
    a, b = to_stored(open_embedder(EmbedderConfig()).embed([NURSE, NURSE_AGAIN]))
    assert gone.similarity == cosines(with_norms(np.stack([a, b])), np.array([0]), np.array([1]))[0]


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
    assert run([]) == {"kept": [], "duplicates": [], "vectors": [], "dead_letters": []}


def test_a_new_persona_near_a_held_one_is_dropped_for_it() -> None:
    out = run([persona(NURSE_AGAIN), persona(BREWER)], held=[persona(NURSE, hop=3)])
    assert [p.text for p in out["kept"]] == [BREWER]
    [gone] = out["duplicates"]
    assert (gone.text, gone.duplicate_of) == (NURSE_AGAIN, persona(NURSE).persona_id)


def test_held_personas_do_not_come_out_though_they_are_near() -> None:
    out = run([persona(BREWER)], held=[persona(NURSE), persona(NURSE_AGAIN)])
    assert [p.text for p in out["kept"]] == [BREWER]
    assert out["duplicates"] == []


def test_a_stored_vector_is_used_and_not_bought_again() -> None:
    """The stored vector is another text's, so that it shows which one was compared."""
    nurse = Vector(persona(BREWER).persona_id, to_stored(open_embedder(EmbedderConfig()).embed([NURSE]))[0].tobytes())
    out = run([persona(NURSE_AGAIN)], held=[persona(BREWER)], known=[nurse])
    assert [d.duplicate_of for d in out["duplicates"]] == [persona(BREWER).persona_id]
    assert out["vectors"] == []


def test_a_held_persona_without_a_vector_gets_one_that_is_stored() -> None:
    out = run([persona(NURSE)], held=[persona(BREWER)])
    assert {v.persona_id for v in out["vectors"]} == {persona(NURSE).persona_id, persona(BREWER).persona_id}


def test_vectors_of_what_is_held_no_more_are_left_aside() -> None:
    taken_down = Vector(
        persona(NURSE).persona_id, to_stored(open_embedder(EmbedderConfig()).embed([NURSE]))[0].tobytes()
    )
    out = run([persona(NURSE_AGAIN)], held=[persona(BREWER)], known=[taken_down, taken_down])
    assert [p.text for p in out["kept"]] == [NURSE_AGAIN]


@pytest.mark.parametrize("threshold", [0.3, 0.995, 2.0])
def test_a_wrong_threshold_names_its_flag(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"--embedding_threshold .*0\.5 to 0\.99"):
        EmbedDedup(threshold=threshold, blocks=4)
