"""What a choice asks for, how its numbers are shared, and the order of personas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.choice.choice import Choice, Method, parse_method, stratum_of
from persona_hub.transforms.choice.columns import ChoiceError, Column, JoinedRow
from persona_hub.transforms.choice.order import drawn_place
from persona_hub.transforms.choice.shares import equal_shares
from tests.material.personas import persona


@pytest.mark.parametrize("text", ["random", "diverse", "stratified:language", "stratified:hop,given.'marital status'"])
def test_a_method_is_printed_as_it_is_typed(text: str) -> None:
    assert str(parse_method(f" {text} ")) == text


def test_strata_are_named_by_their_values() -> None:
    method = parse_method("stratified: language , hop")
    assert method == Method("stratified", (Column("language"), Column("hop")))
    stratum = stratum_of(method.columns)
    here = stratum(JoinedRow(persona("A potter", language="de", hop=2)))
    assert here == stratum(JoinedRow(persona("A baker", language="DE", hop=2)))
    assert here != stratum(JoinedRow(persona("A potter", language="de", hop=1)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("best", "there are random, diverse and stratified"),
        ("", "there are random, diverse and stratified"),
        ("random:language", "random takes no columns"),
        ("stratified", "name the columns of the strata"),
        ("stratified:language,", "the end where a column is wanted"),
        ("stratified:language hop", "'hop' where `,` or the end is wanted"),
        ("stratified:lang", "no column 'lang'; there are persona_id, text"),
        ("stratified:hop,hop", "each once"),
        ("stratified:language,hop,source,model,origin", "at most 4 columns"),
    ],
)
def test_a_wrong_method(text: str, said: str) -> None:
    with pytest.raises(ChoiceError, match=said):
        parse_method(text)


@pytest.mark.parametrize(
    ("samples", "each", "personas", "of_last"),
    [(0, 1, 0, 1), (0, 3, 0, 3), (10, 1, 10, 1), (5, 3, 2, 2), (6, 3, 2, 3), (2, 3, 1, 2), (7, 3, 3, 1)],
)
def test_samples_are_what_is_counted(samples: int, each: int, personas: int, of_last: int) -> None:
    choice = Choice(samples=samples, each=each)
    assert (choice.personas, choice.samples_of_last) == (personas, of_last)
    assert not samples or (personas - 1) * each + of_last == samples


def test_a_choice_is_told() -> None:
    assert Choice(samples=9).told == ""
    every = Choice(where="hop<2", method=Method("diverse"), seed=3)
    assert every.told == "where hop<2 diverse seed 3"


STRATA = st.dictionaries(st.text("abc", max_size=3), st.integers(0, 40), max_size=8)


@given(STRATA, st.integers(0, 120))
def test_shares_are_as_alike_as_rows_allow(rows: dict[str, int], n: int) -> None:
    shares = equal_shares(rows, n)
    assert sum(shares.values()) == min(n, sum(rows.values()))
    assert all(0 <= shares[name] <= rows[name] for name in rows)
    could_give_more = [shares[name] for name in rows if shares[name] < rows[name]]
    assert not could_give_more or max(shares.values()) <= min(could_give_more) + 1
    assert equal_shares(dict(reversed(rows.items())), n) == shares


def test_what_cannot_be_parted_goes_to_the_largest_strata() -> None:
    assert equal_shares({"de": 100, "en": 5000, "ja": 2, "pt": 100}, 12) == {"de": 3, "en": 4, "ja": 2, "pt": 3}
    assert equal_shares({"a": 5, "b": 5, "c": 9}, 2) == {"a": 1, "b": 0, "c": 1}


def test_a_seed_gives_another_order_and_none_that_of_the_ids() -> None:
    ids = [persona(f"A potter of {n} pots").persona_id for n in range(30)]
    orders = [[one for _, one in sorted(drawn_place(one, seed) for one in ids)] for seed in (0, 1, 2)]
    assert orders[0] == sorted(ids)
    assert len({tuple(order) for order in orders}) == 3
    assert drawn_place("ab" * 16, 1) == ("2ef12218106e8119", "ab" * 16), "kept from release to release"
