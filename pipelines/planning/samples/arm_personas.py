"""Whom the arms of an experiment ask about: drawn from a hub before anything runs, so that the plan can name them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.transforms.ablation.arms import DIVERSE, Arm, draw, require
from persona_hub.transforms.choice.choice import Choice
from persona_hub.transforms.choice.columns import JoinedRow
from persona_hub.transforms.choice.coverage import covering_rows, reduced
from persona_hub.transforms.choice.order import drawn_place
from persona_hub.transforms.hub.reading import read_personas, read_table
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Persona, Vector
from persona_hub.transforms.similarity.ranks import ranks_of

DIVERSE_OF = 20_000  # personas that a diverse arm is chosen from, by hash: 20 MB of vectors, some seconds


def eligible_personas(hub: Hub, choice: Choice) -> Iterator[Persona]:
    """The personas of a hub of which the choice's condition holds. Tables that it asks for are held in memory."""
    condition = choice.condition
    tables = dict[str, dict[str, Any]]()
    for name in choice.tables:
        record: type[Any] = TABLES[name]
        tables[name] = {row.persona_id: row for row in read_table(hub, name, record)}
    for persona in read_personas(hub):
        rows = {name: found.get(persona.persona_id) for name, found in tables.items()}
        if condition is None or condition.holds(JoinedRow(persona, **rows)):
            yield persona


def draw_arms(hub: Hub, arms: Sequence[Arm], choice: Choice, samples: int) -> dict[str, list[Persona]]:
    """{arm: its personas, in the order in which they are asked about}. Raises ValueErrors that name the arm."""
    drawn = draw(arms, eligible_personas(hub, choice), samples, choice.seed)
    for arm in arms:
        if arm.kind == DIVERSE:
            drawn[arm.name] = diverse_personas(hub, arm, choice)
    return drawn


def diverse_personas(hub: Hub, arm: Arm, choice: Choice) -> list[Persona]:
    """Those of a hub that cover most meanings. Raises UsageError for a hub without vectors."""
    if not hub.paths("vectors"):
        raise UsageError(
            f"--arms {arm.name}: version {hub.manifest.version} of {hub.output} has no vectors "
            "(--embedding_threshold 1.0); use hub:N"
        )
    seed = arm.seed + 2 * choice.seed
    candidates = heapq.nsmallest(
        DIVERSE_OF, eligible_personas(hub, choice), key=lambda one: drawn_place(one.persona_id, seed)
    )
    by_id = {one.persona_id: one for one in candidates}
    vectors = {row.persona_id: row.vector for row in read_table(hub, "vectors", Vector) if row.persona_id in by_id}
    require(arm, len(vectors))
    ids = sorted(vectors)
    rows = np.frombuffer(b"".join(vectors[one] for one in ids), "<f2").reshape(len(ids), -1).astype(np.float16)
    people = [by_id[one] for one in ids]
    chosen = covering_rows(ranks_of(people), reduced(rows), arm.personas, choice.seed)
    return [people[place] for place in chosen.tolist()]
