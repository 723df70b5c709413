"""FilterPersona: what goes on, what does not and why, in many languages."""

from __future__ import annotations

import pytest
from apache_beam import Create, Pipeline
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.filter_persona.filter_persona import FilterPersona, FilterRules, examine, one_line
from persona_hub.transforms.records import Persona, persona_id
from persona_hub.transforms.wire.batches import Batch
from tests.material.answers import ECHOES, GOOD, INTRODUCTIONS, NAME_THE_DOCUMENT, NOT_PERSONS, REFUSALS


def a_persona(text: str, language: str = "en") -> Persona:
    return Persona(persona_id(text), text, "text", 0, "", "read", "d" * 32, "page 7", language, "offline", "abc")


def reason(text: str, language: str = "und", **rules: object) -> str:
    """Why `text` does not go on, "" if it does."""
    result = examine(a_persona(text, language), FilterRules(**rules))  # type: ignore[arg-type]
    return result if isinstance(result, str) else ""


@pytest.mark.parametrize(("language", "text"), GOOD)
def test_a_person_goes_on_unchanged(language: str, text: str) -> None:
    persona = a_persona(text, language)
    assert examine(persona, FilterRules()) is persona


def test_lengths_are_bounded() -> None:
    assert reason("") == reason("  \n\t ") == reason("...!") == reason("12345") == "empty"
    assert reason("nurse", min_characters=6) == "too-short"
    assert reason("护士长", min_characters=6) == ""  # Han says in one character what takes others two
    assert reason("x" * 10_000) == "too-long"


def test_untrusted_text_comes_out_as_data() -> None:
    text = "A \u202enurse\u202c who\nsays\0<b>hello</b>\u2028<script>alert(1)</script>\u200b"
    result = examine(a_persona(text), FilterRules())
    assert isinstance(result, Persona)
    assert result.text == "A nurse who says <b>hello</b> <script>alert(1)</script>"
    assert result.persona_id == persona_id(result.text)


@given(st.text())
def test_cleaning_is_idempotent_and_on_one_line(text: str) -> None:
    once = one_line(text)
    assert one_line(once) == once
    assert len(once.splitlines()) <= 1


@pytest.mark.parametrize(
    ("given", "turned"),
    [
        ("You are a nurse who works nights.", "A nurse who works nights."),
        (
            "You are a weaving teacher. You help beginners set up their looms.",
            "A weaving teacher. They help beginners set up their looms.",
        ),
        (
            "You’re an eel trapper, and you mend your own pots before you sell yourself short.",
            "An eel trapper, and they mend their own pots before they sell themselves short.",
        ),
        (
            "you are the keeper of a lighthouse; you've seen nine storms",
            "The keeper of a lighthouse; they've seen nine storms",
        ),
    ],
)
def test_who_addresses_the_reader_is_put_in_the_third_person_where_that_is_sure(given: str, turned: str) -> None:
    result = examine(a_persona(given), FilterRules())
    assert isinstance(result, Persona)
    assert (result.text, result.persona_id) == (turned, persona_id(turned))
    assert examine(result, FilterRules()) is result


def test_what_is_turned_must_be_a_person_too() -> None:
    assert reason("You are an AI assistant") == "instructions-echoed"
    assert reason("You are a company that builds wind turbines") == "not-a-person"
    assert reason("You are a colleague of the persona above") == "names-the-persona"
    assert reason("You are a nurse whose patients thank you") == "addresses-reader"


@pytest.mark.parametrize(
    ("text", "language", "outcome"),
    [  # habits of models, one of each kind
        (
            "Name: Ingeborg Tvedt. Role: bell founder, write to i.tvedt@bells.example or +47 22 55 01 93",
            "en",
            "Name: someone. Role: bell founder, write to an e-mail address or a phone number",
        ),
        ("Una panadera que cuece el pan en el horno de leña de su abuela", "en", "wrong-language"),
        ("A person who would be interested in this document", "en", "names-the-document"),
        (
            "You are a chess tutor. You teach children to lose well.",
            "en",
            "A chess tutor. They teach children to lose well.",
        ),
        ("Sure! Here is a persona: a baker", "en", "introduction"),
    ],
)
def test_habits_of_models(text: str, language: str, outcome: str) -> None:
    result = examine(a_persona(text, language), FilterRules())
    assert (result if isinstance(result, str) else result.text) == outcome


CONTACT = "A nurse who answers at mary@example.com or +49 30 1234567"


def test_pii_modes() -> None:
    persona = a_persona(CONTACT)
    scrubbed = examine(persona, FilterRules(pii="scrub"))
    assert isinstance(scrubbed, Persona)
    assert scrubbed.text == "A nurse who answers at an e-mail address or a phone number"
    assert scrubbed.persona_id == persona_id(scrubbed.text) != persona.persona_id
    assert examine(persona, FilterRules(pii="drop")) == "contact-data"
    assert examine(persona, FilterRules(pii="keep")) is persona


@pytest.mark.parametrize(
    ("text", "language", "scrubbed"),
    [
        ("A huge fan of Dolly Parton's songs", "en", "A huge fan of someone's songs"),
        ("Eine Schülerin von Hannah Arendt", "de", "Eine Schülerin von jemandem"),
        ("Поклонник Фёдора Достоевского", "ru", "Поклонник N."),
        ("一位喜欢玛丽·居里的学生", "zh", "一位喜欢某人的学生"),
    ],
)
def test_names_in_every_mode(text: str, language: str, scrubbed: str) -> None:
    persona = a_persona(text, language)
    result = examine(persona, FilterRules(pii="scrub"))
    assert isinstance(result, Persona)
    assert (result.text, result.persona_id) == (scrubbed, persona_id(scrubbed))
    assert examine(result, FilterRules(pii="drop")) is result  # what is scrubbed once has nothing left
    assert examine(persona, FilterRules(pii="drop")) == "personal-name"
    assert examine(persona, FilterRules(pii="keep")) is persona


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ein Bäcker, Tel. 030/23123456", "de"),
        ("Una médica, jose@ejemplo.es", "es"),
        ("一位老师，电话13812345678", "zh"),
        ("طبيبة رقمها ٠٥٥١٢٣٤٥٦٧ في جدة", "ar"),
        ("एक डॉक्टर, फ़ोन ९८७६५ ४३२१०", "hi"),
        ("Художница, сайт пример.рф", "ru"),
    ],
)
def test_contact_data_of_any_language_drops_a_persona_where_wanted(text: str, language: str) -> None:
    assert reason(text, language, pii="drop") == "contact-data"
    assert reason(text, language, pii="scrub") == ""


@pytest.mark.parametrize("mode", ["scrub", "drop", "keep"])
def test_dead_letters_do_not_leak(mode: str) -> None:
    good, bad = a_persona("A nurse"), a_persona("I'm sorry, but I can't describe mary@example.com, 030 1234567")
    with Pipeline(runner=FnApiRunner()) as pipeline:
        filtered = pipeline | Create([Batch([good, bad])]) | FilterPersona(pii=mode)
        letters = filtered.dead_letters | "Rows" >> beam_rows()
        assert_that(filtered.personas, equal_to([Batch([good])]), "kept")
        shown = "mary@example.com" if mode == "keep" else "an e-mail address"
        assert_that(letters, has_one(shown, leaks=mode == "keep"), "dead")


def beam_rows():
    from apache_beam import FlatMap

    return FlatMap(lambda batch: batch)


def has_one(shown: str, leaks: bool):
    def check(letters):
        (letter,) = letters
        assert (letter.stage, letter.reason) == ("filter_persona", "refusal")
        assert shown in letter.excerpt
        assert ("mary@" in letter.excerpt) == leaks
        assert "page 7" in letter.detail

    return check


def test_every_persona_is_kept_or_has_a_reason() -> None:
    personas = Batch(a_persona(text, language) for language, text in GOOD)
    lost = Batch(a_persona(text, "und") for text in REFUSALS + NOT_PERSONS + ECHOES + INTRODUCTIONS + NAME_THE_DOCUMENT)
    with Pipeline(runner=FnApiRunner()) as pipeline:
        filtered = pipeline | Create([personas, lost]) | FilterPersona()
        assert_that(filtered.personas | "Kept" >> beam_rows(), equal_to(list(personas)), "kept")
        dead = filtered.dead_letters | "Dead" >> beam_rows()

        def keys(letters):
            assert sorted(letter.key for letter in letters) == sorted(persona.persona_id for persona in lost)

        assert_that(dead, keys, "dead")


@pytest.mark.parametrize(
    ("field", "value"),
    [("pii", "hide"), ("min_characters", 0), ("max_characters", 2)],
)
def test_a_wrong_flag_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        FilterPersona(**{field: value})  # type: ignore[arg-type]


def test_the_language_is_one_that_the_detector_knows() -> None:
    assert FilterPersona(persona_language="fil").persona_language == "tl"
    assert reason("Isang guro sa elementarya na nagtatanim ng mga gulay kasama ng mga mag-aaral", "tl") == ""
    with pytest.raises(ValueError, match="not 'German'"):
        FilterPersona(persona_language="German")
