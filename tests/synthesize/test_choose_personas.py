"""The same personas are chosen at every run, however they are cut into blocks and batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.choice.choice import Choice, Method, parse_method
from persona_hub.transforms.choice.coverage import covering_rows, reduced
from persona_hub.transforms.choice.order import drawn_place
from persona_hub.transforms.choice.shares import equal_shares
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Attributes, Member, Persona, partition_of
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.synthesize.choose_diverse import candidate_ids, covering_ids, reduced_candidates
from persona_hub.transforms.synthesize.choose_personas import ChoosePersonas, LastPersona, LowestPlaces
from persona_hub.transforms.synthesize.joined_rows import HubRows
from persona_hub.transforms.vectors.float16 import to_stored
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays
from tests.helpers.collecting import Collect, collected
from tests.material.personas import persona

HUB = [
    persona(f"A baker of {n} kinds of bread", language=["de", "en", "en", "en"][n % 4], hop=n % 3) for n in range(40)
]
IDS = sorted(one.persona_id for one in HUB)
VECTORS = to_stored(np.random.default_rng(0).standard_normal((len(HUB), 24)).astype(np.float32))


CLUSTERS = ["1.1", "1.2", "2.1"]
NOTHING_SAID = ("unspecified",) * 5
ATTRIBUTES = [
    Attributes(one.persona_id, one.language, str(n % 2), *NOTHING_SAID, f'{{"n": {n}}}') for n, one in enumerate(HUB)
]
MEMBERS = [Member(one.persona_id, CLUSTERS[n % 3]) for n, one in enumerate(HUB)]

CHOICES = {
    "all": Choice(),
    "seven": Choice(samples=7),
    "seeded": Choice(samples=7, seed=3),
    "more than there are": Choice(samples=90),
    "three of each": Choice(samples=8, each=3),
    "where": Choice(where="hop<1 and language=en"),
    "some of where": Choice(where="hop<1 and language=en", samples=4),
    "none": Choice(where="hop>6", samples=4),
    "strata": Choice(method=parse_method("stratified:language,hop"), samples=9, seed=1),
    "joined": Choice(where="occupation=1 and given.n>=20"),
    "clusters": Choice(where="occupation=0", method=parse_method("stratified:cluster"), samples=7),
    "diverse": Choice(method=Method("diverse"), samples=13, each=2, seed=2),
    "some diverse": Choice(where="language=de", method=Method("diverse"), samples=4),
}


@pytest.fixture(scope="module", params=[(1, 40), (5, 3)], ids=["one block", "five blocks"])
def chosen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Persona]]:
    """Whom each choice takes of the same personas, cut into so many blocks and batches of so many; by id."""
    blocks, size = request.param
    folder = tmp_path_factory.mktemp("chosen")
    with beam.Pipeline(runner=FnApiRunner()) as p:
        rows = HubRows(
            p | "Personas" >> beam.Create(by_block(HUB, blocks, size)),
            {
                "attributes": p | "Attributes" >> beam.Create(by_block(ATTRIBUTES, blocks, size)),
                "members": p | "Members" >> beam.Create(by_block(MEMBERS, blocks, size)),
            },
            (p | "Vectors" >> beam.Create(vectors_by_block(blocks, size)),),
        )
        for name, choice in CHOICES.items():
            _ = rows | f"Choose {name}" >> ChoosePersonas(choice=choice) | f"Collect {name}" >> Collect(folder, name)
    found = {name: [one for batch in collected(folder, name) for one in batch] for name in CHOICES}
    return {name: sorted(one, key=lambda one: one.persona_id) for name, one in found.items()}


def by_block(records: Sequence[Any], blocks: int, size: int) -> list[tuple[int, Batch[Any]]]:
    """Records as steps pass them."""
    groups: dict[int, list[Any]] = {}
    for one in records:
        groups.setdefault(partition_of(one.persona_id, blocks), []).append(one)
    return [(block, batch) for block, group in groups.items() for batch in batches(group, size)]


def vectors_by_block(blocks: int, size: int) -> list[tuple[int, bytes]]:
    """Ids and vectors as steps pass them; the first persona has none."""
    rows = {one.persona_id: VECTORS[n] for n, one in enumerate(HUB) if n}
    found = []
    for block, batch in by_block(HUB[1:], blocks, size):
        ids = np.array([one.persona_id.encode() for one in batch], ID_TYPE)
        found.append((block, pack_arrays(ids, np.array([rows[one.persona_id] for one in batch]))))
    return found


def ids_of(personas: Sequence[Persona]) -> list[str]:
    return [one.persona_id for one in personas]


def first(personas: Sequence[Persona], n: int, seed: int = 0) -> list[str]:
    """The ids of those who come first in the order of a seed."""
    return sorted(sorted(ids_of(personas), key=lambda one: drawn_place(one, seed))[:n])


def test_a_random_choice_is_the_lowest_hashes(chosen: dict[str, list[Persona]]) -> None:
    assert ids_of(chosen["all"]) == ids_of(chosen["more than there are"]) == IDS
    assert ids_of(chosen["seven"]) == IDS[:7]
    assert ids_of(chosen["seeded"]) == first(HUB, 7, seed=3) != IDS[:7]


def test_a_condition_lets_pass_whom_it_holds_of(chosen: dict[str, list[Persona]]) -> None:
    held = [one for one in HUB if one.hop < 1 and one.language == "en"]
    assert ids_of(chosen["where"]) == sorted(ids_of(held))
    assert ids_of(chosen["some of where"]) == first(held, 4)
    assert chosen["none"] == []
    assert ids_of(chosen["joined"]) == sorted(one.persona_id for n, one in enumerate(HUB) if n % 2 and n >= 20)


def test_strata_have_equal_shares(chosen: dict[str, list[Persona]]) -> None:
    sizes = Counter((one.language, one.hop) for one in HUB)
    shares = equal_shares({f"{language}\x1f{hop}": n for (language, hop), n in sizes.items()}, 9)
    taken: list[str] = []
    for language, hop in sizes:
        rows = [one for one in HUB if (one.language, one.hop) == (language, hop)]
        taken += first(rows, shares[f"{language}\x1f{hop}"], seed=1)
    assert ids_of(chosen["strata"]) == sorted(taken)
    cluster = {one.persona_id: one.cluster for one in MEMBERS}
    assert sorted(Counter(cluster[one] for one in ids_of(chosen["clusters"])).values()) == [2, 2, 3]


def test_the_last_persona_gives_what_is_left(chosen: dict[str, list[Persona]]) -> None:
    assert ids_of(chosen["three of each"]) == IDS[:3]
    assert [(type(one), getattr(one, "samples", 3)) for one in chosen["three of each"]] == [
        (Persona, 3),
        (Persona, 3),
        (LastPersona, 2),
    ]
    assert not any(isinstance(one, LastPersona) for one in chosen["more than there are"])
    assert [one.samples for one in chosen["diverse"] if isinstance(one, LastPersona)] == [1]


def test_a_diverse_choice_covers_and_passes_over_who_has_no_vector(chosen: dict[str, list[Persona]]) -> None:
    with_vectors = sorted(range(1, len(HUB)), key=lambda n: HUB[n].persona_id)
    ranks = np.array([int(HUB[n].persona_id[:16], 16) for n in with_vectors], np.uint64)
    wanted = covering_rows(ranks, reduced(VECTORS[with_vectors]), 7, seed=2)
    assert ids_of(chosen["diverse"]) == sorted(HUB[with_vectors[n]].persona_id for n in wanted.tolist())
    assert len(chosen["some diverse"]) == 4
    assert {one.language for one in chosen["some diverse"]} == {"de"}


def test_candidates_are_a_share_by_hash() -> None:
    eligible = Batch(("", one) for one in HUB)
    [(block, packed)] = candidate_ids((2, eligible), seed=5, most=10, count=len(HUB))
    found = [one.decode() for one in unpack_arrays(packed)[0].tolist()]
    assert block == 2
    assert sorted(found) == first(HUB, len(found), seed=5)
    assert 4 <= len(found) <= 16
    [(_, everyone)] = candidate_ids((2, eligible), seed=5, most=10, count=10)
    assert len(unpack_arrays(everyone)[0]) == len(HUB)


def test_of_two_vectors_of_a_persona_one_counts_whatever_their_order() -> None:
    ids = np.array([IDS[0].encode()], ID_TYPE)
    packs = [pack_arrays(ids, VECTORS[n : n + 1]) for n in (0, 1)]
    orders = [{"ids": [pack_arrays(ids)], "vectors": order} for order in (packs, packs[::-1])]
    here = [list(reduced_candidates((0, found))) for found in orders]
    assert here[0] == here[1]
    assert covering_ids((0, [here[0][0][1]]), n=3, seed=0) == IDS[:1]
    assert not list(reduced_candidates((0, {"ids": [], "vectors": packs})))
    assert not list(reduced_candidates((0, {"ids": [pack_arrays(ids)], "vectors": []})))


def test_a_choice_of_nobody_says_how_many() -> None:
    with pytest.raises(InvalidInputError, match="--choose diverse: of how many"):
        ChoosePersonas(choice=Choice(method=Method("diverse")))


@given(
    st.lists(st.lists(st.text("0123456789abcdef", min_size=4, max_size=4), max_size=5), max_size=6), st.integers(1, 9)
)
def test_the_bound_is_the_same_however_the_ids_come_together(lists: list[list[str]], n: int) -> None:
    combine = LowestPlaces()
    parts = [combine.add_input(combine.create_accumulator(), (n, [(one, one) for one in ids])) for ids in lists]
    halves = [combine.merge_accumulators(parts[::2]), combine.merge_accumulators(parts[1::2])]
    everyone = sorted(one for ids in lists for one in ids)[:n]
    last = everyone[-1] if everyone else ""
    assert combine.extract_output(combine.merge_accumulators(halves)) == (len(everyone), (last, last))
