"""Prices and tokens: which row counts, what a text comes to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.calls.tokens import tokens_of
from persona_hub.transforms.llm.prices import Price, PriceError, price_of, required_price, rows

TABLE = """
batch: 0.25
models:
  - {model: 'openai:exact-mini', input: 1, output: 2}
  - {model: 'openai:exact*', input: 3, output: 4}
  - {model: '*', input: 0, output: 0}
"""


@pytest.fixture
def table(tmp_path: Path) -> str:
    file = tmp_path / "prices.yaml"
    file.write_text(TABLE)
    return str(file)


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("openai:exact-mini", Price(1, 2, 0.25)),
        ("openai:exact", Price(3, 4, 0.25)),
        ("openai:EXACT-mini", Price(0, 0, 0.25)),
        ("vertex:other", Price(0, 0, 0.25)),
    ],
)
def test_the_first_row_that_fits_counts(model: str, price: Price, table: str) -> None:
    assert price_of(model, price_file=table) == price
    assert price_of(model, base_url="http://mine", price_file=table) == price


def test_a_price_that_is_required_and_unknown_is_an_error_with_the_row_to_write() -> None:
    with pytest.raises(PriceError, match=r'models: \[\{model: "openai:mine", input: USD, output: USD\}\]') as error:
        required_price("openai:mine", "http://here", "")
    for word in ("at http://here", "--price_file", "--budget_tokens"):
        assert word in str(error.value)


def test_half_of_the_price_is_what_batches_cost_unless_told() -> None:
    assert [price for _, price in rows("models: [{model: a, input: 1, output: 1.5}]", "own")] == [Price(1, 1.5, 0.5)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [\nb", "no YAML at line"),
        ("", "must be a list `models`"),
        ("models: {a: 1}", "must be a list `models`"),
        ("models: [5]", "row 1 of models"),
        ("models: [{model: a, input: 1, output: 1}, {model: 7, input: 1, output: 1}]", "row 2 of models"),
        ("models: [{model: a, input: true, output: 1}]", "input of a is True"),
        ("models: [{model: a, input: .inf, output: 1}]", "input of a is inf"),
        ("models: [{model: a, input: .nan, output: 1}]", "input of a is nan"),
        ("batch: cheap\nmodels: []", "batch is 'cheap'"),
    ],
)
def test_a_table_that_is_wrong_says_where(text: str, said: str) -> None:
    with pytest.raises(PriceError) as error:
        list(rows(text, "own.yaml"))
    assert said in str(error.value)
    assert "own.yaml" in str(error.value)


# ---- tokens


@given(st.text(), st.text())
def test_tokens_of_two_texts_are_those_of_both(one: str, other: str) -> None:
    assert tokens_of(one + other) == pytest.approx(tokens_of(one) + tokens_of(other))


@given(st.text(min_size=1))
def test_a_text_has_at_least_a_token_for_five_characters_and_at_most_one_for_each(text: str) -> None:
    assert len(text) / 5 <= tokens_of(text) <= len(text)


@pytest.mark.parametrize(
    ("dense", "sparse"),
    [("漢字", "letters"), ("12", "ab"), ("ひら", "кириллица"), ("한글", "العربية"), ("ü", "u")],
)
def test_some_scripts_take_more_tokens_for_a_character(dense: str, sparse: str) -> None:
    assert tokens_of(dense) / len(dense) > tokens_of(sparse) / len(sparse)
