"""Addresses in a text: what an index of many finds is what a pattern of each would find."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.purge.mentions import Mentions

texts_of_few_letters = st.text("ab/é .", max_size=12)


@given(addresses=st.lists(texts_of_few_letters, max_size=6), text=texts_of_few_letters)
def test_it_finds_what_a_pattern_of_each_address_finds(addresses: list[str], text: str) -> None:
    found = any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text) for one in addresses if one)
    assert Mentions(addresses).anywhere(text) == found


def test_fifty_thousand_addresses_take_few_comparisons() -> None:
    addresses = Mentions(f"https://example.org/{n}" for n in range(50_000))
    letter = '{"url": "https://example.org/499999", "text": "' + "https://example.org/x " * 12
    assert not any(addresses.anywhere(letter) for _ in range(100))  # 50,000 patterns each would take minutes
    assert addresses.anywhere(letter + "https://example.org/49999")
