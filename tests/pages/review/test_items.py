"""Which samples are rated, in which order and pairs: by hash, whatever the order they are read in."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import fields, replace

import orjson
import pytest

from persona_hub.pipelines.pages.review.items import of_lowest_hash, read_origin, review_of
from persona_hub.pipelines.pages.review.page import review_page
from tests.helpers.pages.raters import item

HUNDRED = [item(n) for n in range(100)]
OTHERS = [item(n, "none", text=f"Add {n}!") for n in range(50, 150)]


def test_the_same_samples_in_the_same_order_however_they_are_read() -> None:
    review = review_of([lambda: iter(HUNDRED)], 20)
    assert review == review_of([lambda: iter(HUNDRED[::-1])], 20)
    assert len(set(review.items)) == 20
    assert review.digest == review_of([lambda: iter([*HUNDRED, *HUNDRED])], 20).digest
    assert set(review_of([lambda: iter(HUNDRED)], 20, seed=1).items) != set(review.items)


def test_a_sample_of_many_batches_is_that_of_one() -> None:
    many = [item(n) for n in range(3000)]
    assert (
        set(of_lowest_hash(many, 5, 0)) == set(of_lowest_hash(many[::-1], 5, 0)) == set(of_lowest_hash(many, 50, 0)[:5])
    )


def test_pairs_are_of_one_persona_and_their_items_are_rated_too() -> None:
    review = review_of([lambda: iter(HUNDRED), lambda: iter(OTHERS)], 40)
    assert len(review.pairs) == 20
    for pair in review.pairs:
        assert pair.left.persona_id == pair.right.persona_id
        assert {pair.left.arm, pair.right.arm} == {"hub", "none"}
    assert set(review.items) == {one for pair in review.pairs for one in pair}
    assert review == review_of([lambda: iter(OTHERS), lambda: iter(HUNDRED)], 40)  # neither arm is the first
    sides = Counter(pair.left.arm for pair in review.pairs)
    assert min(sides["hub"], sides["none"]) >= 5


@pytest.mark.parametrize("use_case", ["math", "", "tool"])
def test_where_no_persona_is_in_common_samples_are_paired_as_their_hashes_lie(use_case: str) -> None:
    without = [item(n, "none", persona="", persona_id="", use_case=use_case) for n in range(30)]
    review = review_of([lambda: iter(HUNDRED), lambda: iter(without)], 20)
    assert len(review.pairs) == 10
    assert len(review.items) == 20


def test_what_the_page_holds_of_where_a_sample_is_from_is_not_to_be_read() -> None:
    review = review_of([lambda: iter(HUNDRED), lambda: iter(OTHERS)], 10)
    text = review_page(review)
    for word in ("offline", '"hub"', '"none"', item(1).persona_id):
        assert word not in text
    assert read_origin(item(1, "none").origin) == item(1, "none").hidden


@pytest.mark.parametrize("origin", ["", "x", "!", base64.b64encode(orjson.dumps(["id", "0", "m", "a"])).decode()])
def test_an_origin_that_is_none(origin: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of three libraries
        read_origin(origin)


def test_every_part_of_a_sample_is_in_its_id() -> None:
    known = item(1)
    changed = [replace(known, number=1)]
    others = [one.name for one in fields(known) if one.name != "number"]
    changed += [replace(known, **{name: "x"}) for name in others]  # type: ignore[arg-type]
    assert len({one.id for one in [known, *changed]}) == 8
