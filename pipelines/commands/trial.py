"""A trial: some documents of a corpus go through a whole build, whose answers stay in the response store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from persona_hub.pipelines.build import BuildJob
from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.planning.corpus.sample import CorpusSample
from persona_hub.pipelines.planning.plan import BuildPlan
from persona_hub.pipelines.runners.job import execute
from persona_hub.pipelines.runners.response_store import opened_store
from persona_hub.pipelines.runners.run import runner_name
from persona_hub.transforms.corpus.corpus_records import CorpusFile
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.counting.stages import EMBED_DEDUP, EXPAND_PERSONA, EXTRACT_PERSONA, READ_PERSONAS
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.read_personas.given import GivenDocument
from persona_hub.transforms.records import Document
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import NO_STORE

BOUGHT = 0.9  # of the questions: so many were bought, not found, that calls for a question can be told


@dataclass(frozen=True)
class Trial:
    """What a trial has shown, by stage."""

    documents: int = 0  # with the given personas
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # as in the manifest
    spent: Mapping[str, Spend] = field(default_factory=dict)  # in the trial alone
    latency: Mapping[str, float] = field(default_factory=dict)  # mean seconds of a call
    unasked: int = 0  # questions that a budget left
    of_corpus: int = 0  # of the documents, without the given personas

    @property
    def asked(self) -> dict[str, int]:
        """Questions by stage."""
        return {stage: counts["asked"] for stage, counts in self.counts.items() if counts.get("asked")}

    @property
    def texts(self) -> int:
        """Personas that vectors were wanted of."""
        return self.counts.get(EMBED_DEDUP, {}).get("personas", 0)

    def calls(self, stage: str, times: float) -> float:
        """Calls of a stage for a corpus `times` as large.

        Calls for a question are as in the trial: equal ones share a call, unreadable answers take another. Of personas
        that resemble earlier ones there are the more, the more there are (Heaps' law): if the share d of the trial's
        was passed over, those that are not grow with the power 1 - d.
        """
        asked, calls = self.asked.get(stage, 0), self.spent.get(stage, Spend()).calls
        in_trial = calls if calls >= BOUGHT * asked else asked
        return in_trial * times * self.novelty(stage, times)

    def novelty(self, stage: str, times: float) -> float:
        """The part of its questions in proportion that a stage will ask for `times` the documents."""
        first, expand = self.counts.get(EXTRACT_PERSONA, {}), self.counts.get(EXPAND_PERSONA, {})
        passed, asked = expand.get("passed-over", 0), expand.get("asked", 0)
        followed = times ** -(passed / (passed + asked)) if passed else 1.0
        if stage in (EXTRACT_PERSONA, EXPAND_PERSONA):
            return followed if stage == EXPAND_PERSONA else 1.0
        given = self.counts.get(READ_PERSONAS, {}).get("document", 0)
        came = self.counts.get("unique_personas", {}).get("personas", 0)
        kept = self.counts.get("embed_dedup", {}).get("kept", 0)
        kept_of_all = times ** -(1 - kept / came) if came else 1.0
        origins = first.get("answered", 0) + given, expand.get("answered", 0)
        arrived = (origins[0] + origins[1] * followed) / sum(origins) if sum(origins) else 1.0
        if stage == EMBED_DEDUP:
            return arrived * (times ** -(1 - self.texts / came) if came else 1.0)
        return arrived * kept_of_all


def send_sample(
    plan: BuildPlan, sample: CorpusSample, given: CorpusSample, runner: PipelineOptions, folder: str
) -> Trial:
    """Builds a hub of two samples, of the corpus and of given personas, in `folder`.

    The build itself will ask the same of them.
    """
    files = [
        written(one.documents, Path(folder) / f"{name}.jsonl", name)
        for name, one in (("text", sample), ("persona", given))
    ]
    output = str(Path(folder) / "trial")
    sent, total = len(sample.documents) + len(given.documents), sample.total + given.total
    options = sample_options(plan.options, [file[0].path if file else "" for file in files], output, sent / total)
    small = replace(plan, options=options, files=files[0], given=files[1])
    before = spend_of(plan.store)
    result = execute(BuildJob(small, runner_name(runner)), options, runner)
    after = spend_of(plan.store)
    made: Manifest = open_hub(output).manifest
    return Trial(
        documents=sent,
        of_corpus=len(sample.documents),
        counts=made.counts,
        spent={stage: minus(spend, before.get(stage, Spend())) for stage, spend in after.items()},
        latency=latencies(result),
        unasked=sum(made.partial.values()),
    )


def written(documents: Sequence[Document], path: Path, field: str) -> list[CorpusFile]:
    """The file of some documents, whose texts are in `field`; none where there are none."""
    if not documents:
        return []
    with path.open("wb") as file:
        for document in documents:
            columns = orjson.loads(document.columns or "{}") if isinstance(document, GivenDocument) else {}
            file.write(orjson.dumps({**columns, field: document.text, "url": document.source}) + b"\n")
    return match_corpus([str(path)], "jsonl")


def sample_options(options: BuildOptions, files: Sequence[str], output: str, part: float) -> BuildOptions:
    """The options of a build of two files, whose documents have been chosen, and are a `part` of all."""
    most = options.max_samples
    corpus, given = files
    return replace(
        options,
        input=(corpus,) if corpus else (),
        personas=(given,) if given else (),
        persona_field=(),
        max_personas=0,
        format="jsonl",
        text_field="text",
        language=(),
        max_documents=0,
        min_characters=0,
        max_samples=max(1, round(most * part)) if most else 0,
        output=output,
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
