"""Numbers of years in words: how old somebody is, and how long somebody has worked."""

from __future__ import annotations

from typing import Any

STAGES_BELOW = ((13, "child"), (20, "teenager"), (30, "young adult"), (65, "adult"), (121, "older adult"))
JUNIOR_BELOW, SENIOR_FROM = 3, 10


def stage_of_age(age: int) -> str:
    """The life stage of an age in years; "" for what is no age."""
    return next((stage for below, stage in STAGES_BELOW if age < below), "")


def seniority_of_years(years: int) -> str:
    """The seniority of years of experience."""
    return "junior" if years < JUNIOR_BELOW else "mid" if years < SENIOR_FROM else "senior"


class Numbers:
    """Numbers below a hundred in the words of a language."""

    def __init__(self, raw: dict[str, Any]) -> None:
        """`numbers`: of one upwards; `tens`: of twenty upwards; `others`: word to number."""
        ones, tens = raw["numbers"].split(), raw["tens"].split()
        self._values = {word: n + 1 for n, word in enumerate(ones)}
        self._values |= {word: 10 * (n + 2) for n, word in enumerate(tens)}
        self._values |= raw.get("other_numbers", {})
        self.words = frozenset(word for word, value in self._values.items() if value > 1)
        words = "|".join(sorted(self._values, key=len, reverse=True))
        single = "|".join(word for word, value in self._values.items() if value == 1)  # "ein zwölfjähriges Kind"
        self.pattern = rf"\b(?:\d{{1,3}}|(?!(?:{single}) )(?:{words})(?: (?:y |et )?(?:{words}))?)"

    def value(self, said: str) -> int:
        """The number that is said: 45 for "45", for "forty five" and for "cuarenta y cinco"."""
        if said.isdigit():
            return int(said)
        return sum(self._values.get(word, 0) for word in said.split())
