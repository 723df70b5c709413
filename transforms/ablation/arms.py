"""The arms of an experiment: whose samples are compared. Each is a list of personas, and how the model is asked.

    none            no persona: a sentence in its place that says so
    none_long       the same at the length of a persona
    verbalised      no persona, and a model that is asked for several answers with probabilities (`verbalised`)
    few             ten personas by hand
    occupations     eleven occupation groups
    coarse          forty personas of one line
    one             one persona of the hub, again and again: the spread of the model itself
    hub, hub:N      personas of the hub, drawn by hash; without N as many as there are samples
    diverse:N       those N of the hub that cover most meanings
    hop:K, hop:K:N  personas of the hub at hop K

Personas are drawn by a hash that the arm's name keys, so two arms share no more of them than chance has it.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from persona_hub.transforms.choice.order import Place, drawn_place
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.packaged_yaml import packaged_yaml
from persona_hub.transforms.records import GIVEN, HOP_LIMIT, Persona, persona_id

NOBODY, NONE_LONG, VERBALISED, ONE_PERSONA = "none", "none_long", "verbalised", "one"
BY_LIST = ("few", "occupations", "coarse")
HUB, DIVERSE, HOP = "hub", "diverse", "hop"
OWN_ARMS = (NOBODY, NONE_LONG, VERBALISED, *BY_LIST, ONE_PERSONA)
ARM = re.compile(r"(hub|diverse|hop:(?P<hop>\d))(:(?P<n>[1-9]\d{0,5}))?")


@dataclass(frozen=True)
class Arm:
    """An arm by its name."""

    name: str
    kind: str  # one of OWN_ARMS, or HUB, DIVERSE, HOP
    personas: int = 0  # of the hub; 0: as many as there are samples
    hop: int = 0

    @property
    def fixed(self) -> bool:
        """Whether its personas are all there are of their kind, and not drawn from more."""
        return self.kind in OWN_ARMS

    @property
    def slug(self) -> str:
        """The name as part of a folder's."""
        return self.name.replace(":", "_")

    @property
    def seed(self) -> int:
        """What keys its draw, and tells its questions from equal ones of other arms."""
        return int.from_bytes(hashlib.blake2b(self.name.encode(), digest_size=4).digest(), "big") | 1


def parse_arm(name: str) -> Arm:
    """The arm of a name. Raises InvalidInputError."""
    if name in OWN_ARMS:
        return Arm(name, name)
    found = ARM.fullmatch(name)
    if found is None or (found["hop"] and int(found["hop"]) > HOP_LIMIT) or name == DIVERSE:
        known = ", ".join((*OWN_ARMS, "hub", "hub:N", "diverse:N", "hop:K", "hop:K:N"))
        raise InvalidInputError(f"{name}: no such arm; there are {known}, with N from 1 and K from 0 to {HOP_LIMIT}")
    return Arm(name, HOP if found["hop"] else found[1], int(found["n"] or 0), int(found["hop"] or 0))


def parse_arms(names: Sequence[str]) -> list[Arm]:
    """The arms of some names, each once. Raises InvalidInputError where there are no two."""
    arms = [parse_arm(name) for name in dict.fromkeys(names)]
    if len(arms) < 2:
        raise InvalidInputError("--arms: name two different ones at least; what would one be compared with?")
    return arms


@cache
def listed_personas() -> Mapping[str, str | list[str]]:
    """What personas.yaml holds."""
    found: dict[str, str | list[str]] = packaged_yaml(__package__, "personas.yaml")
    return found


def given(text: str) -> Persona:
    """A persona that no hub holds."""
    made = persona_id(text)
    return Persona(made, text, GIVEN, 0, "", GIVEN, made, "", "en", "", "")


def own_personas(arm: Arm) -> list[Persona]:
    """The personas of an arm that takes none from a hub."""
    texts = listed_personas()[NOBODY if arm.kind == VERBALISED else arm.kind]
    return [given(text) for text in ([texts] if isinstance(texts, str) else texts)]


def draw(arms: Sequence[Arm], personas: Iterable[Persona], samples: int, seed: int = 0) -> dict[str, list[Persona]]:
    """{arm: its personas in the order in which they are asked about}, for all arms but diverse ones.

    `personas`: all of the hub, in any order, read once. Raises InvalidInputError where the hub has too few.
    """
    drawn = [arm for arm in arms if arm.kind in (HUB, HOP, ONE_PERSONA)]
    found: dict[str, list[tuple[Place, Persona]]] = {arm.name: [] for arm in drawn}
    wanted = {arm.name: 1 if arm.kind == ONE_PERSONA else arm.personas or samples for arm in drawn}
    for persona in personas if drawn else ():
        for arm in drawn:
            if arm.kind == HOP and persona.hop != arm.hop:
                continue
            kept = found[arm.name]
            kept.append((drawn_place(persona.persona_id, arm.seed + 2 * seed), persona))
            if len(kept) > 2 * wanted[arm.name] + 64:
                kept[:] = heapq.nsmallest(wanted[arm.name], kept, key=first_of)
    chosen = {arm.name: own_personas(arm) for arm in arms if arm.fixed and arm.kind != ONE_PERSONA}
    for arm in drawn:
        lowest = heapq.nsmallest(wanted[arm.name], found[arm.name], key=first_of)
        chosen[arm.name] = [persona for _, persona in lowest]
        require(arm, len(lowest))
    return chosen


def first_of(one: tuple[Place, Persona]) -> Place:
    """The place."""
    return one[0]


def require(arm: Arm, found: int) -> None:
    """Raises InvalidInputError where the hub has fewer personas than an arm names, or none for it."""
    if found < max(arm.personas, 1):
        where = f" at hop {arm.hop}" if arm.kind == HOP else ""
        raise InvalidInputError(f"--arms {arm.name}: the hub has {found:,} personas{where} of which --where holds")
