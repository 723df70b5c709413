"""The graph of the rounds stays one that Flink can plan.

Its planner (`RangePartitionRewriter`) walks every path from what is written back to what is read, and each round
multiplies these by six: with eight rounds they were 1,200 million, and a job did not start within minutes.
"""

from __future__ import annotations

from functools import cache

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.synthesis.use_cases import load_use_case
from persona_hub.transforms.synthesize.accepted.wanted import Wanted
from persona_hub.transforms.synthesize.synthesize import Synthesize
from persona_hub.transforms.wire.batches import Batch
from tests.material.personas import persona

MOST_VISITS = 5_000_000  # a tenth of a second of the planner's


def visits_of_paths(pipeline: beam.Pipeline) -> int:
    """How many steps a walk of all paths takes that does not know where it has been."""
    transforms = pipeline.to_runner_api().components.transforms
    steps = {name: one for name, one in transforms.items() if not one.subtransforms}
    made_by = {
        output: name for name, one in steps.items() for output in {*one.outputs.values()} - {*one.inputs.values()}
    }

    @cache
    def visits(name: str) -> int:
        return 1 + sum(visits(made_by[one]) for one in steps[name].inputs.values() if one in made_by)

    read = {one for step in steps.values() for one in step.inputs.values()}
    return sum(visits(name) for name, step in steps.items() if not read & {*step.outputs.values()})


def test_the_paths_can_be_walked() -> None:
    pipeline = beam.Pipeline()
    made = (
        pipeline
        | beam.Create([Batch([persona("A clockmaker")])])
        | Synthesize(use_case=load_use_case("math"), model=ModelConfig("openai:m"), wanted=Wanted(accepted=9))
    )
    _ = [made.samples, made.rejected, made.dead_letters, *made.counts] | beam.Flatten() | "Write" >> beam.Map(print)
    assert 1000 < visits_of_paths(pipeline) < MOST_VISITS
