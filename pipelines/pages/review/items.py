"""Which samples are rated, in which order, beside which others: all by hash, so that nothing tells the arm."""

from __future__ import annotations

import base64
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import orjson

from persona_hub.transforms.records import content_id

Source = Callable[[], Iterator["Item"]]  # reads an arm's samples anew


@dataclass(frozen=True)
class Item:
    """A sample that is rated, and where it is from, which its raters do not see."""

    text: str
    persona: str  # "" where the sample was made without one
    use_case: str
    persona_id: str
    number: int
    model: str
    arm: str  # which of the compared sets it is of

    @cached_property
    def id(self) -> str:
        """32 hex digits, of all that is known of it."""
        return content_id(orjson.dumps([self.text, self.persona, self.use_case, *self.hidden]).decode())

    @property
    def hidden(self) -> tuple[str, int, str, str]:
        """What the page does not show."""
        return self.persona_id, self.number, self.model, self.arm

    @property
    def origin(self) -> str:
        """`hidden` in base64: so that whoever looks into a file while rating does not read it by accident."""
        return base64.b64encode(orjson.dumps(self.hidden)).decode()

    @property
    def key(self) -> str:
        """What it has in common with a sample of another arm that is made for the same persona."""
        return f"{self.use_case}\0{self.persona_id}\0{self.number}"


def read_origin(origin: str) -> tuple[str, int, str, str]:
    """What `Item.origin` holds. Raises ValueError."""
    found: Any = orjson.loads(base64.b64decode(origin, validate=True))
    if not isinstance(found, list) or [type(one) for one in found] != [str, int, str, str]:
        raise ValueError("no persona_id, number, model and arm in it")
    return found[0], found[1], found[2], found[3]


class Pair(NamedTuple):
    """Two items beside each other."""

    left: Item
    right: Item


@dataclass(frozen=True)
class Review:
    """What a page asks, in its order."""

    items: tuple[Item, ...]
    pairs: tuple[Pair, ...] = ()

    @property
    def digest(self) -> str:
        """32 hex digits, of the items and pairs and their order."""
        return review_digest([one.id for one in self.items], [(one.left.id, one.right.id) for one in self.pairs])


def review_digest(items: Sequence[str], pairs: Sequence[tuple[str, str]]) -> str:
    """The digest of a page that asks about these items and pairs."""
    return content_id(orjson.dumps([items, pairs]).decode())


def review_of(arms: Sequence[Source], wanted: int, seed: int = 0) -> Review:
    """A review of `wanted` items of one arm or of two; of two with `wanted` // 2 pairs, whose halves are the items.

    Pairs are of samples with the same use case, persona and number. Where the arms have none in common, as where one
    was made without personas, samples of a use case are paired as their hashes lie. Each arm is read twice where there
    are two, and the keys of the first are held.
    """
    if len(arms) == 1:
        return Review(tuple(blind(of_lowest_hash(arms[0](), wanted, seed), seed)))
    pairs = [facing(one, other, seed) for one, other in matched(arms[0], arms[1], wanted // 2, seed)]
    items = dict.fromkeys(item for pair in pairs for item in pair)
    return Review(tuple(blind(items, seed)), tuple(sorted(pairs, key=lambda pair: draw(seed, "pair", *ids(pair)))))


def matched(first: Source, second: Source, wanted: int, seed: int) -> list[tuple[Item, Item]]:
    """So many pairs of the first arm's samples and the second's."""
    common = {one.key for one in first() if one.persona_id}
    common.intersection_update(one.key for one in second() if one.persona_id)
    if common:
        chosen = set(heapq.nsmallest(wanted, common, key=lambda key: draw(seed, "key", key)))
        found: list[dict[str, Item]] = [{}, {}]
        for side, arm in zip(found, (first, second), strict=True):
            for one in arm():
                if one.key in chosen:  # of two with one key, by two models, the same one whatever the order
                    side[one.key] = min(one, side.get(one.key, one), key=lambda item: draw(seed, "of", item.id))
        return [(found[0][key], found[1][key]) for key in sorted(chosen)]
    use_cases = {one.use_case for one in first()} & {one.use_case for one in second()}
    every: list[tuple[Item, Item]] = []
    for use_case in sorted(use_cases) or [""]:  # without one in common, as in files that do not tell, all are of one
        sides = [
            of_lowest_hash((one for one in arm() if use_case in (one.use_case, "")), wanted, seed)
            for arm in (first, second)
        ]
        every += zip(*sides, strict=False)
    return heapq.nsmallest(wanted, every, key=lambda pair: draw(seed, "both", *ids(pair)))


def facing(one: Item, other: Item, seed: int) -> Pair:
    """A pair with its sides by hash."""
    first, second = sorted((one, other), key=lambda item: item.id)
    return Pair(second, first) if int(draw(seed, "side", first.id, second.id)[-1], 16) % 2 else Pair(first, second)


def of_lowest_hash(items: Iterable[Item], wanted: int, seed: int) -> list[Item]:
    """The items with the lowest hashes, each once."""
    held: dict[str, Item] = {}
    unread = iter(items)
    while batch := list(islice(unread, 4 * wanted + 1000)):
        held |= {item.id: item for item in batch}
        held = {
            item.id: item for item in heapq.nsmallest(wanted, held.values(), key=lambda one: draw(seed, "of", one.id))
        }
    return list(held.values())


def blind(items: Iterable[Item], seed: int) -> list[Item]:
    """Items in an order that has nothing to do with where they are from."""
    return sorted(items, key=lambda one: draw(seed, "order", one.id))


def draw(seed: int, *parts: str) -> str:
    """A hash that stands for a random number."""
    return content_id("\0".join((str(seed), *parts)))


def ids(pair: Iterable[Item]) -> list[str]:
    """The ids of some items."""
    return [one.id for one in pair]
