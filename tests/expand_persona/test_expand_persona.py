"""Relations are followed hop after hop, and nobody is asked about twice."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.expand_persona.expand_persona import ExpandPersona
from persona_hub.transforms.expand_persona.one_hop import split_by_rank
from persona_hub.transforms.expand_persona.relation_task import RelationTask, expand_prompt
from persona_hub.transforms.filter_persona.filter_persona import FilterPersona
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Sampling
from persona_hub.transforms.similarity.ranks import rank_of
from persona_hub.transforms.wire.batches import Batch
from tests.material.personas import persona

nurse = persona("A night nurse on a children's oncology ward who reads to her patients")
TASK = RelationTask(3, 2, expand_prompt(), Sampling())


def parsed(text: str):
    return TASK.parse(nurse, TASK.requests(nurse)[0], Completion(text), "offline")


def test_a_question_for_each_relation_wanted() -> None:
    first, second = TASK.requests(nurse)
    assert (first.number, second.number) == (0, 1)
    assert nurse.text in first.prompt
    assert first.prompt == second.prompt


def test_an_answer_becomes_a_persona_that_knows_where_it_came_from() -> None:
    child = parsed('{"relation": " patient ", "persona": "A boy of nine who\\n collects maps"}')
    assert child.text == "A boy of nine who collects maps"
    assert (child.relation, child.hop, child.parent_id) == ("patient", 3, nurse.persona_id)
    assert (child.origin, child.document_id, child.source) == ("relation", nurse.document_id, nurse.source)


@pytest.mark.parametrize("text", ["", "no JSON", '{"persona": "x"}', '{"relation": "child", "persona": " "}', "{"])
def test_what_is_no_answer_is_malformed(text: str) -> None:
    with pytest.raises(MalformedAnswer):
        parsed(text)


def test_near_identical_personas_are_passed_over() -> None:
    twin = persona("A night nurse on a children's oncology ward who reads to their patients")
    assert split_by_rank([Batch([nurse, twin])], {rank_of(twin)}) == ([nurse], [twin])


@pytest.mark.parametrize("hops", [-1, 7])
def test_hops_have_a_bound(hops: int) -> None:
    with pytest.raises(ValueError, match=f"--expand_hops {hops}"):
        ExpandPersona(model=ModelConfig(), accept=FilterPersona(), blocks=4, hops=hops)


def expanded(p: beam.Pipeline, people: list, hops: int, per_persona: int = 1):
    return (
        p
        | beam.Create([Batch(people)], reshuffle=False)
        | ExpandPersona(model=ModelConfig(), accept=FilterPersona(), blocks=4, hops=hops, per_persona=per_persona)
    )


def test_no_hop_is_no_question() -> None:
    with beam.Pipeline(runner=FnApiRunner()) as p:
        found = expanded(p, [nurse], hops=0)
        assert_that(found.personas | beam.FlatMap(lambda pair: pair[1]), equal_to([nurse]))
        assert found.asked == ()


def test_three_hops() -> None:
    with beam.Pipeline(runner=FnApiRunner()) as p:
        found = expanded(p, [nurse], hops=3)
        hops = found.personas | beam.FlatMap(lambda pair: [one.hop for one in pair[1]])
        assert_that(hops, equal_to([0, 1, 2, 3]))


def test_only_one_of_two_near_identical_personas_is_expanded() -> None:
    words = "who keeps bees on the roof of a school and sells the honey to parents every autumn in small green jars"
    twins = [persona(f"A retired teacher {words}"), persona(f"A retired teacher {words} indeed")]
    with beam.Pipeline(runner=FnApiRunner()) as p:
        found = expanded(p, twins, hops=1)
        assert_that(found.asked[0] | beam.Map(len), equal_to([1]), label="asked")
        first = min(twins, key=lambda one: one.persona_id)
        assert_that(found.asked[0] | beam.FlatMap(list), equal_to([first]), label="the first")
        passed = found.passed_over[0] | "Passed" >> beam.FlatMap(list)
        assert_that(passed, equal_to([one for one in twins if one is not first]), label="passed over")


def test_a_relation_is_a_few_words_on_one_line() -> None:
    child = parsed('{"relation": "' + "a  friend\\nof " * 30 + '", "persona": "A boy of nine"}')
    assert len(child.relation) == 80
    assert child.relation.startswith("a friend of a friend of")
    assert child.relation.endswith("…")
    assert child.language == nurse.language
