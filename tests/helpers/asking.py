"""A small step that asks a model, for tests: records are strings, each asks one or more questions."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.records import DeadLetter
from persona_hub.transforms.wire.batches import Batch, batches

SHORT = Sampling(max_tokens=100)


@dataclass(frozen=True)
class Answer:
    record: str
    number: int
    text: str


@dataclass(frozen=True)
class Echo:
    """Takes every answer but those that begin with "bad"."""

    per_record: int = 1
    schema: str = ""
    sampling: Sampling = SHORT

    def requests(self, record: str) -> list[Request]:
        return [
            Request("echo", "You answer.", f"Say {record}", "hash", self.sampling, self.schema, number)
            for number in range(self.per_record)
        ]

    def parse(self, record: str, request: Request, completion: Completion, model: str) -> Answer:
        if completion.text.startswith("bad"):
            raise MalformedAnswer("it begins with bad")
        return Answer(record, request.number, completion.text)

    def key(self, record: str) -> str:
        return record


ECHO = Echo()


def records(n: int) -> list[str]:
    return [f"record {i}" for i in range(n)]


def ask(
    asked: Sequence[str],
    model: ModelConfig,
    task: Any = ECHO,
    batch: int = 50,
    stage: str = "echo",
    workers: int = 0,
    then: Any = None,
) -> tuple[list[Answer], list[DeadLetter]]:
    """What `Generate` makes of the records, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        flags = [f"--direct_num_workers={workers}", "--direct_running_mode=multi_processing"] if workers else []
        with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags)) as pipeline:
            elements: list[Batch[str]] = list(batches(asked, batch))
            out = pipeline | beam.Create(elements, reshuffle=False) | Generate(stage=stage, task=task, model=model)
            if then:
                out.results | "Then" >> beam.Map(then)
            out.results | "Results" >> beam.Map(save, folder, "results")
            out.dead_letters | "Dead" >> beam.Map(save, folder, "dead")
        answers, dead = saved(folder, "results"), saved(folder, "dead")
    return sorted(answers, key=lambda a: (a.record, a.number)), sorted(dead, key=lambda d: d.key)


def counted(asked: Sequence[str], model: ModelConfig) -> tuple[dict[str, int], dict[str, Any]]:
    """The step's counters and distributions by name."""
    pipeline = beam.Pipeline(runner=FnApiRunner())
    elements: list[Batch[str]] = list(batches(asked, 50))
    pipeline | beam.Create(elements, reshuffle=False) | Generate(stage="echo", task=ECHO, model=model)
    found = pipeline.run().metrics().query(MetricsFilter().with_namespace("echo"))
    return (
        {metric.key.metric.name: metric.committed for metric in found["counters"] if metric.committed},
        {metric.key.metric.name: metric.committed for metric in found["distributions"]},
    )


def save(batch: Batch[Any], folder: str, kind: str) -> None:
    """Files of their own, so that it works from any process."""
    descriptor, _ = tempfile.mkstemp(f".{kind}", dir=folder)
    with os.fdopen(descriptor, "wb") as file:
        pickle.dump(list(batch), file)


def saved(folder: str, kind: str) -> list[Any]:
    return [record for file in Path(folder).glob(f"*.{kind}") for record in pickle.loads(file.read_bytes())]
