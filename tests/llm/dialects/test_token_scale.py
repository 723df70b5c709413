"""Tokens that a server does not say are reckoned in the measure of those that it does."""

from __future__ import annotations

import pytest

from persona_hub.transforms.llm.dialects.answers import reckoned_input
from persona_hub.transforms.llm.dialects.token_scale import LEAST_LEARNED, TokenScale
from persona_hub.transforms.llm.protocol import Completion, Request

TEXT = "A keeper of clocks who writes down every winter. "


def asked(words: int) -> Request:
    """A request of some length."""
    return Request("t", "", TEXT * words, "h")


def silent(words: int, scale: TokenScale) -> Completion:
    """An answer without a usage, as it comes out."""
    answer = Completion(TEXT * words, reckoned_input(asked(words)), -(-len(TEXT) * words * 10 // 42), estimated=True)
    return scale.adjusted(asked(words), answer)


@pytest.mark.parametrize("measure", [0.8, 1.0, 1.3])
def test_a_silent_answer_is_reckoned_as_the_server_counts(measure: float) -> None:
    scale = TokenScale()
    for words in range(1, 30):
        tokens = round(reckoned_input(asked(words)) * measure), round(len(TEXT) * words / 4.2 * measure)
        told = Completion(TEXT * words, *tokens)
        assert scale.adjusted(asked(words), told) is told
    found = silent(40, scale)
    assert found.estimated
    assert found.input_tokens == pytest.approx(reckoned_input(asked(40)) * measure, rel=0.02)
    assert found.output_tokens == pytest.approx(len(TEXT) * 40 / 4.2 * measure, rel=0.02)


def test_few_answers_teach_nothing_and_nonsense_little() -> None:
    scale = TokenScale()
    plain = silent(10, scale)
    for _ in range(LEAST_LEARNED - 1):
        scale.adjusted(asked(1), Completion(TEXT, 5000, 5000))
    assert silent(10, scale) == plain
    scale.adjusted(asked(1), Completion(TEXT, 5000, 5000))
    assert silent(10, scale).input_tokens == 2 * plain.input_tokens


def test_what_the_server_does_say_stays() -> None:
    scale = TokenScale()
    for _ in range(LEAST_LEARNED):
        scale.adjusted(asked(1), Completion(TEXT, 30, 30))
    half = Completion(TEXT, 77, 12, estimated=True)  # its input was said, its output was not
    assert scale.adjusted(asked(1), half).input_tokens == 77
