"""Numbers with their nouns, as messages show them."""

from __future__ import annotations


def noun_for(number: float, one: str, many: str = "") -> str:
    """The noun that goes with a number, in the plural `many`, by default with an s, for all numbers but 1."""
    return one if number == 1 else many or f"{one}s"


def quantity(number: float, one: str, many: str = "") -> str:
    """A whole number with its noun.

    >>> quantity(1, "document"), quantity(1234, "document"), quantity(0, "retry", "retries")
    ('1 document', '1,234 documents', '0 retries')
    """
    return f"{number:,.0f} {noun_for(number, one, many)}"
