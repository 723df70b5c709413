"""Whether a text mentions one of many addresses: 50,000 of them at the price of a few."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import takewhile

WORD_CHARACTER = re.compile(r"\w")


class Mentions:
    """Addresses to look for, each as a whole: "https://a.org" is not in "https://a.organic"."""

    def __init__(self, addresses: Iterable[str]):
        self.addresses = sorted({address for address in addresses if address})
        self.longest = max(map(len, self.addresses), default=0)

    def anywhere(self, text: str) -> bool:
        """Whether `text` holds an address with no letter, digit or "_" right before or after it."""
        return any(
            self._begins(text[i : i + self.longest], text[i + self.longest : i + self.longest + 1])
            for i in range(len(text))
            if not i or not WORD_CHARACTER.match(text[i - 1])
        )

    def _begins(self, text: str, after: str) -> bool:
        """Whether an address begins `text`; `after` is the character that follows it.

        Of the addresses up to `text` in order, the last shares the most with it: what it shares is all that another
        one can begin with.
        """
        head = text
        while head:
            found = bisect_right(self.addresses, head)
            if not found:
                return False
            nearest = self.addresses[found - 1]
            if head.startswith(nearest):
                follows = text[len(nearest) :] + after
                if not WORD_CHARACTER.match(follows):
                    return True
                head = nearest[:-1]
            else:
                head = shared_beginning(head, nearest)
        return False


def shared_beginning(one: str, other: str) -> str:
    """The longest text that both begin with."""
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
