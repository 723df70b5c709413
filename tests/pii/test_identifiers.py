"""Numbers of persons and accounts by their checksums, IP addresses, and street addresses of seven countries."""

from __future__ import annotations

import time

import pytest

from persona_hub.transforms.pii import find_pii, scrub_text

NUMBERS = [
    "DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR14 2004 1010 0505 0001 3M02 606",
    "4111 1111 1111 1111", "5500-0000-0000-0004", "123-45-6789", "AB 12 34 56 C", "12345678Z", "X1234567L",
    "RSSMRA85T10A562S", "529.982.247-25", "11010519491231002X", "330327196401101110", "2 55 08 14 168 025 38",
]  # fmt: skip
ANNOUNCED = [
    "social security number: 078051120", "passport number X1234567", "Kontonummer 1234567890",
    "numéro de compte 12345678901",    "DNI 12345678", "身份证号110105194912310021", "CPF 52998224726",
]  # fmt: skip
STREETS = [
    "12 Brick Alley", "4027 Andrea Roads Suite 272", "99 Vasquez Pass Apt. 445",
    "Karl-Marx-Straße 12, 12043 Berlin", "Rafael-Tintzmann-Gasse 6/4", "Kuschstr. 9/1", "Rambla de Cataluña 12",
    "1600 Pennsylvania Avenue NW, Washington, DC 20500", "22B Baker Street", "10 Downing Street, London SW1A 2AA",
    "742 Evergreen Terrace, Apt 3", "350 5th Ave", "P.O. Box 1234",
    "Hauptstraße 12a, 10115 Berlin", "Am Alten Platz 5", "Goethestr. 7",
    "12 bis, rue de la République, 69001 Lyon", "5 avenue Victor Hugo",
    "Calle de Alcalá 45, 28014 Madrid", "Avda. de la Constitución, nº 3",
    "Via Garibaldi 15, 20121 Milano", "Piazza del Duomo, 1",
    "北京市朝阳区建国路88号", "南京西路1266号",
]  # fmt: skip
NEITHER = [
    "uses Python 3.11.2.1 and version 1.2.3.4", "the router at 192.168.1.20", "2001:db8::1",
    "4111 1111 1111 1112", "from 12:30:45 to 10:15",
    "the Tabellenplatz 3 of the league", "a driver of line 42", "Sitzplatz 12", "born in 1984 in Paris",
    "reads 10 Great Ideas a day", "walks the corner of Baker Street", "a 5 K run", "ISBN 978-3-16-148410-0",
    "sailed 3 Great Loop trips", "two 5 Star Plaza hotels", "reads 12 Monkeys Unit 5",
    "buys a 30 Day Pass", "a 50 Mile Walk", "Room 5 Suite 7",
    "the router at 192.168.1.20:8080",
    "a group at 224.0.0.1", "section 81.2.69.142 of the law", "the 81.2.69.142 release",
    "MAC 00:1A:2B:3C:4D:5E or 00-1A-2B-3C-4D-5E", "fe80::1ff:fe23:4567:890a", "123e4567-e89b-12d3-a456-426614174000",
    "330327196413101110", "12345678A", "1.1 million of 2,000,000", "a win of 21-14 in 2019",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_known_by_its_checksum_or_its_shape(number: str) -> None:
    text = f"A clerk who keeps {number} on a slip of paper"
    assert [(text[start:end], kind) for start, end, kind in find_pii(text, "en")] == [(number, "number")]
    assert scrub_text(text, "en") == "A clerk who keeps a number on a slip of paper"


@pytest.mark.parametrize("words", ANNOUNCED)
def test_a_number_that_is_announced_needs_no_checksum(words: str) -> None:
    [(start, _, kind)] = find_pii(words, "und")
    assert kind == "number"
    assert words[start - 1 : start].isspace() or "号" in words[:start]


@pytest.mark.parametrize("address", STREETS)
def test_a_street_with_its_number_is_an_address(address: str) -> None:
    text = f"在{address}" if not address.isascii() and "号" in address else f"somebody, {address}"
    assert [(text[start:end], kind) for start, end, kind in find_pii(text, "und")] == [(address, "address")]


@pytest.mark.parametrize("text", NEITHER)
def test_other_numbers_stay(text: str) -> None:
    assert [found for found in find_pii(text, "en") if found.kind != "name"] == []


@pytest.mark.parametrize("address", ["8.8.8.8", "81.2.69.142", "2606:4700:4700::1111", "81.2.69.142/24"])
def test_an_address_of_the_internet_is_no_telephone_number(address: str) -> None:
    assert [kind for _, _, kind in find_pii(f"the server at {address} fails", "en")] == ["ip"]


def test_a_port_does_not_hide_an_address() -> None:
    assert scrub_text("the server at 81.2.69.142:443 and [2606:4700:4700::1111]:443", "en") == (
        "the server at an address:443 and [an address]:443"
    )


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("A fan of Jane Austen novels", "A fan of novels"),
        ("An avid Jane Austen fan", "An avid fan"),
        ("An Emily Brontë scholar who met Jane Austen once", "A scholar who met someone once"),
        ("A teacher inspired by Jane Austen to write", "A teacher inspired by someone to write"),
        ("Someone who loves Jane Austen and tea", "Someone who loves someone and tea"),
        ("Jane Austen writes novels", "Someone writes novels"),
        ("Jane Austen quotes Cicero", "Someone quotes Cicero"),
        ("Jane Austen fan from Ohio", "Fan from Ohio"),
        ("loves plays and William Shakespeare sonnets", "loves plays and sonnets"),
        ("Stephen King novels, Agatha Christie mysteries", "Novels, mysteries"),
        ("A John Lennon and Paul McCartney enthusiast", "An enthusiast"),
        ("An avid Stephen King, Agatha Christie and Jane Austen reader", "An avid reader"),
        ("A friend of Jane Austen and John Smith who sings", "A friend of someone and someone who sings"),
        ("A Martin Luther King Jr. scholar", "A scholar"),
        ("A fan of Martin Luther King Jr. She sings.", "A fan of someone. She sings."),
    ],
)
def test_a_name_before_a_noun_goes_without_a_word_in_its_place(text: str, scrubbed: str) -> None:
    assert scrub_text(text, "en") == scrubbed


@pytest.mark.parametrize(
    "piece", ["1 ", "12 Rue ", "12 Aa ", "A1", "北京市", "4111 ", "calle de ", "1:", "Am Platz ", "DE89 "]
)
def test_hostile_text_stays_linear(piece: str) -> None:
    begin = time.process_time()
    find_pii(piece * (5_000 // len(piece)), "und")
    assert time.process_time() - begin < 5, "a bound far above what is linear, and far below what is not"
