"""Two answers are EQUAL, DIFFERENT or UNDECIDED, and never falsely equal."""

from __future__ import annotations

import pickle
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.answers.compare import Verdict, compare_answers
from persona_hub.transforms.answers.formulas.trees import Node
from tests.material.equality.expressions import CLASSES, EXPRESSIONS
from tests.material.equality.forms import LANGUAGES, answers, forms
from tests.material.equality.pairs import PAIRS


def sampled(text: str, share: int) -> bool:
    """Whether a text is one of the sample: one of `share`, by its hash."""
    return zlib.crc32(text.encode()) % share == 0


def unproved(one: object, other: object) -> bool:
    """In place of a proof."""
    return False


@pytest.mark.parametrize(("stated", "other", "language", "verdict"), PAIRS)
def test_pairs_that_are_easily_mistaken(stated: str, other: str, language: str, verdict: str) -> None:
    assert compare_answers(stated, other, language).name == verdict
    assert compare_answers(other, stated, language).name == verdict


def test_no_two_answers_of_real_problems_are_falsely_equal(data: Path) -> None:
    """All pairs of the distinct answers of GSM8K and MGSM."""
    for one, other in combinations(answers(data), 2):
        same = one.replace(",", "") == other.replace(",", "")
        assert compare_answers(one, other, "en") is (Verdict.EQUAL if same else Verdict.DIFFERENT), (one, other)


def test_twelve_forms_of_a_number_in_five_languages_are_equal(data: Path) -> None:
    """Of one real answer in ten; the benchmark takes all. Other answers' forms are not equal."""
    sample = [int(answer.replace(",", "")) for answer in answers(data) if sampled(answer, 10)]
    assert len(sample) > 20
    for value in sample:
        for language in LANGUAGES:
            written = forms(value, language)
            assert len(written) == 12
            for form in written:
                assert compare_answers(form, str(value), language) is Verdict.EQUAL, (form, language)
                assert compare_answers(form, str(value + 1), language) is not Verdict.EQUAL, (form, language)
                assert compare_answers(form, f"{value}7", language) is Verdict.DIFFERENT, (form, language)


def test_the_list_has_three_hundred_expressions() -> None:
    assert len({expression for expression, _ in EXPRESSIONS}) == len(EXPRESSIONS) >= 300


def test_no_two_expressions_of_two_classes_are_equal() -> None:
    """Of one pair in ten, whatever would be proved; the benchmark takes all."""
    for (one, line), (other, another) in combinations(EXPRESSIONS, 2):
        if line != another and sampled(one + other, 10):
            assert compare_answers(one, other, "en", prove=lambda a, b: True) is not Verdict.EQUAL, (one, other)


@pytest.mark.parametrize("line", CLASSES, ids=lambda line: line[0])
def test_expressions_of_a_class_are_equal(line: tuple[str, ...]) -> None:
    for one, other in pairwise(line):
        assert compare_answers(one, other, "en") is Verdict.EQUAL


def test_without_a_proof_formulas_are_undecided() -> None:
    assert compare_answers("x^2-1", "(x-1)(x+1)", prove=unproved) is Verdict.UNDECIDED
    assert compare_answers("x^2-1", "(x-1)(x+2)", prove=unproved) is Verdict.DIFFERENT


def test_a_comparison_asks_for_few_proofs_and_for_none_after_one_that_failed() -> None:
    def asked(fails_at: int) -> int:
        proofs = []

        def prove(one: Node, other: Node) -> bool:
            proofs.append(one)
            return len(proofs) < fails_at

        one = ", ".join(f"{n}(y+1)" for n in range(2, 30))
        other = ", ".join(f"{n}y+{n}" for n in range(2, 30))
        assert compare_answers(f"({one})", f"({other})", "en", prove=prove) is Verdict.UNDECIDED
        return len(proofs)

    assert asked(fails_at=3) == 3
    assert asked(fails_at=100) == 8


def test_what_a_program_printed_is_read_in_its_own_way() -> None:
    assert compare_answers("1.234", "1234", "de", "en") is Verdict.EQUAL
    assert compare_answers("1,234", "1.234", "de", "en") is Verdict.EQUAL
    assert compare_answers("1.234", "1.234", "de", "en") is Verdict.DIFFERENT
    assert compare_answers("1.234", "1.234", "de") is Verdict.EQUAL


def test_the_same_text_is_equal_in_any_language() -> None:
    for text in ("1,234", "1.234", "5/6/2024", "whatever it is", "x^", "(1, 2)"):
        for language in ("und", "en", "de", "xx", "not a language", ""):
            assert compare_answers(text, f" {text} ", language) is Verdict.EQUAL, (text, language)


HOSTILE = (
    "1" * 10**6,
    "(" * 500 + ")" * 500,
    "9**9**9",
    "10**10**7",
    "9^9^9^9^9",
    "1e99999",
    "3000!" + "*3000!" * 120,
    "(9999.5)!" + "+(9999.5)!" * 90,
    "{" * 300,
    "\\frac{" * 150,
    "\\boxed{" * 140,
    "a," * 480,
    "((1,2)," * 100,
    "x^" * 400 + "2",
    "sin " * 240 + "x",
    "1/" * 400 + "1",
    "1," * 499,
    "万" * 900,
    "hundred " * 120,
    "1 h " * 240,
    "½" * 900,
    "\u0301" * 990,
    "exp(exp(exp(exp(10))))",
    "2^(1/64)" + "*2^(1/63)" * 100,
    "(1.5)^(999999.5)" * 50,
    "__import__('os').system('x')",
    "\x00",
    "\ud800",
)


def test_hostile_texts_cost_nothing_and_are_equal_to_nothing() -> None:
    """Each took under 0.1 s of CPU where it was measured; what is bound here is that none takes for ever."""
    begin = time.process_time()
    for text in HOSTILE:
        for other in ("12", "x+1", f"{text} + 1"):
            assert compare_answers(text, other, "en") is not Verdict.EQUAL
    assert time.process_time() - begin < 60


TEXTS = st.text(st.sampled_from(list("0123456789.,:;-+*/^!%$€()[]{}\\ xyπ二十万half and of m h°√|=<>")), max_size=20)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(["en", "de", "fr", "es", "zh", "und"]))
def test_any_two_texts_are_compared_alike_from_both_sides(one: str, other: str, language: str) -> None:
    verdict = compare_answers(one, other, language, prove=unproved)
    assert compare_answers(other, one, language, prove=unproved) is verdict


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_whole_numbers_are_equal_if_they_are(one: int, other: int) -> None:
    expected = Verdict.EQUAL if one == other else Verdict.DIFFERENT
    assert compare_answers(f"{one:,}", str(other), "en") is expected
    assert compare_answers(f"{one:,}".replace(",", "."), str(other), "de") is expected


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_a_float_equals_its_own_print_and_none_that_is_a_little_larger(value: float) -> None:
    assert compare_answers(str(value), repr(value), "en") in (Verdict.EQUAL, Verdict.UNDECIDED)
    if abs(value) > 1e-6:
        assert compare_answers(repr(value), repr(value * 1.06), "en") is not Verdict.EQUAL


def test_a_verdict_can_be_pickled_and_threads_agree() -> None:
    assert pickle.loads(pickle.dumps(Verdict.EQUAL)) is Verdict.EQUAL
    assert pickle.loads(pickle.dumps(compare_answers)) is compare_answers
    pairs = [(one, other) for one, other, language, _ in PAIRS if language == "en"] * 2
    expected = [compare_answers(one, other, "en", prove=unproved) for one, other in pairs]
    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(lambda pair: compare_answers(pair[0], pair[1], "en", prove=unproved), pairs))
    assert got == expected
