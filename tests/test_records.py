"""Records, their ids and their batches."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from tests.personas import persona
from transforms.records import Batch, BatchCoder, batches, excerpt, partition_of, persona_id


def test_the_id_of_a_persona_is_that_of_its_words() -> None:
    assert persona_id("A  Baker\nof ﬁne bread ") == persona_id("a baker of fine bread")
    assert persona_id("a baker") != persona_id("a banker")
    assert len(persona_id("")) == 32


@given(st.text(), st.integers(1, 5000))
def test_partitions_keep_the_order_of_ids(text: str, partitions: int) -> None:
    one, other = sorted([persona_id(text), persona_id(text + "x")])
    assert 0 <= partition_of(one, partitions) <= partition_of(other, partitions) < partitions


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


def test_an_excerpt_is_one_short_printable_line() -> None:
    assert excerpt("a\nb\0c‮d", 10) == "a b c d"
    assert excerpt("x" * 50, 10) == "x" * 9 + "…"
