"""dedup: personas, or any short texts -> those that are no near-duplicates."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import orjson
from apache_beam.coders import BytesCoder
from apache_beam.pvalue import AsSingleton

from persona_hub.pipelines.cli.command_options import DedupOptions
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, UsageError
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.models import HERE, embedder_of
from persona_hub.pipelines.planning.sizing import blocks_for
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.dedup.chunk_rows import RowLayout, lines_before, pack_chunk
from persona_hub.transforms.dedup.chunks import Chunk, UnusableRow
from persona_hub.transforms.dedup.drop_rows import DropRows
from persona_hub.transforms.dedup.find_duplicates import FindDuplicates
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.read_rows import ReadRows
from persona_hub.transforms.dedup.representatives import rounds_for
from persona_hub.transforms.dedup.sources import CHUNK_BITS, Source, source_at, sources_of
from persona_hub.transforms.dedup.text_field import text_field_of
from persona_hub.transforms.embed_dedup.rows import MeaningDecisions
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.files.storage import file_exists, join_path, open_to_read, open_to_write
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.read_hub.held import ReadHeldRows, held_vectors
from persona_hub.transforms.records import DeadLetter, as_dict
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays

STATISTICS = "statistics.json"
EXHAUSTED = "budget-exhausted"
ROW_BYTES = 160  # of a persona as a line of JSON, about
BYTES_IN_A_PARTITION = 32 << 20  # of input; 32 partitions at a gigabyte
RETURNED_BYTES = 32 << 20  # arrays are up to that large: getting them from the system again and again took 1/4 longer
LEAST_PARTITIONS, MOST_PARTITIONS = 32, 4096


def deduplicate(options: DedupOptions, beam_flags: Sequence[str]) -> int:
    """Deduplicates; returns the exit code."""

    def plan(where: Where) -> DedupJob:
        job = plan_dedup(options, where)
        print(f"near-duplicates: {job.keys.describe}")
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
    partitions: int
    blocks: int
    rounds: int = 0

    @property
    def hubs(self) -> Sequence[Hub]:
        """The hub to compare with, if there is one."""
        return [self.hub] if self.hub else []

    @property
    def layout(self) -> RowLayout:
        """How rows and personas lie."""
        return RowLayout(self.field, self.blocks)

    @property
    def store(self) -> str:
        """The embedder's store, if it is a paid one."""
        return self.embedder.calls.store if self.embedder.calls else ""

    @property
    def done(self) -> bool:
        """Never: a folder that holds a result is refused."""
        return False

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        rows = p | "ReadRows" >> ReadRows(sources=self.sources, field=self.field)
        lines = rows.lines | "Lines" >> LinesBefore(sources=self.sources)
        held = [p | "Held" >> ReadHeldRows(hub=hub, blocks=self.blocks, ranked=False) for hub in self.hubs]
        held_texts = [
            each | "HeldTexts" >> beam.MapTuple(held_element).with_output_types(KeyedPayload) for each in held
        ]
        given = [rows.chunks, *held_texts] | "Texts" >> beam.Flatten()

        found = given | "FindDuplicates" >> FindDuplicates(
            plan=self.keys, layout=self.layout, partitions=self.partitions, rounds=self.rounds
        )
        parted = [
            {"rows": given, "decisions": found.decisions, "lines": lines}
            | "Text" >> DropRows(kind="text", layout=self.layout, sources=self.sources)
        ]
        if self.embedding_threshold < 1.0:
            known = [
                held_vectors(p, hub, self.blocks, each, self.embedder.name)
                for hub, each in zip(self.hubs, held, strict=True)
            ]
            meanings = (parted[0].kept, *known) | "EmbedDedup" >> MeaningDecisions(
                layout=self.layout, threshold=self.embedding_threshold, embedder=self.embedder, blocks=self.blocks
            )
            staying = parted[0].kept | "Staying" >> beam.Map(kept_payload).with_output_types(KeyedPayload)
            rest = [staying, *held_texts] | "Rest" >> beam.Flatten()
            parted.append(
                {"rows": rest, "decisions": meanings.decisions, "lines": lines}
                | "Meaning" >> DropRows(kind="meaning", layout=self.layout, sources=self.sources)
            )

        kept = parted[-1].kept | "KeptLines" >> beam.Map(lines_of_chunk).with_output_types(bytes)
        dropped = [each.dropped for each in parted] | "Dropped" >> beam.Flatten()
        dead = rows.unusable | "DeadLetters" >> beam.FlatMap(dead_letters, list(self.sources), AsSingleton(lines))
        for name, collection in (("kept", kept), ("dropped", dropped), ("dead_letters", dead)):
            write = beam.io.WriteToText(
                join_path(self.output, name), ".jsonl", append_trailing_newlines=False, coder=BytesCoder()
            )
            _ = collection | f"Write {name}" >> write
        counts = [
            parted[0].counts | "CountText" >> beam.Map(named_counts, "text"),
            rows.unusable | "CountBroken" >> beam.Map(broken_counts),
            found.without_words | "CountWithoutWords" >> beam.Map(lambda n: Counter({"without_words": n[1]})),
        ]
        if len(parted) > 1:
            counts.append(parted[1].counts | "CountMeaning" >> beam.Map(named_counts, "meaning"))
            counts.append(meanings.dead_letters | "CountWithoutVector" >> beam.Map(unembedded_counts))
        statistics = counts | "Counts" >> beam.Flatten() | "Sum" >> beam.CombineGlobally(sum_counts)
        _ = statistics | "WriteStatistics" >> beam.Map(write_statistics, self)

    def report(self) -> int:
        """Says how many rows were kept and dropped."""
        statistics = statistics_of(self.output)
        print(dedup_summary(self.output, statistics))
        return BUDGET_SPENT if EXHAUSTED in statistics["without_vector"] else DONE


def plan_dedup(options: DedupOptions, where: Where = HERE) -> DedupJob:
    """The plan of a run. Raises ValueErrors that name the flag or file and the remedy."""
    sources = sources_of(options.input)
    if file_exists(join_path(options.output, STATISTICS)):
        raise UsageError(f"--output {options.output}: holds the result of another run; name another folder")
    size = sum(source.size for source in sources)
    partitions = options.partitions or min(MOST_PARTITIONS, max(LEAST_PARTITIONS, size // BYTES_IN_A_PARTITION))
    hub = open_hub(options.against) if options.against else None
    return DedupJob(
        sources=sources,
        output=options.output,
        field=options.text_field or text_field_of(sources),
        keys=Plan.of(options.minhash_threshold, options.bucket_keys),
        hub=hub,
        embedder=embedder_of(options, where),
        embedding_threshold=options.embedding_threshold,
        partitions=partitions,
        blocks=blocks_for(hub.manifest.records_of("personas") if hub else size // ROW_BYTES),
        rounds=rounds_for(blocks_for(size // ROW_BYTES)),
    )


@dataclass(kw_only=True)
class LinesBefore(beam.PTransform):
    """(0, chunk and its lines) -> one dict: chunk, and the lines of its file before it."""

    sources: Sequence[Source]

    def expand(self, lines: beam.PCollection[KeyedArrays]) -> beam.PCollection[dict[int, int]]:
        """All counts in one place: 24 bytes for 2 MB of input."""
        sources = list(self.sources)
        return (
            lines
            | "Counts" >> beam.Map(lambda element: unpack_arrays(element[1])[0])
            | "List" >> beam.combiners.ToList()
            | "Before" >> beam.Map(lambda counts: lines_before(counts, sources))
        )


def held_element(block: int, payload: bytes) -> KeyedPayload:
    """A hub's block as an element of a `RowLayout`."""
    return -1 - block, payload


def kept_payload(element: tuple[int, Chunk]) -> KeyedPayload:
    """What stays of a chunk, as an element of a `RowLayout`."""
    return element[0], pack_chunk(element[1])


def lines_of_chunk(element: tuple[int, Chunk]) -> bytes:
    """The rows of a chunk as they were."""
    return element[1].lines


def dead_letters(
    element: tuple[int, list[UnusableRow]], sources: Sequence[Source], lines: Mapping[int, int]
) -> Iterator[bytes]:
    """Dead letters as lines of JSON."""
    number, broken = element
    path = source_at(sources, number << CHUNK_BITS).path
    for row in broken:
        place = f"{path}:{lines.get(number, 0) + row.number}" if row.number else path
        letter = DeadLetter("read_rows", row.reason, place, row.detail, row.excerpt)
        yield orjson.dumps(as_dict(letter), option=orjson.OPT_APPEND_NEWLINE)


def named_counts(counts: Mapping[str, int], kind: str) -> Counter[str]:
    """Counts of `DropRows` under the names of the statistics."""
    return Counter({f"kept after {kind}": counts["kept"], f"dropped {kind}": counts["dropped"]})


def broken_counts(element: tuple[int, list[UnusableRow]]) -> Counter[str]:
    """Dead letters by reason."""
    return Counter(f"dead {row.reason}" for row in element[1])


def unembedded_counts(batch: Batch[DeadLetter]) -> Counter[str]:
    """Rows without a vector by reason; they stay."""
    return Counter(f"vector {letter.reason}" for letter in batch)


def sum_counts(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """One counter out of many."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def write_statistics(counts: Counter[str], plan: DedupJob) -> None:
    """statistics.json: rows = kept + dropped + dead letters."""
    meaning = plan.embedding_threshold < 1.0
    dropped = {kind: counts[f"dropped {kind}"] for kind in ("text", "meaning")}
    dead = {name[5:]: n for name, n in sorted(counts.items()) if name.startswith("dead ")}
    kept = counts["kept after meaning" if meaning else "kept after text"]
    made = {
        "rows": kept + sum(dropped.values()) + sum(dead.values()),
        "kept": kept,
        "dropped": dropped,
        "dead_letters": dead,
        "without_words": counts["without_words"],
        "without_vector": {name[7:]: n for name, n in sorted(counts.items()) if name.startswith("vector ")},
        "text_field": plan.field,
        "minhash": plan.keys.describe,
        "embedding": f"cosine {plan.embedding_threshold:g}, {plan.embedder.name}" if meaning else "off",
        "against": plan.hub.manifest.version if plan.hub else "",
        "files": len(plan.sources),
    }
    path = join_path(plan.output, STATISTICS)
    with open_to_write(path) as file:
        file.write(orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def statistics_of(output: str) -> dict[str, Any]:
    """What `write_statistics` has written."""
    path = join_path(output, STATISTICS)
    with open_to_read(path) as file:
        made: dict[str, Any] = orjson.loads(file.read())
    return made


def dedup_summary(output: str, made: Mapping[str, Any]) -> str:
    """What a person wants to know at the end."""
    dead = sum(made["dead_letters"].values())
    bare = made["without_vector"]
    lines = [
        f"{made['rows']:,} rows: {made['kept']:,} kept, {made['dropped']['text']:,} near-duplicates of text, "
        f"{made['dropped']['meaning']:,} of meaning" + (f", {dead:,} that could not be read" if dead else ""),
        f"{output}: kept-*.jsonl, dropped-*.jsonl, {STATISTICS}" + (", dead_letters-*.jsonl" if dead else ""),
    ]
    if bare:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in bare.items())
        lines.append(f"{sum(bare.values()):,} rows were kept without a comparison of meaning: {reasons}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run_command("dedup", deduplicate))
