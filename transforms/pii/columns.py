"""The columns that a given persona came with, without personal data."""

from __future__ import annotations

import re
from typing import Any

import orjson

from persona_hub.transforms.pii import find_pii, replace_findings

# Columns whose every value is personal data, whatever it looks like. A town, an age or an occupation is none.
PERSONAL_NAMES = """
name firstname middlename lastname fullname surname familyname givenname maidenname nickname username login email
emailaddress mail phone phonenumber telephone mobile mobilephone cellphone fax address streetaddress street ssn
socialsecuritynumber nationalid taxid passport passportnumber iban creditcard creditcardnumber ip ipaddress
birthdate dateofbirth dob birthday
"""
PERSONAL_COLUMNS = frozenset(PERSONAL_NAMES.split())
NO_LETTER = re.compile(r"[\W_]+")
PERSONAL = "personal"  # why such a column is left out
LEAST_CHARACTERS = 5  # of a text in which something is looked for


def clean_columns(given: str, language: str, mode: str) -> str:
    """A JSON object of columns without personal data; "" where nothing is left.

    `mode` is that of --pii: "scrub" puts neutral words in its place, "drop" leaves the value out, "keep" keeps it. Of
    columns whose name says that they hold names of people, addresses or numbers nothing stays but with "keep".
    """
    if mode == "keep" or not given:
        return given
    kept = {
        name: value
        for name, found in orjson.loads(given).items()
        if is_free(name) and (value := clean_value(found, language, mode)) is not None
    }
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode() if kept else ""


def is_free(name: str) -> bool:
    """Whether a column's name does not say that it holds personal data.

    >>> is_free("First name"), is_free("e-mail"), is_free("city")
    (False, False, True)
    """
    return NO_LETTER.sub("", name.casefold()) not in PERSONAL_COLUMNS


def personal_columns(given: str) -> list[str]:
    """Names of the columns in a JSON object or "" that `clean_columns` leaves out for their names."""
    return [name for name in orjson.loads(given) if not is_free(name)] if given else []


def clean_value(value: Any, language: str, mode: str) -> Any:
    """A value without personal data, None where it is left out. In a number none is looked for."""
    if not isinstance(value, str) or len(value) < LEAST_CHARACTERS:
        return value
    found = find_pii(value, language)
    if not found:
        return value
    return replace_findings(value, found, language) if mode == "scrub" else None
