"""Titles of values that are codes."""

from __future__ import annotations

# ISCO-08's major groups (ILO, 2012), shortened.
OCCUPATIONS = {
    "0": "armed forces",
    "1": "managers",
    "2": "professionals",
    "3": "technicians, associate professionals",
    "4": "clerical support",
    "5": "service and sales",
    "6": "skilled agriculture, forestry, fishery",
    "7": "craft and related trades",
    "8": "plant and machine operators",
    "9": "elementary occupations",
}


def in_full(attribute: str, value: str) -> str:
    """An attribute with its value, in words.

    >>> in_full("life_stage", "adult"), in_full("occupation", "2")
    ('life stage: adult', 'occupation: 2 professionals')
    """
    return f"{attribute.replace('_', ' ')}: {' '.join(titled(attribute, value).values())}"


def titled(attribute: str, value: str) -> dict[str, str]:
    """The value for a row of report.json, with its title where it is a code that has one.

    >>> titled("occupation", "2"), titled("country", "BR")
    ({'value': '2', 'title': 'professionals'}, {'value': 'BR'})
    """
    title = OCCUPATIONS.get(value) if attribute == "occupation" else None
    return {"value": value, "title": title} if title else {"value": value}
