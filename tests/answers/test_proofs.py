"""Formulas are proved equal in a process of its own, which may be slow, crash, or be asked from a fork."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from persona_hub.transforms.answers.compare import Verdict, compare_answers
from persona_hub.transforms.answers.formulas import proofs
from persona_hub.transforms.answers.formulas.proofs import PROVED, UNPROVED, latex, prove, proved, prover
from persona_hub.transforms.answers.formulas.trees import formula_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x^2-1", r"\left(x^{2}\right) + \left(-1\right)"),
        ("1/3", r"\frac{1}{3}"),
        ("2*x/(y+1)", r"\frac{2 \cdot x}{\left(y + 1\right)}"),
        ("\\sqrt[3]{x}", r"x^{\frac{1}{3}}"),
        ("log2(8)", r"\frac{\ln\left(8\right)}{\ln\left(2\right)}"),
        ("sin 30°", r"\sin\left(\frac{30 \cdot \pi}{180}\right)"),
        ("x_1 + alpha!", r"x_{1} + \left(\alpha!\right)"),
        ("|x| exp(y)", r"\left(\left|x\right|\right) \cdot \left(e^{y}\right)"),
        ("arcsin(z)", r"\arcsin\left(z\right)"),
    ],
)  # fmt: skip
def test_formulas_are_written_as_latex_with_nothing_left_out(text: str, expected: str) -> None:
    assert latex(formula_of(text)) == expected


def test_what_is_equal_is_proved_and_what_is_not_is_not() -> None:
    def proof(one: str, other: str) -> str:
        return prove(latex(formula_of(one)), latex(formula_of(other)))

    assert proof("(x+1)^2", "x^2+2x+1") == PROVED
    assert proof("\\sin^2 x + \\cos^2 x", "1") == PROVED
    assert proof("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2") == PROVED
    assert proof("(x+1)^2", "x^2+2x+2") == UNPROVED
    assert proof("\\sqrt{2}", "\\sqrt{3}") == UNPROVED


def test_a_proof_that_takes_too_long_or_crashes_is_none_and_the_next_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compare_answers("2(y+1)", "2y+2") is Verdict.EQUAL
    other = prover.ready()
    os.kill(other.process.pid, signal.SIGSTOP)  # as one that is lost in a simplification
    monkeypatch.setattr(proofs, "PROOF_SECONDS", 0.2)
    assert compare_answers("3(y+1)", "3y+3") is Verdict.UNDECIDED
    monkeypatch.undo()
    assert compare_answers("4(y+1)", "4y+4") is Verdict.EQUAL
    prover.ready().process.kill()  # between two comparisons: the next is not its fault
    prover.ready().process.wait()
    assert compare_answers("5(y+1)", "5y+5") is Verdict.EQUAL


def test_it_is_not_asked_about_numbers_typed_values_and_formulas_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(one: str, other: str, seconds: float) -> str:
        raise AssertionError((one, other))

    monkeypatch.setattr(proofs, "prover", asked)
    for one, other in (("1/2004!", "1/2006!"), ("1e3", "1000"), ("2 h", "120 min"), ("{1, 2}", "{2, 1}"), ("x", "x+1")):
        assert compare_answers(one, other) in (Verdict.EQUAL, Verdict.DIFFERENT)


def in_fork() -> None:
    """In a fork: exits with 0 if a formula is proved by a process of its own."""
    parent = prover.process
    verdict = compare_answers("6(y+1)", "6y+6")
    process = prover.process
    os._exit(0 if verdict is Verdict.EQUAL and parent is None and process and process.owner == os.getpid() else 1)


def test_a_fork_has_a_process_of_its_own_also_if_a_thread_was_asking() -> None:
    assert compare_answers("7(y+1)", "7y+7") is Verdict.EQUAL
    parents = prover.process
    with prover._lock:  # as a thread that asks while another forks
        fork = multiprocessing.get_context("fork").Process(target=in_fork)
        fork.start()
    fork.join(120)
    assert fork.exitcode == 0
    assert prover.process is parents
    assert compare_answers("8(y+1)", "8y+8") is Verdict.EQUAL


def test_it_ends_with_the_process_that_asked() -> None:
    code = (
        "from persona_hub.transforms.answers.compare import compare_answers\n"
        "from persona_hub.transforms.answers.formulas.proofs import prover\n"
        "assert compare_answers('9(y+1)', '9y+9').name == 'EQUAL'\n"
        "print(prover.process.process.pid)"
    )
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("it is still there")


def test_neither_beam_nor_sympy_is_loaded_where_answers_are_compared() -> None:
    code = (
        "import sys\n"
        "from persona_hub.transforms.answers.compare import compare_answers\n"
        "assert compare_answers('x+1', '1+x').name == 'EQUAL'\n"
        "assert not {'apache_beam', 'sympy', 'math_verify', 'antlr4', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_is_kept() -> None:
    one, other = formula_of("10(y+1)"), formula_of("10y+10")
    assert proved(one, other)
    before = proved.cache_info().hits
    assert proved(one, other)
    assert proved.cache_info().hits == before + 1
