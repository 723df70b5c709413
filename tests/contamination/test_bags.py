"""What near-duplicate samples are compared by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.contamination import bags as bags_module
from persona_hub.transforms.contamination.bags import LEAST_BAG, bag_tokens, numbered_repeats
from persona_hub.transforms.similarity.shingles import hash_tokens, token_sets


def bags(*texts: str, mask: bool = True) -> list[list[str]]:
    return bag_tokens(texts, mask).words()


def test_a_bag_has_each_word_as_often_as_it_stands() -> None:
    [bag] = bags("The red hen and the red fox eat 3 eggs of Anna Maria", mask=False)
    assert bag[:6] == ["the", "red", "hen", "and", "the 2", "red 2"]
    assert bag[-2:] == ["anna", "maria"]


def test_masked_neighbours_are_one() -> None:
    one, other = bags(
        "the red hen of Anna Maria eats 1,200 eggs and sells the rest of them all",
        "the red hen of Bob eats three eggs and sells the rest of them all",
    )
    assert one == other
    assert one.count("x") == one.count("0") == 1


def test_short_texts_have_no_bag_and_texts_of_few_words_beside_names_are_not_masked() -> None:
    short, names = bags("Aldric Stone, smith", "we are Ann, Bob, Cem, Dan and Eve of the hill")
    assert short == []
    assert {"ann", "bob", "eve"} <= set(names)
    assert bags("", "???") == [[], []]


@given(st.lists(st.text(), max_size=5))
def test_bags_are_sets_as_large_as_their_texts_have_words(texts: list[str]) -> None:
    tokens = bag_tokens(texts)
    assert len(tokens.size) == len(texts)
    assert all(size == 0 or size >= LEAST_BAG for size in tokens.size.tolist())
    assert token_sets(hash_tokens(tokens), tokens.size).size.tolist() == tokens.size.tolist()


def test_texts_that_are_looked_at_apart_have_the_same_bags(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"the red hen {'of them all ' * n} eats and sells the rest of it" for n in range(7)]
    wanted = bags(*texts)
    monkeypatch.setattr(bags_module, "TEXTS_AT_ONCE", 2)
    assert bags(*texts) == wanted
    assert bags() == []


def test_no_word_is_taken_for_the_second_of_another() -> None:
    assert len(set(numbered_repeats(["a", "a", "a2", "2", "a", "a"]))) == 6
