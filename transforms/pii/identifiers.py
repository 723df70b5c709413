"""Numbers that name a person or an account: IBANs, cards, national identity numbers, IP addresses.

A pattern finds what has the shape, `python-stdnum` decides by the checksum. What has a shape that other numbers have,
too, counts only after a word that announces it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import regex

from persona_hub.transforms.pii.finding import Finding

NUMBER, IP = "number", "ip"
ALONE_BEFORE, ALONE_AFTER = r"(?<![\p{L}\d.,/_-])", r"(?![\p{L}\d_]|[.,/-]\d)"
IBAN = regex.compile(
    rf"{ALONE_BEFORE}[A-Z]{{2}}\d{{2}}(?:[ -]?[A-Z\d]{{4}}){{2,7}}(?:[ -]?[A-Z\d]{{1,4}})?(?![\p{{L}}\d])"
)
CARD = regex.compile(rf"{ALONE_BEFORE}[2-6]\d{{3}}(?:[ -]?\d){{9,15}}{ALONE_AFTER}")
IP_ADDRESS = regex.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d|:(?!\d{1,5}(?![\w:])))"  # a port may follow
    r"|(?i:[\da-f]{1,4}(?::[\da-f]{0,4}){2,7}|::[\da-f]{1,4}(?::[\da-f]{1,4}){0,6})(?![\w:]|\.\d))"
)
VERSION = regex.compile(
    r"(?i:\b(?:v|version|release|build|firmware|kernel|python|java|php|chrome|windows|section|chapter|clause|article"
    r"|paragraph|figure|table|rule|step)\.? ?|§ ?)$"
)
VERSION_AFTER = regex.compile(r" (?:version|release|build|firmware|update|patch)\b")
# (validator of stdnum, shape). Those without a validator have no checksum, and no other number has their shape.
SHAPES = (
    ("us.ssn", r"\d{3}-\d{2}-\d{4}"),
    ("", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"),  # national insurance, United Kingdom
    ("fr.nir", r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}"),
    ("es.dni", r"\d{8}-?[A-Z]"),
    ("es.nie", r"[XYZ]-?\d{7}-?[A-Z]"),
    ("it.codicefiscale", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]"),
    ("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    ("cn.ric", r"\d{17}[\dX]"),
    ("in_.aadhaar", r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}"),
    ("in_.pan", r"[A-Z]{5}\d{4}[A-Z]"),
    ("mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d"),
    ("kr.rrn", r"\d{6}-\d{7}"),
)
NATIONAL = tuple((validator, regex.compile(rf"{ALONE_BEFORE}{shape}{ALONE_AFTER}")) for validator, shape in SHAPES)
# After one of these, anything with five digits or more is a number of that kind, also one with a slip in it.
ANNOUNCING = (
    "ssn|social security|national insurance|passport|driving licen[cs]e|driver'?s licen[cs]e|tax(?:payer)? id|tin|sin"
    "|nhs|aadhaar|iban|account|(?:credit|debit) card|card"
    r"|steuer-?id\w*|sozialversicherungsnummer|personalausweis\w*|reisepass\w*|kontonummer|kreditkarte\w*"
    "|numéro de sécurité sociale|sécurité sociale|passeport|carte bancaire|numéro de compte"
    "|seguridad social|dni|nie|pasaporte|número de cuenta|tarjeta de crédito|curp|codice fiscale|passaporto"
    r"|cpf|bsn|pesel|rodné číslo|паспорт\w*|снилс|инн"
)
BETWEEN = r"(?:\s*(?:is|ist|est|es|è|:|#|nr\.?|no\.?|n°|nº|number|nummer))*\s*"
ANNOUNCED = regex.compile(
    rf"\b(?:{ANNOUNCING}){BETWEEN}(?P<number>[A-Z]{{0,3}}\d(?:[ .\-/]?[A-Z\d]){{4,24}})(?![\p{{L}}\d])",
    regex.IGNORECASE,
)
ANNOUNCED_HAN = regex.compile(
    "(?:身份证号?码?|护照号?码?|银行卡号?|账号|社保号|マイナンバー|口座番号|旅券番号|주민등록번호|계좌번호|여권번호)"
    r"\s*(?:是|为|は|[:：])?\s*(?P<number>[A-Z]{0,2}\d(?:[ -]?[\dX]){4,24})"
)
DIGITS_IN_A_ROW = regex.compile(r"\d{2}")


def find_identifiers(text: str) -> Iterator[Finding]:
    """Numbers of persons and accounts, and IP addresses, of a folded text (ASCII digits); the surer first."""
    if "." in text or ":" in text:
        for found in IP_ADDRESS.finditer(text):
            version = VERSION.search(text, max(0, found.start() - 20), found.start()) or VERSION_AFTER.match(
                text, found.end()
            )
            if is_ip(found.group()) and not version:
                yield Finding(*found.span(), IP)
    if not DIGITS_IN_A_ROW.search(text):
        return
    for found in IBAN.finditer(text):
        if length := length_of_iban(found.group()):
            yield Finding(found.start(), found.start() + length, NUMBER)
    for found in CARD.finditer(text):
        if is_card(found.group()):
            yield Finding(*found.span(), NUMBER)
    for validator, shape in NATIONAL:
        for found in shape.finditer(text):
            if (
                not validator
                or is_valid(validator, found.group())
                or (validator == "cn.ric" and is_chinese(found.group()))
            ):
                yield Finding(*found.span(), NUMBER)
    for announced in (ANNOUNCED, ANNOUNCED_HAN):
        for found in announced.finditer(text):
            if sum(map(str.isdigit, found["number"])) >= 5:
                yield Finding(*found.span("number"), NUMBER)


def is_ip(text: str) -> bool:
    """Whether this is an address of the Internet Protocol, and no number of a version or a time."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == 6 or int(address) >= 1 << 24


def names_a_host(text: str) -> bool:
    """Whether an IP address names one host of the world, and none of a private network or of an example."""
    address = ipaddress.ip_address(text)
    return address.is_global and not address.is_multicast


def length_of_iban(text: str) -> int:
    """How many characters of the beginning are an IBAN, with or without the words after it; 0: none."""
    ends = [len(text), *(i for i in range(len(text) - 1, 14, -1) if text[i] in " -")]
    return next((end for end in ends if is_valid("iban", text[:end])), 0)


def is_chinese(text: str) -> bool:
    """Whether this is an identity number of China, be it of a county that is no more: by its date and its checksum."""
    from stdnum.cn import ric
    from stdnum.exceptions import ValidationError

    try:
        ric.get_birth_date(text)
    except ValidationError:
        return False
    return bool(ric.calc_check_digit(text) == text[-1])


def is_card(text: str) -> bool:
    """Whether these digits are the number of a card: by their checksum, and not by one digit alone."""
    digits = "".join(filter(str.isdigit, text))
    return len(set(digits)) > 1 and is_valid("luhn", digits)


def is_valid(validator: str, text: str) -> bool:
    """Whether one of stdnum's modules takes a number."""
    return bool(module(validator).is_valid(text))


@cache
def module(name: str) -> Any:
    """A module of stdnum."""
    return import_module(f"stdnum.{name}")
