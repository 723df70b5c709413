"""What a text is about, without a model: its key phrases, its field of life, and our own sentences read back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.offline_model.phrasebook import LANGUAGES, Sentence, field_of, phrasebook
from persona_hub.transforms.offline_model.reading import (
    book_for,
    on_one_line,
    read_document,
    read_persona,
    without_code,
)


def phrases(text: str, language: str) -> list[str]:
    return list(read_document(text, language, book_for("de" if language not in LANGUAGES else language)).phrases)


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("en", "A window regulator for cars is sold here, and a window regulator of steel lasts.", "window regulators"),
        ("en", "The spread of wildfires follows the wind. We map the spread of wildfires.", "the spread of wildfires"),
        ("de", "Die Energiewende verändert die Stromnetze. Man plant Netze für die Energiewende.", "Energiewende"),
        ("es", "La energía solar abarata la luz. Muchos pueblos instalan paneles de energía solar.", "energía solar"),
        ("fr", "La sécurité alimentaire dépend du blé. Étudions la sécurité alimentaire.", "sécurité alimentaire"),
        ("it", "La sicurezza stradale migliora. I comuni investono nella sicurezza stradale.", "sicurezza stradale"),
        ("ar", "يدرس الباحثون حقوق الإنسان في الصحراء. تحمي الدولة حقوق الإنسان في القرى.", "حقوق الإنسان"),
        ("pl", "Tanieje energia odnawialna. Sieci zmienia energia odnawialna.", "energia odnawialna"),
        ("ja", "再生可能エネルギーの研究が進む。村は再生可能エネルギーを使う。", "再生可能エネルギー"),
        ("zh", "海狸水坝减缓河流。生态学家研究海狸水坝。", "海狸水坝"),
    ],
)  # fmt: skip
def test_the_best_phrase_is_what_the_text_is_about(language: str, text: str, first: str) -> None:
    assert phrases(text, language)[0] == first


def test_phrases_do_not_overlap_and_names_stay_out() -> None:
    text = (
        "Coral reef restoration needs patience. Divers glue coral fragments to the reef, and Jane Whitcomb counts "
        "the coral fragments. Sea temperature decides whether coral reef restoration lasts."
    )
    found = phrases(text, "en")
    stems = [word[:6] for phrase in found for word in phrase.split() if len(word) > 3]
    assert len(stems) == len(set(stems)) > 4
    assert not any("whitcomb" in phrase.lower() for phrase in found)


def test_phrases_of_another_language_are_quoted_in_english() -> None:
    text = "Tanieje energia odnawialna. Sieci zmienia energia odnawialna."
    assert read_document(text, "pl", phrasebook("en")).phrases[0] == "“energia odnawialna”"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300), st.sampled_from([*sorted(LANGUAGES), "pl", "xx"]))
def test_any_text_has_few_phrases(text: str, language: str) -> None:
    assert len(phrases(text, language)) <= 8
    assert on_one_line(on_one_line(text)) == on_one_line(text)
    assert on_one_line(text).isprintable()


@pytest.mark.parametrize(
    ("language", "words", "field"),
    [
        ("en", "court judge appeal contract", "law"),
        ("de", "krankenhausflur", "medicine"),  # by its longest known beginning
        ("ru", "суд судья", "law"),
        ("zh", "法院 法官", "law"),
        ("en", "xyzzy", "general"),
    ],
)
def test_the_field_of_life_is_what_most_words_point_to(language: str, words: str, field: str) -> None:
    assert field_of(words.split(), language) == field


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("see https://a.example/b or a@b.example soon", "see . or . soon"),
        ("C:\\dir file_name x=1 #tag $5 /etc", ". . . . . ."),
        ("a\u200bb\u202ec\ufeff", "abc"),
    ],
)
def test_links_and_code_are_no_words(text: str, cleaned: str) -> None:
    assert without_code(text) == cleaned


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_persona_of_ours_is_read_back_as_it_was_made(language: str) -> None:
    book = phrasebook(language)
    for field in book.fields.values():
        role = field.pros[0]
        slots = {name: name.upper() for name in ("p", "q", "topic", "parent")}
        slots |= {"role": role, "Role": role, "aim": field.aims[0]}
        for sentence in (one for sentences in book.ask.values() for one in sentences):
            read = book.read(sentence.fill(slots, book.feminine(role)))
            assert read is not None, (field.name, sentence.forms)
            assert {read.get("p", "P"), read.get("q", "Q")} == {"P", "Q"}, sentence.forms


def test_a_persona_of_somebody_elses_is_a_neighbour() -> None:
    book, matter = read_persona("I'm a night-shift nurse from Leeds, tired of double shifts", "en")
    assert (book.language, matter.head) == ("en", "a neighbour")
    assert matter.phrases


literals = st.text(st.sampled_from("abc ,."), min_size=1, max_size=6)
fillings = st.text(st.sampled_from("XYZ"), min_size=1, max_size=8)


@settings(max_examples=50)
@given(start=literals, middle=literals, end=literals, p=fillings, q=fillings)
def test_a_sentence_gives_back_what_it_was_filled_with(start: str, middle: str, end: str, p: str, q: str) -> None:
    sentence = Sentence(f"{start}{{p}}{middle}{{q}}{end}")
    filled = sentence.fill({"p": p, "q": q})
    read = sentence.read(filled)
    assert read is not None
    assert sentence.fill(read) == filled


def test_a_sentence_agrees_with_its_role() -> None:
    sentence = Sentence("{Role}, [der/die] zum Thema „{p}“ liest")
    slots = {"Role": "Eine Hydrologin", "p": "{q} [a/b]"}
    assert sentence.fill(slots, feminine=True) == "Eine Hydrologin, die zum Thema „{q} [a/b]“ liest"
    assert sentence.read(sentence.fill(slots, feminine=True)) == slots
    assert sentence.read("Jemand, der nichts liest") is None
