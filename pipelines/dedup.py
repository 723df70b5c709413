"""dedup: personas, or any short texts -> those that are no near-duplicates."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from persona_hub.pipelines.cli.command_options import DedupOptions
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.option import deciding_values
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.embedders import (
    across_of,
    as_in_earlier_releases,
    identified,
    is_embedder_of,
    warn_of_threshold,
)
from persona_hub.pipelines.planning.models import HERE, called_models, embedder_of
from persona_hub.pipelines.planning.sizing import blocks_for
from persona_hub.pipelines.reporting.dedup_summary import dedup_summary
from persona_hub.pipelines.reporting.lost_files import report_lost_rows
from persona_hub.pipelines.reporting.spent_budget import spent_budget
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.counting.losses import MAX_LOST
from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.dedup.chunk_rows import RowLayout
from persona_hub.transforms.dedup.find_duplicates import FindDuplicates
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.read_rows import ReadRows
from persona_hub.transforms.dedup.representatives import rounds_for
from persona_hub.transforms.dedup.sources import Source, sources_of
from persona_hub.transforms.dedup.text_field import text_field_of
from persona_hub.transforms.dedup_rows.drop_rows import DropRows
from persona_hub.transforms.dedup_rows.elements import LinesBefore, hub_element, kept_payload
from persona_hub.transforms.dedup_rows.publish_rows import PublishRows, published_letters
from persona_hub.transforms.dedup_rows.statistics import STATISTICS, Counted, statistics_of
from persona_hub.transforms.dedup_rows.write_rows import RowsToWrite, WriteRows
from persona_hub.transforms.embed_dedup.rows import MeaningDecisions
from persona_hub.transforms.embedding.across_languages import AcrossLanguages
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.files.storage import file_exists, join_path
from persona_hub.transforms.hub.manifest import fingerprint
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.read_hub.existing_hub import ReadExistingRows, existing_vectors
from persona_hub.transforms.similarity.plan import Plan

EXHAUSTED = "budget-exhausted"
UNKNOWN_RUN = "?"  # in place of a fingerprint
ROW_BYTES = 160  # of a persona as a line of JSON, about
BYTES_IN_A_PARTITION = 32 << 20  # of input; 32 partitions at a gigabyte
RETURNED_BYTES = 32 << 20  # arrays are up to that large: getting them from the system again and again took 1/4 longer
LEAST_PARTITIONS, MOST_PARTITIONS = 32, 4096


def deduplicate(options: DedupOptions, beam_flags: Sequence[str]) -> int:
    """Deduplicates; returns the exit code."""

    def plan(where: Where) -> DedupJob:
        job = plan_dedup(options, where)
        say(f"near-duplicates: {job.keys.describe}")
        return job

    return run_job(plan, options, beam_flags, RETURNED_BYTES)


@dataclass(frozen=True, kw_only=True)
class DedupJob:
    """Deduplicates personas, or any short texts."""

    sources: Sequence[Source]
    output: str
    field: str
    keys: Plan
    hub: Hub | None
    embedder: EmbedderConfig
    embedding_threshold: float
    across: AcrossLanguages | None = None
    partitions: int
    blocks: int
    rounds: int = 0
    fingerprint: str = ""  # of all that decides the result
    max_lost: float = MAX_LOST
    done: bool = False  # whether the folder holds that very result, and all of it

    @property
    def hubs(self) -> Sequence[Hub]:
        """The hub to compare with, if there is one."""
        return [self.hub] if self.hub else []

    @property
    def layout(self) -> RowLayout:
        """How rows and personas lie."""
        return RowLayout(self.field, self.blocks)

    @property
    def compares_meaning(self) -> bool:
        """Whether what is kept by its words is compared by its meaning, too."""
        return self.embedding_threshold < 1.0

    @property
    def setting(self) -> dict[str, Any]:
        """What the statistics say of the run."""
        embedding = f"cosine {self.embedding_threshold:g}, {self.embedder.name}" if self.compares_meaning else "off"
        across = {"across_languages": str(self.across)} if self.across else {}
        return {
            "text_field": self.field,
            "minhash": self.keys.describe,
            "embedding": embedding,
            **across,
            "against": self.hub.manifest.version if self.hub else "",
            "files": len(self.sources),
            "fingerprint": self.fingerprint,
        }

    @property
    def store(self) -> str:
        """The embedder's store, if it is a paid one."""
        return self.embedder.calls.store if self.embedder.calls else ""

    @property
    def called(self) -> Sequence[CalledModel]:
        """The embedder."""
        return called_models(None, self.embedder, self.hub)

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        rows = p | "ReadRows" >> ReadRows(sources=self.sources, field=self.field)
        lines = rows.lines | "Lines" >> LinesBefore(sources=self.sources)
        base = [p | "Existing" >> ReadExistingRows(hub=hub, blocks=self.blocks, ranked=False) for hub in self.hubs]
        base_texts = [
            each | "ExistingTexts" >> beam.MapTuple(hub_element).with_output_types(KeyedPayload) for each in base
        ]
        given = [rows.chunks, *base_texts] | "Texts" >> beam.Flatten()

        found = given | "FindDuplicates" >> FindDuplicates(
            plan=self.keys, layout=self.layout, partitions=self.partitions, rounds=self.rounds
        )
        texts = {"rows": given, "decisions": found.decisions, "lines": lines} | "Text" >> DropRows(
            kind="text", layout=self.layout, sources=self.sources, partitions=self.partitions
        )
        written = RowsToWrite(texts.kept, (texts.dropped,), rows.unusable, lines)
        counted = Counted(texts.counts, rows.unusable, rows.files, found.without_words)
        if self.compares_meaning:
            known = [
                existing_vectors(p, hub, self.blocks, each, is_embedder_of(hub.manifest.models, self.embedder))
                for hub, each in zip(self.hubs, base, strict=True)
            ]
            decided = (texts.kept, *known) | "EmbedDedup" >> MeaningDecisions(
                layout=self.layout,
                threshold=self.embedding_threshold,
                embedder=self.embedder,
                blocks=self.blocks,
                across=self.across,
            )
            kept = texts.kept | "Staying" >> beam.MapTuple(kept_payload).with_output_types(KeyedPayload)
            rest = [kept, *base_texts] | "Rest" >> beam.Flatten()
            meanings = {"rows": rest, "decisions": decided.decisions, "lines": lines} | "Meaning" >> DropRows(
                kind="meaning", layout=self.layout, sources=self.sources, partitions=self.partitions
            )
            written = written._replace(kept=meanings.kept, dropped=(texts.dropped, meanings.dropped))
            counted = counted._replace(meaning=(meanings.counts,), without_vector=(decided.dead_letters,))
            for across in decided.across:
                stay = meanings.kept | "StayingByMeaning" >> beam.MapTuple(kept_payload).with_output_types(KeyedPayload)
                rows_left = [stay, *base_texts] | "RestByMeaning" >> beam.Flatten()
                left = {"rows": rows_left, "decisions": across, "lines": lines} | "Language" >> DropRows(
                    kind="language", layout=self.layout, sources=self.sources, partitions=self.partitions
                )
                written = written._replace(kept=left.kept, dropped=(*written.dropped, left.dropped))
                counted = counted._replace(language=(left.counts,))

        shards = written | "WriteRows" >> WriteRows(output=self.output, sources=self.sources)
        publish = PublishRows(output=self.output, setting=self.setting, max_lost=self.max_lost)
        _ = (counted, shards) | "PublishRows" >> publish

    def report(self) -> int:
        """Says how many rows were kept and dropped, and which files are lost."""
        statistics = statistics_of(self.output)
        partial = self.max_lost < 1 and bool(statistics.get("lost_files"))
        if self.done:
            left = "but it lacks whole files" if partial else "nothing is to be done"
            say(f"{self.output} already holds this result; {left}")
        say(dedup_summary(self.output, statistics))
        lost = report_lost_rows(statistics, published_letters(self.output)) if partial else DONE
        unasked = statistics["without_vector"].get(EXHAUSTED, 0)
        if not unasked or not self.embedder.calls:
            return lost
        say(spent_budget(self.embedder.calls, unasked, [EMBED_DEDUP]))
        return BUDGET_SPENT


def plan_dedup(options: DedupOptions, where: Where = HERE) -> DedupJob:
    """The plan of a run. Raises ValueErrors that name the flag or file and the remedy."""
    sources = sources_of(options.input, options.zstd_window_mb)
    size = sum(source.size for source in sources)
    partitions = options.partitions or min(MOST_PARTITIONS, max(LEAST_PARTITIONS, size // BYTES_IN_A_PARTITION))
    hub = open_hub(options.against) if options.against else None

    def decisive(job: DedupOptions) -> str:
        files = [(source.name, source.size) for source in sources]
        named = {**identified(job, where), "files": files, "against": hub.manifest.version if hub else ""}
        return fingerprint(deciding_values(job) | named)

    former = as_in_earlier_releases(options)
    if held_fingerprint(options.output) == decisive(former):
        options = former  # an earlier release has made it by the same command
    warn_of_threshold(options)
    return DedupJob(
        fingerprint=decisive(options),
        done=is_done(options.output, decisive(options)),
        sources=sources,
        output=options.output,
        max_lost=options.max_lost,
        field=options.text_field or text_field_of(sources),
        keys=Plan.of(options.minhash_threshold, options.bucket_keys),
        hub=hub,
        embedder=embedder_of(options, where),
        embedding_threshold=options.embedding_threshold,
        across=across_of(options),
        partitions=partitions,
        blocks=blocks_for(hub.manifest.records_of("personas") if hub else size // ROW_BYTES),
        rounds=rounds_for(blocks_for(size // ROW_BYTES)),
    )


def held_fingerprint(output: str) -> str:
    """The fingerprint of the run whose result the folder holds, "" where it holds none."""
    return (
        str(statistics_of(output).get("fingerprint", UNKNOWN_RUN)) if file_exists(join_path(output, STATISTICS)) else ""
    )


def is_done(output: str, decisive: str) -> bool:
    """Whether the folder holds the whole result of a run with this fingerprint. Raises UsageError for any other."""
    held = held_fingerprint(output)
    if not held:
        return False
    if held != decisive:
        raise UsageError(f"--output {output}: holds the result of another run; name another folder")
    if statistics_of(output)["without_vector"]:
        raise UsageError(f"--output {output}: holds a result that lacks vectors; name another folder")
    return True


if __name__ == "__main__":
    sys.exit(run_command("dedup", deduplicate))
