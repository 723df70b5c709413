"""Personal data: contact data and names, found and put into neutral words."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.pii import find_contacts, find_names, find_pii, scrub_text
from persona_hub.transforms.pii.words import NEUTRAL_IN_ANY_LANGUAGE, NEUTRAL_WORDS, language_or_by_script
from persona_hub.transforms.records import excerpt
from tests.material import pii_gold
from tests.material import pii_measure as measure


def contacts(text: str, language: str = "en") -> list[str]:
    return [text[found.start : found.end] for found in find_contacts(text, language)]


def names(text: str, language: str = "en") -> list[str]:
    return [text[found.start : found.end] for found in find_names(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "contact"),
    [
        ("en", "A nurse who answers at mary.smith+x@mail.example.co.uk.", "mary.smith+x@mail.example.co.uk"),
        ("en", "A nurse, mary (at) example (dot) com, who sings", "mary (at) example (dot) com"),
        ("en", "write to mary at example dot com please", "mary at example dot com"),
        ("en", "A plumber, call (555) 123-4567 today", "(555) 123-4567"),
        ("en", "A plumber from Leeds, 07745 123456", "07745 123456"),
        ("en", "A plumber at home in 1990 +1 415 756 4605 since", "+1 415 756 4605"),
        ("en", "A blogger at https://example.com/a_(b)?q=1.", "https://example.com/a_(b)?q=1"),
        ("en", "A blogger (see www.example.org)", "www.example.org"),
        ("en", "A blogger known as @mary_writes", "@mary_writes"),
        ("de", "Eine Ärztin, erreichbar unter 030/23123456.", "030/23123456"),
        ("de", "Ein Bäcker von anna@müller-bäckerei.de", "anna@müller-bäckerei.de"),
        ("es", "Una médica, tel. 612 34 56 78", "612 34 56 78"),
        ("es", "Un pintor, jose (arroba) ejemplo (punto) com", "jose (arroba) ejemplo (punto) com"),
        ("zh", "一位医生，请致电１３８１２３４５６７８咨询", "１３８１２３４５６７８"),
        ("zh", "请发邮件至wang＠163.com联系老师", "wang＠163.com"),
        ("ar", "طبيبة رقمها ٠٥٥١٢٣٤٥٦٧ في جدة", "٠٥٥١٢٣٤٥٦٧"),
        ("hi", "एक डॉक्टर, फ़ोन ९८७६५ ४३२१०", "९८७६५ ४३२१०"),
        ("ru", "Врач, телефон 8 (912) 345-67-89", "8 (912) 345-67-89"),
        ("ru", "Художница, сайт пример.рф", "пример.рф"),
    ],
)
def test_contact_data_as_people_write_it(language: str, text: str, contact: str) -> None:
    assert contacts(text, language) == [contact]


@pytest.mark.parametrize(
    "text",
    [
        "A historian of 1939-1945 and of 1995 1996",
        "A clerk born on 12.05.1984, or on 2024-01-15",
        "A city of 1 160 000 people and 3.000.000 trees",
        "A developer of Node.js, ASP.NET, readme.md and setup.py, at Booking.com",
        "A Java teacher who explains @Override and @angular/core",
        "A fan of rock who waits for the end.It was late",
        "A nurse at St. Mary's at the dot of noon",
        "A driver on the I-91, in District 181, with a #1 fan",
        "gs://bucket/part-00012.jsonl.gz: line 7, byte 1043",
    ],
)
def test_what_only_looks_like_contact_data(text: str) -> None:
    assert contacts(text) == []


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "A fan of Michael Jordan and of Jon Pardi's songs", ["Michael Jordan", "Jon Pardi"]),
        ("en", "A patient of Dr. Shishir Agarwal", ["Dr. Shishir Agarwal"]),
        ("en", "I am Nancy, a homemaker from Omaha", ["Nancy"]),
        ("en", "Ali, a 22-year-old student", ["Ali"]),
        ("en", "An admirer of Leonardo da Vinci. Vinci drew.", ["Leonardo da Vinci", "Vinci"]),
        ("en", "A reporter on President Ronald Reagan", ["Ronald Reagan"]),
        ("en", "A friend of Setha Sirachaya", ["Setha Sirachaya"]),
        ("de", "Eine Schülerin von Hannah Arendt", ["Hannah Arendt"]),
        ("es", "Una lectora de Gabriel García Márquez", ["Gabriel García Márquez"]),
        ("ru", "Поклонник Фёдора Достоевского", ["Фёдора Достоевского"]),
        ("zh", "一位喜欢玛丽·居里的学生", ["玛丽·居里"]),
        ("ar", "طالبة تدرس أعمال ماري كوري في الفيزياء", ["ماري كوري"]),
        ("hi", "एक छात्र जो राहुल शर्मा के साथ पढ़ता है", ["राहुल शर्मा"]),
        ("ja", "佐藤 陽子さんの友人", ["佐藤 陽子"]),
        ("ko", "김영희 교수의 제자", ["김영희"]),
    ],
)
def test_names_of_people(language: str, text: str, found: list[str]) -> None:
    assert names(text, language) == found


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A member of the Virginia Tech Hokies from New York City"),
        ("en", "A pupil of Wayne Hills High School near Alejandro Selkirk Island"),
        ("en", "A fan of Harry Potter, Unreal Engine and Chasing Life"),
        ("en", "A General Aviation pilot who flies to Saint Lucia and Santa Rosa"),
        ("en", "A Project Manager at Uber Eats"),
        ("de", "Ein Lehrer für Geschichte an der Universität Wien und Mitglied im Roten Kreuz"),
        ("es", "Un médico de la Cruz Roja en San Marino"),
        ("ru", "Житель Саудовской Аравии и Советского Союза"),
        ("zh", "一位喜欢苏丹历史的中国学者"),
        ("ar", "معلمة رياضيات تحب الشعر القديم"),
        ("hi", "एक किसान जो जैविक खेती सीख रहा है"),
    ],
)
def test_what_only_looks_like_a_name(language: str, text: str) -> None:
    assert names(text, language) == []


@pytest.mark.parametrize(
    ("language", "text", "scrubbed"),
    [
        ("en", "A huge fan of Mac Walters", "A huge fan of someone"),
        ("en", "I am Nancy, a homemaker", "I am someone, a homemaker"),
        ("en", "Ali, a student", "Someone, a student"),
        ("en", "A fan of Jon Pardi's songs", "A fan of someone's songs"),
        ("de", "Ein Fan von Michael Jordan", "Ein Fan von jemandem"),
        ("es", "Una lectora de Isabel Allende", "Una lectora de alguien"),
        ("zh", "一位喜欢玛丽·居里的学生", "一位喜欢某人的学生"),
        ("und", "一位老师，邮箱wang@163.com", "一位老师，邮箱某邮箱"),
        ("sw", "Mwalimu, anna@example.com", "Mwalimu, e-mail"),
    ],
)
def test_scrubbed_text_still_reads(language: str, text: str, scrubbed: str) -> None:
    assert scrub_text(text, language) == scrubbed


@pytest.mark.parametrize("contact", ["m.s@example.com", "+49 171 2345678", "https://example.com/mary"])
@pytest.mark.parametrize("characters", range(42, 60))
def test_an_excerpt_that_ends_within_contact_data_does_not_leak(contact: str, characters: int) -> None:
    """From the @ or the fifth digit on; what is cut before cannot be told from other words."""
    text = excerpt(f"I cannot describe a person such as {contact} and so on and on", characters)
    assert not any(part in scrub_text(text) for part in ("m.s", "mary", "171", "@", "2345"))


@pytest.mark.parametrize("language", pii_gold.PHONES)
def test_scrubbed_text_has_nothing_left(data: Path, language: str) -> None:
    for text in measure.paragraphs(data, language)[:60]:
        scrubbed = scrub_text(text, language)
        assert scrub_text(scrubbed, language) == scrubbed


@given(st.text(), st.sampled_from(["en", "zh", "ar", "hi", "ru", "und"]))
def test_any_text_can_be_scrubbed(text: str, language: str) -> None:
    found = find_pii(text, language)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(0 <= f.start < f.end <= len(text) for f in found)


@pytest.mark.parametrize("language", [*NEUTRAL_WORDS, "xx"])
def test_neutral_words_are_no_personal_data(language: str) -> None:
    words = NEUTRAL_WORDS.get(language, NEUTRAL_IN_ANY_LANGUAGE)
    text = f"{words.name}, {words.email}, {words.phone}, {words.link}"
    assert find_pii(text, language) == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a nurse", "en"),
        ("护士", "zh"),
        ("電車が好きな人", "ja"),
        ("Учитель", "ru"),
        ("مدرس", "ar"),
        ("शिक्षक", "hi"),
        ("", "en"),
    ],
)
def test_script_speaks_for_an_unknown_language(text: str, language: str) -> None:
    assert language_or_by_script(text, "und") == language


@pytest.mark.parametrize("language", pii_gold.PHONES)
def test_98_of_100_planted_contacts_are_caught(data: Path, language: str) -> None:
    rows = measure.recall(data, (language,)).values()
    planted, caught = sum(row[0] for row in rows), sum(row[1] for row in rows)
    assert caught >= 0.98 * planted, [row[2] for row in rows]


def test_real_personas_raise_few_false_alarms(data: Path) -> None:
    texts = measure.real_personas(data)
    assert sum(bool(find_contacts(text, "en")) for text in texts) < 0.005 * len(texts)


def test_names_in_real_paragraphs_are_mostly_names(data: Path) -> None:
    for language in pii_gold.PHONES:
        _, _, found, right = measure.names_found(data, pii_gold.SEEN | pii_gold.HELD_OUT, language)
        assert right >= 0.8 * found, language
