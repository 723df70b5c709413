"""Which languages may be asked for: those that the detectors know, by the detectors' own codes."""

from __future__ import annotations

import pycld2
import pytest

from persona_hub.transforms.corpus.language import CLD2_ALONE, CLD2_CODES, CLD2_NO_LANGUAGES, MACRO_LANGUAGES, _detector
from persona_hub.transforms.corpus.language_codes import (
    ALIASES,
    LANGUAGE_CODES,
    code_of,
    document_language,
    persona_language,
)


def test_the_codes_are_those_of_the_detectors() -> None:
    labels = {found["lang"] for found in _detector().detect("hello", model="lite", k=1000, threshold=-1.0)}
    fasttext = {MACRO_LANGUAGES.get(label, label) for label in labels}
    names = dict(pycld2.LANGUAGES)
    own = {names.get(name) or names[name.upper()] for name in pycld2.DETECTED_LANGUAGES if name != "ChineseT"}
    cld2 = {CLD2_CODES.get(code, code) for code in own} - CLD2_NO_LANGUAGES
    assert cld2 - labels == CLD2_ALONE
    assert fasttext | cld2 | {"nn"} == LANGUAGE_CODES
    assert set(ALIASES.values()) <= LANGUAGE_CODES


@pytest.mark.parametrize(
    ("given", "code"), [("same", "same"), ("de", "de"), ("ceb", "ceb"), ("fil", "tl"), ("yue", "zh")]
)
def test_a_language_has_one_code(given: str, code: str) -> None:
    assert persona_language(given) == code


@pytest.mark.parametrize(
    ("given", "close"),
    [
        ("deu", "; codes close to it: de"),
        ("zh-CN", "; codes close to it: zh"),
        ("EN", "; codes close to it: en"),
        ("", "''$"),
    ],
)
def test_another_code_is_refused_with_those_close_to_it(given: str, close: str) -> None:
    with pytest.raises(ValueError, match=close):
        persona_language(given)


@pytest.mark.parametrize(
    ("given", "code"),
    [("eng", "en"), ("German", "de"), ("zh-Hans", "zh"), ("fil", "tl"), ("Vietnamse", "vi"), ("xx", ""), ("", "")],
)
def test_what_may_be_meant_by_another_name_of_a_language(given: str, code: str) -> None:
    assert code_of(given) == code


def test_documents_are_chosen_by_codes_of_the_detectors() -> None:
    assert document_language("fil") == "tl"
    with pytest.raises(ValueError, match=r"'EN' is no code .*; did you mean en\?$"):
        document_language("EN")
