"""What is read of a persona, and the values that each attribute has."""

from __future__ import annotations

from dataclasses import dataclass

UNSPECIFIED = "unspecified"
SENIORITIES = ("student", "junior", "mid", "senior", "lead", "retired")
LIFE_STAGES = ("child", "teenager", "young adult", "adult", "older adult")
EDUCATIONS = ("primary", "secondary", "vocational", "bachelor", "master", "doctorate")


@dataclass(frozen=True)
class TextAttributes:
    """Who a text says somebody is; UNSPECIFIED where it does not."""

    occupation: str = UNSPECIFIED  # major group of ISCO-08, "0" to "9"
    occupation_unit: str = UNSPECIFIED  # unit group of ISCO-08, four digits
    seniority: str = UNSPECIFIED  # of SENIORITIES
    life_stage: str = UNSPECIFIED  # of LIFE_STAGES
    country: str = UNSPECIFIED  # ISO 3166 alpha-2, where the person lives, else comes from
    education: str = UNSPECIFIED  # of EDUCATIONS, held or being studied for
