"""A model says what a persona's text says of it; where it does not, rules do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from persona_hub.transforms.ask_attributes.ask_attributes import (
    AskAttributes,
    PersonasAndRows,
    answered,
    unread,
)
from persona_hub.transforms.ask_attributes.attributes_task import FIELDS, AttributesTask, attributes_prompt
from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Sampling
from persona_hub.transforms.records import Attributes
from persona_hub.transforms.wire.batches import Batch, split_by_block
from persona_hub.transforms.write_hub.attributes_of import attributes_of
from tests.material.personas import persona

NURSE = persona("A retired nurse from Kenya")
CHEF = persona("A chef who paints")
TASK = AttributesTask(attributes_prompt(), Sampling())
SAID = dict.fromkeys(FIELDS, UNSPECIFIED)


def parsed(**said: str) -> Attributes:
    return TASK.parse(NURSE, TASK.requests(NURSE)[0], Completion(json.dumps(SAID | said)), "m")


def test_a_persona_is_asked_about_once() -> None:
    [request] = TASK.requests(NURSE)
    assert NURSE.text in request.prompt
    assert (request.task, request.subject, TASK.key(NURSE)) == ("ask_attributes", NURSE.persona_id, NURSE.persona_id)


def test_an_answer_becomes_a_row() -> None:
    row = parsed(occupation="2", occupation_unit="2221", seniority="retired", country="KE")
    assert (row.persona_id, row.occupation, row.occupation_unit) == (NURSE.persona_id, "2", "2221")
    assert (row.seniority, row.country, row.education, row.given) == ("retired", "KE", UNSPECIFIED, "")


def test_a_unit_group_says_the_major_group() -> None:
    assert parsed(occupation_unit="0110").occupation == "0"


@pytest.mark.parametrize(
    "said",
    [
        {"occupation": "nurse"},
        {"occupation_unit": "22210"},
        {"occupation": "3", "occupation_unit": "2221"},
        {"country": "Kenya"},
        {"seniority": "very senior"},
        {"life_stage": ""},
    ],
)
def test_a_value_that_there_is_not_is_malformed(said: dict[str, str]) -> None:
    with pytest.raises(MalformedAnswer):
        parsed(**said)


def test_rows_of_rules_stand_where_no_answer_was_read_and_columns_stay() -> None:
    rules = [attributes_of(NURSE, '{"age": 70}'), attributes_of(CHEF)]
    answer = parsed(occupation="2")
    [rows] = answered(0, {"rules": [Batch(rules)], "answers": [Batch([answer])]})
    assert sorted(rows, key=lambda row: row.given) == [rules[1], replace(answer, given='{"age": 70}')]


def test_off_leaves_the_language_and_the_columns() -> None:
    [row] = unread(Batch([attributes_of(NURSE, '{"age": 70}')]))
    assert row == Attributes(NURSE.persona_id, NURSE.language, **SAID, given='{"age": 70}')


def test_rows_go_to_the_block_of_their_persona() -> None:
    rows = Batch([attributes_of(NURSE), attributes_of(CHEF)])
    found = [row for block, part in split_by_block(rows, 4) for row in part if 0 <= block < 4]
    assert sorted(row.persona_id for row in found) == sorted([NURSE.persona_id, CHEF.persona_id])


def test_who_reads_must_be_known() -> None:
    with pytest.raises(InvalidInputError, match="--attributes guess: must be one of rules, model, off"):
        AskAttributes(by="guess", model=ModelConfig("offline"))


def test_the_offline_model_says_what_rules_read() -> None:
    before = unread(Batch([attributes_of(NURSE), attributes_of(CHEF)]))

    def same(found: list[Any]) -> None:
        assert {row.occupation_unit for batch in found for row in batch} == {"2221", "3434"}

    with beam.Pipeline(FnApiRunner()) as p:
        personas = p | "Personas" >> beam.Create([(0, Batch([NURSE])), (1, Batch([CHEF]))], reshuffle=False)
        rows = p | "Rows" >> beam.Create([before], reshuffle=False)
        made = PersonasAndRows(personas, rows) | AskAttributes(by="model", model=ModelConfig("offline"), blocks=2)
        assert_that(made.rows, same)
