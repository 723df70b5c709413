"""What a text is about, without a model: key phrases by the grammar of each language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.offline_model import grammar
from persona_hub.transforms.offline_model.key_phrases import CHARACTERS, key_phrases, plural
from persona_hub.transforms.offline_model.phrasebook import LANGUAGES, cues_of, field_of, field_of_word
from persona_hub.transforms.offline_model.stop_words import JUSTEXT, MOST, stop_words, third_person
from persona_hub.transforms.offline_model.unspaced import unspaced_phrases
from persona_hub.transforms.offline_model.words import clean, script_language, tidy, tokens_of


def phrases(text: str, language: str) -> list[str]:
    return key_phrases(tokens_of(clean(text)), language, stop_words(language), cues_of(language))


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("en", "A window regulator for cars is sold here, and a window regulator of steel lasts.", "window regulators"),
        ("en", "The spread of wildfires follows the wind. We map the spread of wildfires.", "the spread of wildfires"),
        ("de", "Die Energiewende verändert die Stromnetze. Man plant Netze für die Energiewende.", "Energiewende"),
        ("es", "La energía solar abarata la luz. Muchos pueblos instalan paneles de energía solar.", "energía solar"),
        ("fr", "La sécurité alimentaire dépend du blé. Étudions la sécurité alimentaire.", "sécurité alimentaire"),
        ("it", "La sicurezza stradale migliora. I comuni investono nella sicurezza stradale.", "sicurezza stradale"),
        ("ru", "Солнечная энергия дешевеет. Учёные изучают последствия изменения погоды.", "солнечная энергия"),
        ("ar", "يدرس الباحثون الطاقة الشمسية في الصحراء. توفر الطاقة الشمسية الكهرباء للقرى.", "الطاقة الشمسية"),
        ("pl", "Energia odnawialna zmienia sieci. Energia odnawialna tanieje.", "energia odnawialna"),
        ("tr", "Yenilenebilir enerji köyleri değiştiriyor. Yenilenebilir enerji ucuzluyor.", "yenilenebilir enerji"),
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
    assert found[0] == "the coral fragments"
    assert "reef restoration" in found
    stems = [word[:6] for phrase in found for word in phrase.split() if len(word) > 3]
    assert len(stems) == len(set(stems))
    assert not any("whitcomb" in phrase.lower() for phrase in found)


@given(st.text(max_size=300), st.sampled_from([*sorted(LANGUAGES), "pl", "xx"]))
def test_any_text_has_few_short_phrases(text: str, language: str) -> None:
    tokens = tokens_of(clean(text))
    found = key_phrases(tokens, language, stop_words(language), cues_of(language)) if tokens else []
    assert len(found) <= 8
    assert all(3 <= len(phrase) <= CHARACTERS + len("the s ") for phrase in found)


Rule = Callable[[Sequence[str], str, str], list[grammar.Phrase]]


@pytest.mark.parametrize(
    ("rule", "run", "before", "after", "found"),
    [
        (grammar.english, "coral reef ecosystems", "the", ".", ["coral reef ecosystems"]),
        (grammar.english, "walk dogs", "they", ".", ["dogs"]),  # after "they" a verb comes first
        (grammar.english, "river basin chemical", "a", ",", ["river basin"]),  # no noun at the end
        (grammar.english, "alpha beta gamma delta omega", "the", ".", []),
        (grammar.german, "schnelle Züge im Bergland", "die", ".", ["Züge", "Bergland"]),
        (grammar.romance, "energía solar", "la", ".", ["energía solar"]),
        (grammar.romance, "alimentaire dépend", "sécurité", ".", ["alimentaire"]),
        (grammar.romance, "cultivar rosas", "para", ".", []),  # an infinitive
        (grammar.russian, "солнечная энергия", ".", ".", ["солнечная энергия"]),
        (grammar.russian, "изменений", "последствия", ".", ["изменение"]),
        (grammar.russian, "станций", "сеть", ".", ["станция"]),
        (grammar.hindi, "जल संरक्षण", ".", "के", ["जल संरक्षण"]),
        (grammar.hindi, "जल बचाना", ".", "के", []),  # a verb
        (grammar.arabic, "الطاقة الشمسية", "توفر", ".", ["الطاقة الشمسية"]),
        (grammar.arabic, "حقوق الإنسان", "عن", ".", ["حقوق الإنسان"]),
        (grammar.arabic, "والتعليم", "في", ".", ["التعليم"]),
        (grammar.anybody, "a b c", "", "", ["b c"]),
    ],
)
def test_rules_of_grammar(rule: Rule, run: str, before: str, after: str, found: list[str]) -> None:
    assert [" ".join(words) for words, _ in rule(run.split(), before, after)] == found


@pytest.mark.parametrize(
    ("noun", "many"),
    [("city", "cities"), ("boy", "boys"), ("glass", "glasses"), ("church", "churches"), ("box", "boxes"),
     ("bus", "buses"), ("thesis", "theses"), ("brush", "brushes"), ("river", "rivers")],
)  # fmt: skip
def test_plurals(noun: str, many: str) -> None:
    assert plural(noun) == many


@pytest.mark.parametrize(
    ("verb", "he"),
    [("fly", "flies"), ("say", "says"), ("go", "goes"), ("push", "pushes"), ("watch", "watches"), ("fix", "fixes"),
     ("buzz", "buzzes"), ("seek", "seeks")],
)  # fmt: skip
def test_third_persons_are_stop_words_too(verb: str, he: str) -> None:
    assert third_person(verb) == he


@pytest.mark.parametrize("language", sorted({*LANGUAGES, *JUSTEXT}))
def test_every_language_listed_has_stop_words(language: str) -> None:
    words = stop_words(language)
    assert 30 < len(words) <= MOST or language in LANGUAGES
    assert all(word == word.lower() for word in words)
    assert stop_words("xx") == frozenset()


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("ja", "再生可能エネルギーの研究が進む。村は再生可能エネルギーを使う。", "再生可能エネルギー"),
        ("zh", "海狸水坝减缓河流。生态学家研究海狸水坝。", "海狸水坝"),
        ("th", "เขื่อนบีเวอร์ ทำให้น้ำไหลช้า นักวิจัยศึกษาว่า เขื่อนบีเวอร์ สำคัญ", "เขื่อนบีเวอร์"),
    ],
)
def test_scripts_without_spaces_give_what_repeats(language: str, text: str, found: str) -> None:
    assert unspaced_phrases(text, language)[0] == found


def test_foreign_names_in_chinese_are_no_subject() -> None:
    text = "约翰·亚当斯研究海狸水坝。约翰·亚当斯写海狸水坝的书。"
    assert not any("亚当斯" in phrase or "约翰" in phrase for phrase in unspaced_phrases(text, "zh"))


@pytest.mark.parametrize(
    ("language", "words", "field"),
    [
        ("en", "court judge appeal contract", "law"),
        ("en", "cells therapy patients", "medicine"),
        ("de", "krankenhausflur", "medicine"),  # by its longest known beginning
        ("es", "juzgado sentencia", "law"),
        ("ru", "суд судья", "law"),
        ("zh", "法院 法官", "law"),
        ("ja", "裁判 法廷", "law"),
        ("ar", "المحكمة القاضي", "law"),  # with the article
        ("ar", "والتعليم للطلاب بالمدرسة", "education"),  # and with particles before it
        ("en", "foo bar", "general"),
        ("xx", "", "general"),
    ],
)
def test_the_field_of_life_by_its_words(language: str, words: str, field: str) -> None:
    assert field_of(words.split(), language) == field


def test_what_stands_first_weighs_more() -> None:
    court, ward = ["judge"], ["patients"]
    padding = ["foo"] * 40
    assert field_of(court + padding + ward, "en") == "law"
    assert field_of(ward + padding + court, "en") == "medicine"
    assert field_of_word("المال", "ar") == "finance"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("<p>one</p><script>var x</script>two &amp; three", "one . . two three"),
        ("see https://a.example/b or a@b.example soon", "see . or . soon"),
        ("C:\\dir file_name x=1 #tag $5 /etc", ". . . . . ."),
        ("a\u200bb\u202ec\ufeff", "abc"),
        ("1 < 2 and 3 > 2", "1 . 2"),
    ],
)
def test_markup_links_and_code_are_no_words(text: str, cleaned: str) -> None:
    assert " ".join(clean(text).split()).strip(" .") == cleaned.strip(" .") or clean(text).split() == cleaned.split()


@given(st.text(max_size=200))
def test_tidy_text_stays_tidy(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    assert tidy(text).isprintable()


@pytest.mark.parametrize(
    ("text", "language"),
    [("кот", "ru"), ("猫がいる", "ja"), ("猫", "zh"), ("고양이", "ko"), ("γάτα", "el"), ("חתול", "he"), ("बिल्ली", "hi"),
     ("قطة", "ar"), ("แมว", "th"), ("cat", ""), ("Žluťoučký kůň", ""), ("", "")],
)  # fmt: skip
def test_the_script_speaks_for_a_language(text: str, language: str) -> None:
    assert script_language(text) == language
