"""Batches of records and their coder."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam import coders
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.records import DeadLetter, Persona
from persona_hub.transforms.wire.batches import Batch, BatchCoder, batches
from tests.material.personas import persona


@given(st.lists(st.integers()), st.integers(1, 7))
def test_batches_hold_everything_once_and_in_order(numbers: list[int], size: int) -> None:
    found = list(batches(numbers, size))
    assert [n for batch in found for n in batch] == numbers
    assert all(1 <= len(batch) <= size for batch in found)


def test_a_batch_travels_as_one_pickle() -> None:
    batch = Batch([persona(f"A baker number {n}") for n in range(100)])
    coder = BatchCoder()
    assert coder.decode(coder.encode(batch)) == batch
    assert len(coder.encode(batch)) < 0.7 * sum(len(pickle.dumps(p)) for p in batch)


anything = st.text(max_size=30) | st.text("\ud800\udfff\0é", max_size=3)
personas_of_any_text = st.builds(
    Persona,
    *(anything for _ in range(3)),
    hop=st.integers(0, 6),
    parent_id=anything,
    relation=anything,
    document_id=anything,
    source=anything,
    language=anything,
    model=anything,
    prompt_hash=anything,
)
letters_of_any_text = st.builds(DeadLetter, anything, anything, anything, anything, anything)


@given(st.lists(personas_of_any_text | letters_of_any_text, max_size=5))
def test_a_batch_of_any_records_comes_back(records: list[Any]) -> None:
    coder = BatchCoder()
    back = coder.decode(coder.encode(Batch(records)))
    assert isinstance(back, Batch)
    assert back == records


def test_beam_finds_the_coder_of_batches_and_of_pairs_with_them() -> None:
    for hint in (Batch, Batch[Persona], Batch[Any]):
        assert isinstance(coders.registry.get_coder(hint), BatchCoder)
    pair = coders.registry.get_coder(convert_to_beam_type(tuple[int, Batch[Persona]]))
    assert str(pair) == "TupleCoder[VarIntCoder, BatchCoder]"
    assert pair.decode(pair.encode((7, Batch([1])))) == (7, Batch([1]))
    assert not BatchCoder().is_deterministic()  # so that nobody groups by a batch


@pytest.mark.parametrize("workers", [1, 2])
def test_batches_are_encoded_by_their_coder_in_every_process(workers: int, tmp_path: Path) -> None:
    class Witness:
        """Becomes, when it is pickled, the name of the function which pickles it."""

        def __reduce__(self) -> tuple[type[str], tuple[str]]:
            return str, (sys._getframe(1).f_code.co_qualname,)

    def note(key: int, groups: Iterable[Batch[Any]]) -> None:
        (tmp_path / str(key)).write_text(f"{os.getpid()}\n{[list(group) for group in groups]}")

    flags = ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"] if workers > 1 else []
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags)) as pipeline:
        _ = (
            pipeline
            | beam.Create(range(4))
            | "Batch" >> beam.Map(lambda i: (i, Batch([Witness()]))).with_output_types(tuple[int, Batch[Any]])
            | beam.GroupByKey()
            | beam.MapTuple(note)
        )
    notes = [(tmp_path / str(key)).read_text().split("\n") for key in range(4)]
    assert {said for _, said in notes} == {"[['BatchCoder.encode']]"}
    assert all((int(process) == os.getpid()) == (workers == 1) for process, _ in notes)
