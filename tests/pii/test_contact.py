"""Addresses, links, handles and telephone numbers: what each pattern takes, where it stops, what it leaves alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.pii import find_contacts, replace_findings, scrub_text
from persona_hub.transforms.pii.finding import Finding, disjoint
from persona_hub.transforms.pii.phones import REGIONS, is_phone, parts
from persona_hub.transforms.pii.words import NEUTRAL_WORDS, neutral_words


def found(text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(text[f.start : f.end], f.kind) for f in find_contacts(text, language)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Write to first.last@sub.example.org, please.", "first.last@sub.example.org"),
        ("<jane_doe@example.com>", "jane_doe@example.com"),
        ("JANE@EXAMPLE.COM", "JANE@EXAMPLE.COM"),
        ("mailto:jane@example.com", "mailto:jane@example.com"),
        ("o'brien%list+tag@example.travel!", "o'brien%list+tag@example.travel"),
        ("пишите на иван@пример.рф", "иван@пример.рф"),
        ("連絡はtaro@example.co.jpまで", "taro@example.co.jp"),
        ("écrire à jean[at]exemple[dot]fr", "jean[at]exemple[dot]fr"),
        ("max [ät] beispiel [punkt] de", "max [ät] beispiel [punkt] de"),
        ("maria(собака)example(точка)ru", "maria(собака)example(точка)ru"),
        ("jane AT example DOT com", "jane AT example DOT com"),
        ("jane-at-example-dot-com", "jane-at-example-dot-com"),
        ("jane{at}mail{dot}example.co.uk", "jane{at}mail{dot}example.co.uk"),
    ],
)
def test_an_address_begins_and_ends_where_its_writer_meant(text: str, address: str) -> None:
    assert found(text) == [(address, "email")]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see HTTPS://EXAMPLE.COM/Path", "HTTPS://EXAMPLE.COM/Path"),
        ("Www.example.com is hers", "Www.example.com"),
        ("at http://localhost:8080/mary", "http://localhost:8080/mary"),
        ("hxxp://evil.example/x", "hxxp://evil.example/x"),
        ("(https://example.com)", "https://example.com"),
        ("visit example.co.uk/page?x=1#y).", "example.co.uk/page?x=1#y"),
        ("“https://example.com/a”, he said", "https://example.com/a"),
        ("请看https://example.com/路径。然后", "https://example.com/路径"),
        ("请看example.com，谢谢", "example.com"),
        ("زوروا موقع example.com اليوم", "example.com"),
        ("वेबसाइट उदाहरण.भारत देखें", "उदाहरण.भारत"),
        ("сайт http://пример.рф/страница.", "http://пример.рф/страница"),
        ("Mary.Smith.github.io/cv is hers", "Mary.Smith.github.io/cv"),
    ],
)
def test_a_link_begins_and_ends_where_its_writer_meant(text: str, link: str) -> None:
    assert found(text) == [(link, "link")]


@pytest.mark.parametrize(
    ("text", "handle"), [("follow @jane.doe!", "@jane.doe"), ("关注@小明同学 的微博", "@小明同学")]
)
def test_a_handle_is_found(text: str, handle: str) -> None:
    assert found(text) == [(handle, "handle")]


def test_hosts_that_are_words_of_english_are_links_in_other_languages() -> None:
    text = "die Seite beispiel.at besuchen"
    assert found(text, "de") == [("beispiel.at", "link")]
    assert found(text, "en") == []
    assert found("see beispiel.at/haus", "en") == [("beispiel.at/haus", "link")]


@pytest.mark.parametrize(
    ("language", "text", "number"),
    [
        ("fr", "Appelez le 06 12 34 56 78", "06 12 34 56 78"),
        ("it", "chiamami al 347 123 4567", "347 123 4567"),
        ("pt", "ligue (11) 91234-5678", "(11) 91234-5678"),
        ("ja", "電話03-1234-5678へ", "03-1234-5678"),
        ("ko", "전화 010-1234-5678", "010-1234-5678"),
        ("tr", "Telefon: 0532 123 45 67", "0532 123 45 67"),
        ("pl", "tel. 601 234 567", "601 234 567"),
        ("nl", "bel 06-12345678", "06-12345678"),
        ("id", "hubungi 0812-3456-7890", "0812-3456-7890"),
        ("vi", "gọi 0912 345 678", "0912 345 678"),
        ("th", "โทร 081-234-5678", "081-234-5678"),
        ("uk", "дзвоніть 067 123 45 67", "067 123 45 67"),
        ("he", "טלפון 052-123-4567", "052-123-4567"),
        ("fa", "تلفن ۰۹۱۲۳۴۵۶۷۸۹", "۰۹۱۲۳۴۵۶۷۸۹"),
        ("bn", "ফোন ০১৭১২৩৪৫৬৭৮", "০১৭১২৩৪৫৬৭৮"),
        ("sw", "piga 0712 345678", "0712 345678"),
        ("cs", "volejte 601 234 567", "601 234 567"),
        ("ur", "فون 0301 2345678", "0301 2345678"),
        ("en", "call (415) 555-2671 ext. 123 now", "(415) 555-2671 ext. 123"),
        ("en", "Fax 345-899-3560x4587", "345-899-3560x4587"),
        ("en", "ring +447700 900 815 now", "+447700 900 815"),  # of the range for novels and films
        ("en", "opened in 1835 404 711 1121 and closed", "404 711 1121"),
        ("de", "Büro +41 (0)96 471 07 95", "+41 (0)96 471 07 95"),
        ("en", "tel: 123456", "123456"),  # a word announces it
        ("en", "in 1987 on +44 20 7946 0958 since 1990", "+44 20 7946 0958"),
        ("en", "dial +49–171–234 5678 (Berlin)", "+49–171–234 5678"),
    ],
)
def test_a_number_as_each_country_writes_it(language: str, text: str, number: str) -> None:
    assert found(text, language) == [(number, "phone")]


def test_every_country_of_a_language_is_one_that_the_tables_know() -> None:
    from phonenumbers import SUPPORTED_REGIONS, example_number, format_number
    from phonenumbers import PhoneNumberFormat as Form

    assert {region for regions in REGIONS.values() for region in regions} <= SUPPORTED_REGIONS
    for language, regions in REGIONS.items():
        for region in regions:
            number = example_number(region)
            assert number
            text = f"x {format_number(number, Form.INTERNATIONAL)} x"
            assert found(text, language) == [(text[2:-2], "phone")], region


@pytest.mark.parametrize(
    "text",
    [
        "jane@localhost or a @ b",
        "2 apples@3 dollars",
        "email me @ noon",
        "pip install foo@1.2.3 under an @Autowired bean",
        "version 1.2.3.4 at 192.168.0.1",
        "ISBN 978-3-16-148410-0",
        "$1,234,567.89 or 3.14159265358979",
        "score 102-98, floors 12-14, 24/7, 50-50, 10:30-11:45",
        "lat 40.712776, -74.005974",
        "at 151.2092955, -33.865143",
        "a signal of 100 000 Hz, a call 200 000 people heard",
        "pi is 3.1415926535 and e is 2.718281828",
        "ISBN 0-306-40615-2, isbn: 978 0 306 40615 7",
        "arXiv 2406.20094, DOI 10.1000/182, PMID 12345678, CAS 7732-18-5",
        "order 112-4567890-1234567, invoice 2023-001234 and part no. 555-1234-567",
        "order number 415-555-2671, serial number 4155552671",
        "timestamp 1700000000, build 20231128.1, epoch 1234567890",
        "the sequence 100 200 300 400 500, lottery numbers 04 12 23 34 45 06",
        "100 200 300 400 500 and 04 12 23 34 45 06",
        "born 1984-05-12 10:00, died 12.05.2024 11:30",
        "$85,000-$95,000, EUR 1.250.000,00 and 1 299 000 SEK, all of 1000000000",
        "tracking number 1Z999AA10123456784, VIN 1HGCM82633A004352, barcode 4006381333931",
        "a call to 112 or 911",
        "born 12/05/1984, died 2024-05-12",
        "the 1990s, 1914–1918, 1995 1996",
        "100 000 000 km and 384.400 km",
        "chromosome 1p36.33 and SKU AB-1234567-C",
        "fans of e.g. this and i.e. that",
    ],
)
def test_numbers_and_dots_of_other_things_are_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Rechnungsnummer 2023-004711, Bestellnummer 030 2345678, Artikelnummer 0301 2345678"),
        ("fr", "page 12 13 14 15, de 1914 à 1918"),
        ("es", "expediente 612 345 678, pedido 612345678"),
        ("ru", "заказ 8 912 345 67 89, в 1941-1945"),
        ("zh", "订单号 13812345678，2023年11月28日"),
        ("ar", "من 1914 إلى 1918، 1000000000 نسمة"),
    ],
)
def test_numbers_of_other_things_are_announced_in_other_languages_too(language: str, text: str) -> None:
    assert found(text, language) == []


def test_a_count_beside_a_number_does_not_hide_it() -> None:
    assert found("in 24 countries 020 7946 0958 4 times") == [("020 7946 0958", "phone")]
    assert next(parts("1 22 333", 0, 8)) == (0, 8)  # the longest first
    assert [("1 22 333"[a:b]) for a, b in parts("1 22 333", 0, 8)][1:] == ["1 22", "22 333", "1", "22", "333"]


@pytest.mark.parametrize(
    ("text", "language", "is_one"),
    [
        ("612345678", "es", True),
        ("612345678", "en", False),  # of no plan that its speakers use
        ("12345678", "de", False),  # too short to be sure
        ("99999", "en", False),
    ],
)
def test_bare_digits_are_checked_with_the_plans_of_a_language(text: str, language: str, is_one: bool) -> None:
    assert is_phone(text, 0, len(text), language) is is_one


@pytest.mark.parametrize("language", NEUTRAL_WORDS)
def test_each_kind_gets_the_word_of_its_language(language: str) -> None:
    words = neutral_words(language)
    text = "x anna@example.com x https://a.example x +44 20 7946 0958 x @anna_w x"
    assert scrub_text(text, language) == f"x {words.email} x {words.link} x {words.phone} x {words.name} x"


def test_the_word_that_begins_a_text_has_a_capital() -> None:
    assert scrub_text("  anna@example.com is hers", "en") == "  An e-mail address is hers"
    assert replace_findings("ab", [Finding(0, 1, "phone")], "de") == "Eine Telefonnummerb"


findings = st.lists(
    st.builds(lambda a, n: Finding(a, a + n, "name"), st.integers(0, 30), st.integers(1, 9)), max_size=9
)


@given(findings)
def test_of_findings_that_overlap_the_surer_stays(given: list[Finding]) -> None:
    kept = disjoint(given)
    assert kept == sorted(kept)
    assert all(a.end <= b.start for a, b in pairwise(kept))
    for finding in given:
        overlapping = [f for f in kept if f.start < finding.end and finding.start < f.end]
        assert finding in kept or any(given.index(f) < given.index(finding) for f in overlapping)


PLANTED = ["jane@example.com", "https://example.com/jane", "+44 20 7946 0958", "@jane_doe"]
CLEAN_WORDS = st.text(st.sampled_from("abc äö你好кот مر.,;:()!?"), max_size=25)


@settings(max_examples=30)
@given(CLEAN_WORDS, st.sampled_from(PLANTED), CLEAN_WORDS)
def test_what_is_planted_between_any_words_is_scrubbed_for_good(before: str, planted: str, after: str) -> None:
    text = f"{before} {planted} {after}"
    once = scrub_text(text, "en")
    assert not any(part in once for part in ("jane", "example.com", "7946"))
    assert scrub_text(once, "en") == once
