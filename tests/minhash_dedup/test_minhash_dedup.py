"""MinHashDedup: which personas stay, whatever the order, the blocks, the batches and the kind of keys."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.dedup import representatives
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.near_duplicates import BucketPersonas, NearDuplicates
from persona_hub.transforms.dedup.persona_rows import pack_existing
from persona_hub.transforms.minhash_dedup.minhash_dedup import MinHashDedup, Prepared
from persona_hub.transforms.records import Persona, partition_of
from persona_hub.transforms.similarity.ranks import rank_of
from persona_hub.transforms.similarity.shingles import tokenise
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.collecting import Collect, collected
from tests.material.personas import persona

TWELVE = ["a", "nurse", "who", "sings", "in", "the", "city", "choir", "and", "teaches", "young", "swimmers"]


def blocks_of(personas: Iterable[Persona], blocks: int, size: int) -> list[tuple[int, Batch[Persona]]]:
    grouped: dict[int, Batch[Persona]] = {}
    for each in personas:
        grouped.setdefault(partition_of(each.persona_id, blocks), Batch()).append(each)
    return [(block, Batch(b[i : i + size])) for block, b in grouped.items() for i in range(0, len(b), size)]


def jaccard(one: str, other: str) -> Fraction:
    left, right = (set(words) for words in tokenise([one, other]).words())
    return Fraction(len(left & right), len(left | right)) if left | right else Fraction(0)


def brute_force(personas: Iterable[Persona], threshold: float) -> set[str]:
    """Ids that are kept: in order of rank, whoever has no kept neighbour."""
    limit = Fraction(threshold).limit_denominator(1000)
    kept: list[Persona] = []
    for each in sorted(personas, key=rank_of):
        if not any(jaccard(each.text, other.text) >= limit for other in kept):
            kept.append(each)
    return {each.persona_id for each in kept}


def dedup(personas: list[Persona], held: list[Persona] | None = None, **settings: Any) -> tuple[set[str], list[Any]]:
    """(ids kept, duplicates) of one run."""
    blocks, size = settings.setdefault("blocks", 3), settings.pop("batch", 100)
    with TemporaryDirectory() as folder:
        with beam.Pipeline(runner=FnApiRunner()) as p:
            new = p | "New" >> create(blocks_of(personas, blocks, size))
            both: Any = (
                new
                if held is None
                else (
                    new,
                    p
                    | "Existing" >> create(blocks_of(held, blocks, size))
                    | "Rows" >> beam.MapTuple(pack_existing).with_output_types(KeyedPayload),
                )
            )
            out = both | MinHashDedup(**settings)
            out.kept | "Kept" >> Collect(Path(folder), "kept")
            out.duplicates | "Gone" >> Collect(Path(folder), "gone")
        kept = {each.persona_id for _, batch in collected(Path(folder), "kept") for each in batch}
        return kept, [each for batch in collected(Path(folder), "gone") for each in batch]


def create(elements: list[Any]) -> beam.PTransform:
    return beam.Create(elements, reshuffle=False).with_output_types(tuple[int, Batch[Persona]])


def without(word: int) -> str:
    return " ".join(TWELVE[:word] + TWELVE[word + 1 :])


def test_of_two_that_differ_in_a_word_the_earlier_stays() -> None:
    a, twin, b = persona(" ".join(TWELVE)), persona(without(3), hop=1), persona("a retired judge")
    kept, (gone,) = dedup([twin, b, a])
    assert kept == {a.persona_id, b.persona_id}
    assert (gone.persona_id, gone.duplicate_of, gone.kind) == (twin.persona_id, a.persona_id, "text")
    assert gone.similarity == 11 / 12


def test_what_a_hub_holds_wins_and_does_not_come_out() -> None:
    held, new = persona(without(3), hop=6), persona(" ".join(TWELVE))
    kept, (gone,) = dedup([new], [held])
    assert not kept
    assert gone.duplicate_of == held.persona_id


def test_personas_without_a_word_stay_all() -> None:
    kept, gone = dedup([persona("!?"), persona("…"), persona("")])
    assert len(kept) == 3
    assert not gone


def test_at_a_threshold_of_one_only_equal_sets_of_words_fall_together() -> None:
    a, b, c = persona("Chef in Rome"), persona("in Rome: chef!"), persona("chef in old Rome")
    kept, _ = dedup([a, b, c], threshold=1.0)
    assert len(kept) == 2
    assert c.persona_id in kept


WORDS = st.sampled_from([f"w{i}" for i in range(30)])
BASES = [[f"w{i}" for i in range(14)], [f"w{i}" for i in range(8, 30)]]


@st.composite
def crowds(draw: st.DrawFn) -> list[Persona]:
    """Variants of two texts that overlap: chains and clusters of near-duplicates at any threshold."""
    texts = set()
    for _ in range(draw(st.integers(1, 25))):
        words = list(draw(st.sampled_from(BASES)))
        for _ in range(draw(st.integers(0, 3))):
            words[draw(st.integers(0, len(words) - 1))] = draw(WORDS)
        texts.add(" ".join(words[draw(st.integers(0, 2)) :]))
    return [persona(text, hop=draw(st.integers(0, 3))) for text in sorted(texts)]


@settings(max_examples=12, deadline=None)
@given(
    crowds(), st.sampled_from([0.5, 0.6, 0.8, 0.9, 1.0]), st.randoms(), st.integers(1, 5), st.sampled_from([1, 7, 100])
)
def test_the_result_is_that_of_brute_force_in_any_order_and_sharding(
    crowd: list[Persona], threshold: float, random: Any, blocks: int, batch: int
) -> None:
    random.shuffle(crowd)
    keys = "partition" if threshold >= 0.8 else "minhash"
    many: dict[str, Any] = {"partitions": blocks, "rounds": blocks % 3}  # none, one, two
    kept, gone = dedup(crowd, threshold=threshold, bucket_keys=keys, blocks=blocks, batch=batch, **many)
    assert kept == brute_force(crowd, threshold)
    texts = {each.persona_id: each.text for each in crowd}
    assert kept | {each.persona_id for each in gone} == set(texts)
    for each in gone:
        assert each.duplicate_of in kept
        assert each.similarity == pytest.approx(float(jaccard(each.text, texts[each.duplicate_of])), abs=1e-12)
        assert each.similarity >= threshold


def test_rounds_decide_as_one_place_that_holds_more_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chains, equal texts and those that equal them, and a template: only the template's ball comes to one place."""
    words = [f"w{i}" for i in range(900)]
    texts = [" ".join(words[i : i + 30]) for i in range(800)] + [
        " ".join(reversed(words[i : i + 30])) for i in range(9)
    ]
    texts += [" ".join([*TWELVE, *words[:12], f"x{i}"]) for i in range(80)]
    crowd = [persona(text, hop=i % 3) for i, text in enumerate(texts)]
    settings: dict[str, Any] = {"partitions": 4, "bucket_keys": "partition"}
    kept, gone = dedup(crowd, rounds=0, **settings)
    monkeypatch.setattr(representatives, "EDGES_IN_ONE_PLACE", 800)
    in_rounds, gone_in_rounds = dedup(crowd, rounds=3, **settings)
    assert in_rounds == kept == brute_force(crowd, 0.9)
    by_id = {each.persona_id: each.text for each in crowd}
    assert {each.persona_id for each in gone_in_rounds} == {each.persona_id for each in gone}
    for each in gone_in_rounds:
        assert each.duplicate_of in kept
        assert each.similarity == pytest.approx(float(jaccard(each.text, by_id[each.duplicate_of])), abs=1e-12)
    with pytest.raises(Exception, match="over 800 pairs"):
        dedup(crowd, rounds=0, **settings)


def test_large_inputs_are_decided_in_rounds() -> None:
    with beam.Pipeline(runner=FnApiRunner()) as p:
        for blocks in (999, 1000):
            personas = p | f"{blocks}" >> create([])
            personas | f"Dedup {blocks}" >> MinHashDedup(blocks=blocks)
        steps = {label for label in p.applied_labels if "Representatives/Round" in label}
    assert {label.split("/")[0] for label in steps} == {"Dedup 1000"}


@pytest.mark.parametrize(("threshold", "keys"), [(0.9, "minhash"), (0.9, "partition"), (0.6, "minhash")])
def test_keys_made_for_the_passes_between_hops_serve_the_last_one_too(threshold: float, keys: str) -> None:
    held = [persona(" ".join(TWELVE)), persona("a quiet keeper of snails and mosses")]
    first = [
        persona(without(3)),
        persona("a bold keeper of goats in Crete"),
        persona("mosses, a quiet keeper of snails"),
    ]
    second = [persona("a bold keeper of goats in Crete and of goats in Crete", hop=1), persona("a judge", hop=1)]
    expected, gone = dedup([*first, *second], held, threshold=threshold, bucket_keys=keys)
    assert 0 < len(expected) < 5
    kinds: dict[str, Any] = {"threshold": threshold, "bucket_keys": keys, "blocks": 3}
    with TemporaryDirectory() as folder:
        with beam.Pipeline(runner=FnApiRunner()) as p:
            hops = [p | f"Hop {i}" >> create(blocks_of(people, 3, 2)) for i, people in enumerate((first, second))]
            rows = (
                p
                | "Existing" >> create(blocks_of(held, 3, 2))
                | beam.MapTuple(pack_existing).with_output_types(KeyedPayload)
            )
            compared = [hop | f"Bucket {i}" >> BucketPersonas(**kinds) for i, hop in enumerate(hops)]
            compared.append(rows | "Bucket held" >> BucketPersonas(**kinds, new=False))
            out = Prepared(hops | beam.Flatten(), (rows,), tuple(compared)) | MinHashDedup(**kinds)
            out.kept | "Kept" >> Collect(Path(folder), "kept")
            out.duplicates | "Gone" >> Collect(Path(folder), "gone")
        assert {each.persona_id for _, batch in collected(Path(folder), "kept") for each in batch} == expected
        found = [each for batch in collected(Path(folder), "gone") for each in batch]
    assert sorted(found, key=lambda each: each.persona_id) == sorted(gone, key=lambda each: each.persona_id)


@settings(max_examples=4, deadline=None)
@given(crowds(), st.sampled_from([0.6, 0.8, 0.9]), st.sampled_from(["minhash", "partition"]))
def test_of_what_is_kept_all_is_kept_again(crowd: list[Persona], threshold: float, keys: str) -> None:
    keys = keys if threshold >= 0.8 else "minhash"
    kept, _ = dedup(crowd, threshold=threshold, bucket_keys=keys)
    again, gone = dedup([each for each in crowd if each.persona_id in kept], threshold=threshold, bucket_keys=keys)
    assert again == kept
    assert not gone


@pytest.mark.parametrize("threshold", [0.9, 0.6])
def test_near_duplicates_at_a_hop_are_all_that_have_an_earlier_neighbour(threshold: float) -> None:
    """Of what a hub holds, of earlier hops, or of their own; other words, or another hop, and nobody is named."""
    held = persona(" ".join(TWELVE))
    first, other = (
        persona("a quiet keeper of snails and mosses", hop=0),
        persona("a bold keeper of goats in Crete", hop=1),
    )
    near_held, near_first = persona(without(3), hop=1), persona(f"{first.text} {first.text} and", hop=1)
    twin = persona(f"{other.text} and {other.text}", hop=1)
    if threshold == 0.9:
        near_first, twin = (persona(text, hop=1) for text in (f"{first.text} mosses", f"{other.text} goats"))
    with TemporaryDirectory() as folder:
        with beam.Pipeline(runner=FnApiRunner()) as p:
            compared = tuple(
                p
                | f"Create {i}" >> create(blocks_of(people, 2, 2))
                | f"Bucket {i}" >> BucketPersonas(threshold=threshold, blocks=2)
                for i, people in enumerate(([first], [other, near_held, near_first, twin]))
            )
            rows = (
                p
                | "Existing" >> create(blocks_of([held], 2, 2))
                | "Rows" >> beam.MapTuple(pack_existing).with_output_types(KeyedPayload)
            )
            compared += (rows | "Bucket held" >> BucketPersonas(threshold=threshold, blocks=2, new=False),)
            near = compared | NearDuplicates(threshold=threshold, blocks=2, hop=1)
            near | "Near" >> Collect(Path(folder), "near")
        named = {rank for _, ranks in collected(Path(folder), "near") for rank in ranks}
    assert named == {rank_of(near_held), rank_of(near_first), rank_of(max(other, twin, key=rank_of))}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 0.4}, "--minhash_threshold 0.4"),
        ({"bucket_keys": "bands"}, "--bucket_keys bands"),
        ({"bucket_keys": "partition", "threshold": 0.7}, "from 0.8"),
        ({"blocks": 0}, "blocks is 0"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_runs(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MinHashDedup(**({"blocks": 1} | settings))
