"""Names of people in many languages: whole, not the places, works and institutions that bear them."""

from __future__ import annotations

import pytest

from persona_hub.transforms.pii import find_names, scrub_text
from persona_hub.transforms.pii.gazetteer import gazetteer, word_lists


def names(text: str, language: str = "en") -> list[str]:
    return [text[found.start : found.end] for found in find_names(text, language)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A biographer of Jean-Paul Sartre", ["Jean-Paul Sartre"]),
        ("A fan of J.K. Rowling", ["J.K. Rowling"]),
        ("A fan of J. R. R. Tolkien's books", ["J. R. R. Tolkien"]),
        ("A scholar who cites T. Smith and E. M. Johnson", ["T. Smith", "E. M. Johnson"]),
        ("A friend of Mary O'Brien and John McDonald", ["Mary O'Brien", "John McDonald"]),
        ("A neighbour of Mrs. Smith", ["Mrs. Smith"]),
        ("A student of Ludwig van Beethoven", ["Ludwig van Beethoven"]),
        ("A reader of Vincent van Gogh's letters", ["Vincent van Gogh"]),
        ("A pupil of Zhang Wei", ["Zhang Wei"]),
        ("A fan of Nguyễn Văn Thiệu", ["Nguyễn Văn Thiệu"]),
        ("A fan of Paris Hilton", ["Paris Hilton"]),
        ("My name is Omar and I teach", ["Omar"]),
        ("Queen Elizabeth II's gardener", ["Elizabeth II"]),
        ("A follower of Coach Krzyzewski", ["Krzyzewski"]),
        ("A friend of Maria Anna Teresa Carla Luisa Rossi", ["Maria Anna Teresa Carla", "Luisa Rossi"]),  # four words
        ("The previous chair was Rajendra K. Pachauri", ["Rajendra K. Pachauri"]),
        ("Widley Cooper is a structured clerk", ["Widley Cooper"]),
        ("Jynette Veronie, a 34-year-old designer", ["Jynette Veronie"]),
        ("Her name is Aantje Mourik but few know it", ["Aantje Mourik"]),
        ("A colleague of Sundar Pichai who knows Pichai's habits", ["Sundar Pichai", "Pichai"]),
    ],
)
def test_a_name_in_english_is_found_whole(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("fr", "Une amie de Jean Dupont, à Paris", ["Jean Dupont"]),
        ("it", "Una studentessa di Umberto Eco", ["Umberto Eco"]),
        ("nl", "Een leerling van Jan de Vries", ["Jan de Vries"]),
        ("cs", "Žák Karla Čapka", ["Karla Čapka"]),
        ("tr", "Orhan Pamuk okuru", ["Orhan Pamuk"]),
        ("vi", "Học trò của Nguyễn Du", ["Nguyễn Du"]),
        ("es", "Un alumno del profesor Villanueva", ["Villanueva"]),
        ("ru", "Ученица Анны Ахматовой, которая знает Москву", ["Анны Ахматовой"]),
        ("ru", "Поклонник А. С. Пушкина", ["А. С. Пушкина"]),
        ("ru", "меня зовут Иван, я врач", ["Иван"]),
        ("uk", "Учениця Лесі Українки", ["Лесі Українки"]),
        ("zh", "记者王小明的同事", ["王小明"]),
        ("zh", "张伟教授的学生", ["张伟"]),
        ("zh", "一位喜欢阿尔伯特·爱因斯坦和爱因斯坦的孩子", ["阿尔伯特·爱因斯坦", "爱因斯坦"]),
        ("ja", "田中さんの隣人", ["田中"]),
        ("ko", "박지성 선수의 팬", ["박지성"]),
        ("ar", "صديق محمد علي في القاهرة", ["محمد علي"]),
        ("ar", "قارئ نجيب محفوظ", ["نجيب محفوظ"]),
    ],
)
def test_a_name_in_other_languages_is_found_whole(language: str, text: str, found: list[str]) -> None:
    assert names(text, language) == found


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A guide in Washington who loves Paris"),
        ("en", "A clerk in May who likes April showers"),
        ("en", "A rose gardener, Rose, a faith healer"),
        ("en", "A nurse at the Mary Hitchcock Memorial Hospital"),
        ("en", "A user of the Nobel Prize archive"),
        ("en", "A cook from San Francisco, New Mexico"),
        ("en", "A fan of Sherlock Holmes, a visitor of Mount Rushmore"),
        ("en", "A student of the Pythagorean theorem, Bayes and Markov chains"),
        ("en", "A Python developer who knows Ruby and MARY SMITH"),
        ("en", "A walker in St James Park who sails to San Luis Obispo and Santa Monica Pier"),
        ("en", "If Cooper is a clerk and Jessa is 20 years old. If Cooper, a clerk, sings. When Cooper is a boss"),
        ("en", "Movie A was longer than Movie B. Movie B won"),
        ("en", "Google Maps is a tool. Visual Basic, a language"),
        ("en", "A veteran of the U.S. Army and of U.S. Congress hearings"),
        ("ru", "Житель Нижнего Новгорода и Санкт-Петербурга"),
        ("zh", "一位来自北京大学的学生"),
        ("ja", "東京大学の学生"),
        ("ko", "서울 시민"),
        ("ar", "سكان مدينة دبي"),
        ("hi", "दिल्ली विश्वविद्यालय का छात्र"),
    ],
)
def test_what_bears_a_name_is_no_person(language: str, text: str) -> None:
    assert names(text, language) == []


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("A patient of Dr. Shishir Agarwal's clinic", "A patient of someone's clinic"),
        ("Queen Elizabeth II's gardener", "Queen someone's gardener"),
        ("Mary O'Brien and John McDonald's neighbour", "Someone and someone's neighbour"),
    ],
)
def test_titles_roles_and_endings_stay_where_the_sentence_needs_them(text: str, scrubbed: str) -> None:
    assert scrub_text(text, "en") == scrubbed


def test_the_surname_alone_is_a_name_only_where_the_whole_was_met() -> None:
    assert names("A reader who prefers Pardi to jazz") == []
    assert names("A fan of Jon Pardi who prefers Pardi to jazz") == ["Jon Pardi", "Pardi"]


def test_the_gazetteer_holds_names_of_all_its_scripts_in_small_letters() -> None:
    known = gazetteer()
    for name in ("mary", "анна", "محمد", "राहुल", "陽子", "영희"):
        assert name in known.given
    for name in ("smith", "иванов", "佐藤", "김"):
        assert name in known.family
    assert {"zhang", "nguyễn"} <= known.family_first
    assert not {"king", "young", "song", "long"} & known.family_first  # words of English first
    assert all(name == name.casefold() for names in (known.given, known.family, known.places) for name in names)


def test_word_lists_are_in_small_letters_and_phrases_stay_whole() -> None:
    assert "sherlock holmes" in word_lists()["fictions"]
    for name in ("honorifics", "roles", "things", "doubtful"):
        assert all(word == word.lower() and " " not in word for word in word_lists()[name]), name
