"""A small model repeats its prompt, its neighbours and itself; nothing of that is kept. The checks are their own,
by words, and share no code with the product's filters."""

from __future__ import annotations

import json
import re
from itertools import combinations

from tests.helpers.llama import plain
from tests.llama.conftest import Built
from tests.material.trades import TRADES

NEAR = 0.8  # of the words of two texts that are in both
HELD = 150  # characters after "the document" that may be the document
POINTING = re.compile(
    r"\b(the|this|that|above|given|following) (\w+ )?(document|text|article|passage|persona)s?\b", re.I
)
PERSONA = re.compile(r"\b(the|this|that|above|given|following) (new )?persona\b", re.I)
OPENING = re.compile(r"^\W*(sure|certainly|of course|here (is|are)|okay|as an ai)\b", re.I)


def overlap(text: str, other: str) -> float:
    """How many of the words of both texts are in both, from 0 to 1."""
    ours, theirs = set(plain(text).split()), set(plain(other).split())
    return len(ours & theirs) / max(1, len(ours | theirs))


def forms(built: Built) -> list[str]:
    """The texts of the forms in the prompts that were sent: each value of each JSON object in them."""
    questions = {message["content"] for call in built.relay.answered for message in call.asked["messages"]}
    found = [json.loads(form) for question in questions for form in re.findall(r"\{\"[^{}]*\}", question)]
    return sorted({value for form in found for value in form.values() if len(value.split()) > 2})


def kept(built: Built) -> list[str]:
    """Personas, and the parts of samples."""
    parts = [part for row in built.build.samples for part in re.split(r"\n+(?:Answer: )?", row["synthesized text"])]
    return [*built.build.personas, *parts]


def test_the_model_does_all_of_that(packaged: Built) -> None:
    """Else the tests below would show nothing."""
    answers = [value for call in packaged.relay.answered if call.finish == "stop" for value in values(call.text)]
    assert any(overlap(answer, form) > NEAR for answer in answers for form in forms(packaged))


def values(answer: str) -> list[str]:
    return [str(value) for value in json.loads(answer).values()]


def test_nothing_is_the_form_of_the_prompt(built: Built) -> None:
    wanted = forms(built)
    assert wanted
    assert [(text, form) for text in kept(built) for form in wanted if overlap(text, form) > NEAR] == []
    assert [(t, form) for t in kept(built) for form in wanted if f" {plain(form)} " in f" {plain(t)} "] == []


def test_no_persona_speaks_of_the_document_or_the_persona(built: Built) -> None:
    assert [text for text in built.build.personas if POINTING.search(text)] == []


def test_no_sample_speaks_of_the_persona(built: Built) -> None:
    assert [row for row in built.build.samples if PERSONA.search(row["synthesized text"])] == []


def test_no_sample_speaks_of_a_document_that_it_does_not_hold(built: Built) -> None:
    """A tool's description may speak of a document, and does where it says what that is ("document_id")."""
    texts = [row["synthesized text"] for row in built.build.samples]
    assert [(text, found) for text in texts if (found := dangling(text))] == []


def dangling(text: str) -> str:
    """The noun of "the document" in a text that names none otherwise and ends soon after."""
    for found in re.finditer(r"\bthe (document|text|article|passage)(?=[.,;:?!]|$)", text, re.I):
        noun = found[1].lower()
        others = re.sub(rf"\bthe {noun}\b", "", text.lower())
        if noun not in others and len(text) - found.end() < HELD:
            return noun
    return ""


def test_nothing_begins_with_an_introduction(built: Built) -> None:
    assert [text for text in kept(built) if OPENING.search(text)] == []


def test_no_persona_is_a_sentence_of_a_document(built: Built) -> None:
    sentences = [sentence for text in TRADES for sentence in re.split(r"(?<=[.:]) ", text)]
    assert [text for text in built.build.personas for sentence in sentences if overlap(text, sentence) > NEAR] == []


def test_no_persona_repeats_another(built: Built) -> None:
    assert [pair for pair in combinations(built.build.personas, 2) if overlap(*pair) > NEAR] == []


def test_no_sample_repeats_its_persona(built: Built) -> None:
    rows = built.build.samples
    assert [row for row in rows if overlap(row["synthesized text"], row["input persona"]) > NEAR] == []
