"""A trial: some documents of a corpus go through a whole build, whose answers stay in the response store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import orjson
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from pipelines.opening import opened_store
from pipelines.persona_hub import build
from pipelines.plan import BuildPlan
from pipelines.progress import progress
from pipelines.running import run_pipeline, runner_name
from transforms.corpus.files import match_corpus
from transforms.hub.manifest import Manifest
from transforms.hub.versions import open_hub
from transforms.records import Document
from transforms.store.protocol import Spend
from transforms.store.registry import NO_STORE

BOUGHT = 0.9  # of the questions: so many were bought, not found, that calls for a question can be told


@dataclass(frozen=True)
class Trial:
    """What a trial has shown, by stage."""

    documents: int = 0
    asked: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, Spend] = field(default_factory=dict)  # in the trial alone
    latency: Mapping[str, float] = field(default_factory=dict)  # mean seconds of a call
    unasked: int = 0  # questions that a budget left

    def calls(self, stage: str) -> float:
        """Calls for the questions of a stage: equal ones share a call, unreadable answers take another."""
        asked, calls = self.asked.get(stage, 0), self.spent.get(stage, Spend()).calls
        return float(calls if calls >= BOUGHT * asked else asked)


def send_sample(
    plan: BuildPlan, documents: Sequence[Document], total: float, options: PipelineOptions, folder: str
) -> Trial:
    """Builds a hub of `documents`, which stand for `total`, in `folder`; the build itself will ask the same of them."""
    corpus = Path(folder) / "sample.jsonl"
    with corpus.open("wb") as file:
        for document in documents:
            file.write(orjson.dumps({"text": document.text, "url": document.source}) + b"\n")
    most = plan.flags["max_samples"]
    part = max(plan.flags["samples_per_persona"], round(most * len(documents) / total)) if most else 0
    flags = {"input": [str(corpus)], "format": "jsonl", "text_field": "text", "language": [], "max_documents": 0}
    small = replace(
        plan,
        flags={**plan.flags, **flags, "min_characters": 0, "max_samples": part, "output": str(Path(folder) / "trial")},
        files=match_corpus([str(corpus)], "jsonl"),
    )
    before = spend_of(plan.model.store)
    with progress():
        result = run_pipeline(partial(build, plan=small, runner=runner_name(options)), options)
    after = spend_of(plan.model.store)
    made: Manifest = open_hub(small.flags["output"]).manifest
    return Trial(
        documents=len(documents),
        asked={stage: counts["asked"] for stage, counts in made.counts.items() if counts.get("asked")},
        spent={stage: minus(spend, before.get(stage, Spend())) for stage, spend in after.items()},
        latency=latencies(result),
        unasked=sum(made.partial.values()),
    )


def spend_of(store: str) -> dict[str, Spend]:
    """What a store has counted; nothing without a store."""
    if store in ("", NO_STORE):
        return {}
    with closing(opened_store(store)) as opened:
        return opened.spend()


def minus(after: Spend, before: Spend) -> Spend:
    """What was spent in between."""
    return Spend(*(a - b for a, b in zip(after, before, strict=True)))


def latencies(result: PipelineResult) -> dict[str, float]:
    """Mean seconds of a call by stage, as the job has timed them."""
    found = result.metrics().query(MetricsFilter().with_name("latency_ms"))["distributions"]
    return {
        metric.key.metric.namespace: metric.committed.mean / 1000
        for metric in found
        if metric.committed and metric.committed.count
    }
