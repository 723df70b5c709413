"""What models answer for want of a persona, in many languages, and what only sounds like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.filter_persona.not_personas import (
    REASONS,
    count_small_words,
    is_other_language,
    likely_patterns,
    not_a_persona,
    patterns,
    word_lists,
    wrong_length,
)
from tests.material.answers import (
    ADDRESSED,
    ECHOES,
    GOOD,
    INTRODUCTIONS,
    NAME_THE_DOCUMENT,
    NAME_THE_PERSONA,
    NOT_PERSONS,
    REFUSALS,
)


@pytest.mark.parametrize(("language", "text"), GOOD)
def test_a_person_is_none_of_these(language: str, text: str) -> None:
    assert not_a_persona(text) == ""
    assert not is_other_language(text, language)


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_no_persona(text: str) -> None:
    assert not_a_persona(text) == "refusal"


@pytest.mark.parametrize("text", NOT_PERSONS)
def test_a_thing_or_a_summary_is_no_persona(text: str) -> None:
    assert not_a_persona(text) == "not-a-person"


@pytest.mark.parametrize("text", ECHOES)
def test_the_prompt_given_back_is_no_persona(text: str) -> None:
    assert not_a_persona(text) == "instructions-echoed"


@pytest.mark.parametrize("text", INTRODUCTIONS)
def test_a_persona_is_not_introduced(text: str) -> None:
    assert not_a_persona(text) == "introduction"


@pytest.mark.parametrize("text", NAME_THE_DOCUMENT)
def test_a_persona_does_not_speak_of_its_document(text: str) -> None:
    assert not_a_persona(text) == "names-the-document"


@pytest.mark.parametrize("text", NAME_THE_PERSONA)
def test_a_persona_does_not_speak_of_the_persona_that_it_came_from(text: str) -> None:
    assert not_a_persona(text) == "names-the-persona"


@pytest.mark.parametrize(
    "text",
    [
        "A cook who is a cook who is a cook who is a cook",
        "A sailor, a sailor, a sailor, a sailor, a sailor",
        "一位老师，一位老师，一位老师，一位老师",
        "A guide who leads and leads and leads and leads and leads and leads",
    ],
)
def test_a_model_in_a_loop_gives_no_persona(text: str) -> None:
    assert not_a_persona(text) == "repeats-itself"


@pytest.mark.parametrize("text", ADDRESSED)
def test_a_persona_is_not_its_reader(text: str) -> None:
    assert not_a_persona(text) == "addresses-reader"


@pytest.mark.parametrize(
    "text",
    [
        "A sorry sight of a comedian who can't help but apologise on stage",
        "An unhappy clerk who cannot provide for her family",
        "A null-hypothesis enthusiast and statistician",
        "A summary court judge who writes poems",
        "A company doctor, a text editor and a table tennis coach",
        "Here is where a nurse lives",
        "A teacher (of maths) who pays $5 for #2 pencils",
        "A programmer of Map<String, Integer> and vector<int>",
        "A lawyer who ignores the instructions of his kettle",
        "Кинокритик, который не может без кино",
        "一位不能没有音乐的钢琴家",
        "一位公司的会计",
        "会社員の母を持つ学生",
    ],
)
def test_words_of_a_refusal_within_a_persona_are_none(text: str) -> None:
    assert not_a_persona(text) == ""


@pytest.mark.parametrize("before", ['"', "“", "- ", "* ", "**", "> ", "„", " "])
def test_quotes_and_bullets_hide_nothing(before: str) -> None:
    assert not_a_persona(f"{before}I'm sorry, but I can't help.") == "refusal"
    assert not_a_persona(f"{before}Persona: a nurse") == "instructions-echoed"


@pytest.mark.parametrize("text", ["", " \n", "...", "12345", "?!", "———", "😀😀", "\u200b"])
def test_a_text_without_a_letter_is_empty(text: str) -> None:
    assert not_a_persona(text) == "empty"


ALL = [text for _, text in GOOD] + REFUSALS + NOT_PERSONS + ECHOES + INTRODUCTIONS + ADDRESSED


@given(st.sampled_from(ALL) | st.builds(str.__add__, st.text(max_size=4), st.sampled_from(ALL)))
def test_choosing_patterns_by_the_first_characters_loses_none(text: str) -> None:
    lower = text.lower()
    of_all = [
        (reason, line)
        for reason in REASONS
        for group in word_lists()[reason]
        if group != "anywhere"
        for line in patterns(reason, group)
        if line.match(lower)
    ]
    likely = set(likely_patterns(lower[:4]))
    assert all(pair in likely for pair in of_all)


def test_few_patterns_are_tried_for_a_persona() -> None:
    for text in ("a nurse who", "eine ärztin", "一位护士"):
        assert len(likely_patterns(text[:4])) <= 20


@pytest.mark.parametrize(
    ("text", "shortest", "longest", "reason"),
    [
        ("nurse", 5, 1000, ""),
        ("cook", 5, 1000, "too-short"),
        ("护士长", 6, 1000, ""),
        ("护士", 6, 1000, "too-short"),
        ("간호사", 6, 1000, ""),
        ("かんごし", 8, 1000, ""),
        ("x" * 1000, 5, 1000, ""),
        ("x" * 1001, 5, 1000, "too-long"),
        ("护" * 501, 5, 500, "too-long"),  # the longest is what a prompt has room for: it counts characters as they are
    ],
    ids=lambda value: str(value)[:6],
)
def test_lengths_by_script(text: str, shortest: int, longest: int, reason: str) -> None:
    assert wrong_length(text, shortest, longest) == reason


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Eine Lehrerin, die mit ihren Schülern einen Garten angelegt hat", "en"),
        ("A teacher who has planted a garden with her pupils", "de"),
        ("A teacher who has planted a garden with her pupils", "zh"),
        ("一位在周末带学生种花种菜的小学老师", "en"),
        ("Una profesora que ha plantado un jardín con sus alumnos de la escuela", "fr"),
        ("Учительница, которая посадила с учениками сад", "ar"),
        ("A student of the classics who quotes «γνῶθι σεαυτόν» and «πάντα ῥεῖ» to all of her friends", "el"),
        ("A tea merchant who writes 龍井茶 and 大红袍 and 武夷山 on the labels of the tins in her shop", "zh"),
        ("A translator of Tolstoy who says «все счастливые семьи похожи» at the end of each lecture", "ru"),
    ],
)
def test_another_language_is_dropped_when_sure(text: str, language: str) -> None:
    assert is_other_language(text, language)
    assert not is_other_language(text, "und")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("គ្រូបង្រៀនម្នាក់ដែលដាំដើមឈើជាមួយសិស្ស", "km"),
        ("ಮಕ್ಕಳೊಂದಿಗೆ ತೋಟ ಬೆಳೆಸಿದ ಶಿಕ್ಷಕಿ", "kn"),
        ("Укучылары белән бакча үстергән укытучы", "tt"),
        ("مامۆستایەک کە لەگەڵ قوتابییەکانی باخچەیەکی چاندووە", "ckb"),
    ],
)
def test_each_language_may_have_its_own_script(text: str, language: str) -> None:
    assert not is_other_language(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("DevOps engineer", "de"),  # too short to tell, and many languages say so
        ("一位喜欢 Django REST 的网站开发者", "zh"),
        ("一位 Django REST framework 开发者", "zh"),
        ("Разработчик, который пишет на Django REST Framework и Apache Kafka Streams для Deutsche Telekom", "ru"),
        ("Γραφίστας που δουλεύει με Adobe Photoshop, Illustrator και InDesign στο The Economist", "el"),
        ("Un fan de Game of Thrones que escribe sobre la serie The Wire", "es"),
    ],
)
def test_words_of_another_language_are_no_other_language(text: str, language: str) -> None:
    assert not is_other_language(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("En lærer som har plantet en hage sammen med elevene sine", "da"),
        ("Učiteljica koja je s učenicima zasadila vrt iza škole", "sr"),
        ("Učitel, který se žáky založil zahradu za školou", "sk"),
        ("Unha mestra que plantou un xardín cos seus alumnos", "pt"),
    ],
)
def test_close_kin_are_not_told_apart(text: str, language: str) -> None:
    assert not is_other_language(text, language)


def test_small_words_count_for_each_language_that_has_them() -> None:
    counts = count_small_words("die Frau und der Garten, in dem sie wohnt")
    assert counts["de"] == max(counts.values())
    assert counts["de"] >= 4
    assert count_small_words("kubernetes terraform") == {}
