"""Untrusted texts in a Markdown page."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.training.card.escaping import code, code_block, prose

BAD = ["<b>", "[x](y)", "![x](y)", "a | b", "`c`", "# h", "*s*", "_s_", "&lt;", "~~x~~", "$x$", "\\", "- x", "1. x"]


@pytest.mark.parametrize("text", [*BAD, "https://evil.example/x", "www.evil.example", "@all", "^1", "==", '"'])
def test_markup_is_shown_as_it_is(text: str) -> None:
    shown = prose(text)
    assert html.unescape(shown) == text
    assert not set("<>[]()|`*_~$\\@^") & set(shown)
    assert "://" not in shown
    assert "www." not in shown
    assert not shown.startswith(("#", "- ", "1. ")) or shown.startswith("&#")


@given(st.text())
def test_nothing_leaves_its_line_or_its_cell(text: str) -> None:
    for shown in (prose(text), code(text)):
        assert len(shown.splitlines()) <= 1
        assert "|" not in shown
        assert all(c.isprintable() for c in shown)


@given(st.text(alphabet="`a| \n"))
def test_code_ends_where_its_fence_does(text: str) -> None:
    shown = code(text)
    fence = shown[: len(shown) - len(shown.lstrip("`"))]
    assert shown.endswith(fence)
    inside = shown[len(fence) : -len(fence)]
    assert fence not in [run for run in inside.replace("a", " ").replace("\u00a6", " ").split(" ") if run]


@given(st.text(alphabet="`a\n~"))
def test_no_line_closes_a_block(text: str) -> None:
    first, *lines, last = code_block(text, "sh").split("\n")
    assert first == f"{last}sh"
    assert not [line for line in lines if last in line]
