"""AskAttributes: personas that are kept, and the rows that rules read -> the rows of a table of attributes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.ask_attributes.attributes_task import FIELDS, AttributesTask, attributes_prompt
from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import ASK_ATTRIBUTES
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.records import Attributes, DeadLetter, Persona
from persona_hub.transforms.wire.batches import Batch, batches, split_by_block

BY_RULES, BY_MODEL, BY_NOTHING = "rules", "model", "off"
READERS_OF_ATTRIBUTES = (BY_RULES, BY_MODEL, BY_NOTHING)


class RowsOfRules(NamedTuple):
    """Rows for which no model is asked."""

    rows: beam.PCollection[Batch[Attributes]]
    counts: Sizes = ()
    equations: tuple[Equation, ...] = ()


class RowsOfModel(NamedTuple):
    """Rows that a model has read; those of rules for what it did not answer."""

    rows: beam.PCollection[Batch[Attributes]]
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every persona that is kept is asked about; every question is answered or lost."""
        return (
            Equation("embed_dedup", "kept", (f"{ASK_ATTRIBUTES}/asked",)),
            Equation(ASK_ATTRIBUTES, "asked", ("answered", "lost-*")),
        )


class PersonasAndRows(NamedTuple):
    """Personas in blocks, and the row that rules read of each."""

    personas: beam.PCollection[tuple[int, Batch[Persona]]]
    rows: beam.PCollection[Batch[Attributes]]


@dataclass(kw_only=True)
class AskAttributes(beam.PTransform):
    """PersonasAndRows -> the rows: by rules as they are, by a model, or with nothing read (`off`).

    A persona of which a model gives no answer that can be read keeps the row of the rules. Columns that a persona came
    with stay in its row.
    """

    by: str
    model: ModelConfig
    prompt: Prompt = field(default_factory=attributes_prompt)
    sampling: Sampling = field(default_factory=Sampling)
    blocks: int = 16  # parts of a shuffle

    def __post_init__(self) -> None:
        if self.by not in READERS_OF_ATTRIBUTES:
            raise InvalidInputError(f"--attributes {self.by}: must be one of {', '.join(READERS_OF_ATTRIBUTES)}")

    def expand(self, known: PersonasAndRows) -> RowsOfRules | RowsOfModel:
        """Asks a model about each persona, where it is to read them."""
        if self.by == BY_RULES:
            return RowsOfRules(known.rows)
        if self.by == BY_NOTHING:
            return RowsOfRules(known.rows | "Unread" >> beam.Map(unread).with_output_types(Batch))
        task = AttributesTask(self.prompt, self.sampling)
        personas = known.personas | "Batches" >> beam.Values().with_output_types(Batch)
        answers = personas | "Generate" >> Generate(stage=ASK_ATTRIBUTES, task=task, model=self.model)
        by_block = beam.FlatMap(split_by_block, self.blocks).with_output_types(tuple[int, Batch[Attributes]])
        both = {"rules": known.rows | "Rules" >> by_block, "answers": answers.results | "Answers" >> by_block}
        merged = beam.FlatMapTuple(answered).with_output_types(Batch)
        rows = both | "ByBlock" >> beam.CoGroupByKey() | "Answered" >> merged
        counts = (
            *count_records(ASK_ATTRIBUTES, "asked", personas),
            *count_records(ASK_ATTRIBUTES, "answered", answers.results),
        )
        return RowsOfModel(rows, answers.dead_letters, counts)


def unread(rows: Batch[Attributes]) -> Batch[Attributes]:
    """The rows with nothing that was read of texts."""
    return Batch(replace(row, **dict.fromkeys(FIELDS, UNSPECIFIED)) for row in rows)


def answered(_: int, sides: dict[str, Any]) -> Iterator[Batch[Attributes]]:
    """The rows of a block by id: what a model has read, else what rules have."""
    answers = {row.persona_id: row for batch in sides["answers"] for row in batch}
    rules = {row.persona_id: row for batch in sides["rules"] for row in batch}
    yield from batches(replace(answers.get(key, rules[key]), given=rules[key].given) for key in sorted(rules))
