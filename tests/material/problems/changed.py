"""Problems with other names, numbers and units, as somebody would hide where they come from."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence

NAMES = [
    "Aisha",
    "Bruno",
    "Chloe",
    "Diego",
    "Elena",
    "Farid",
    "Greta",
    "Hiro",
    "Ines",
    "Jonas",
    "Kiran",
    "Lucia",
    "Marek",
    "Nadia",
    "Omar",
    "Priya",
    "Quentin",
    "Rosa",
    "Stefan",
    "Tamar",
    "Ulla",
    "Viktor",
    "Wanda",
    "Ximena",
    "Yusuf",
    "Zora",
]
NUMBER_WORDS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fifteen",
    "eighteen",
    "twenty",
    "thirty",
    "forty",
    "ninety",
]
OTHER_UNITS = {
    "dollar": "euro", "cent": "penny", "mile": "kilometer", "hour": "minute", "minute": "second", "day": "week",
    "week": "month", "month": "year", "year": "month", "pound": "kilogram", "ounce": "gram", "gallon": "liter",
    "inch": "centimeter", "yard": "meter",
}  # fmt: skip
OTHER_PRONOUNS = {"he": "she", "she": "he", "him": "her", "his": "her", "her": "his"}
OFTEN = 2  # a word that stands so often in small letters is no name, wherever it has a capital
WORD = re.compile(r"\d[\d,.]*\d|\d|[^\W\d_]+")


class Changer:
    """Changes problems of a collection, which tells what is a name: a word with a capital that is rare without one."""

    def __init__(self, problems: Sequence[str], seed: int, units: bool = True):
        small = Counter(word for text in problems for word in re.findall(r"\b[a-z]+\b", text))
        self.common = {word for word, often in small.items() if often >= OFTEN} | {"i"}
        self.random = random.Random(seed)
        self.units = units

    def __call__(self, problem: str) -> str:
        """The problem with all names and numbers changed; with `units`, also units, currencies, and he to she."""
        names: dict[str, str] = {}
        others = OTHER_PRONOUNS if self.units and self.random.random() < 0.5 else {}

        def change(found: re.Match[str]) -> str:
            word = found.group()
            small = word.lower()
            if word[0].isdigit() or small in NUMBER_WORDS:
                return self.number()
            if self.units and (unit := OTHER_UNITS.get(small.removesuffix("s"))):
                return unit + "s" * small.endswith("s")
            if small in others:
                return others[small].capitalize() if word[0].isupper() else others[small]
            if word[0].isupper() and small not in self.common:
                return names.setdefault(word, self.random.choice(NAMES))
            return word

        changed = WORD.sub(change, problem)
        return changed.replace("$", self.random.choice("€£$")) if self.units else changed

    def number(self) -> str:
        """Another number, in digits or as a word."""
        return self.random.choice(NUMBER_WORDS) if self.random.random() < 0.3 else str(self.random.randint(2, 999))
