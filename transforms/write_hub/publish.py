"""WriteRecords and Publish: the hub's files, and the moment from which readers see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from persona_hub.transforms.counting.counts import Counts, Equation, nested, verify
from persona_hub.transforms.counting.losses import MAX_LOST, open_questions
from persona_hub.transforms.counting.lost_files import lost_files
from persona_hub.transforms.counting.stages import CLUSTER_PERSONAS, HIDDEN, LOST_FILES, NOVELTY, WRITE_HUB
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.errors import NothingKept
from persona_hub.transforms.files.storage import delete_quietly, is_local
from persona_hub.transforms.hub.manifest import BaseManifest, FileEntry, Manifest, RunManifest, content_of
from persona_hub.transforms.hub.orphans import remove_if_empty
from persona_hub.transforms.hub.places import path_of
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.schemas import JSON_RECORDS, SCHEMAS
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import list_versions
from persona_hub.transforms.records import content_id, partition_of
from persona_hub.transforms.store.registry import NO_STORE
from persona_hub.transforms.store.usage import usage_of
from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch
from persona_hub.transforms.write_hub.nothing_kept import loss_of, told
from persona_hub.transforms.write_hub.novelty import paid_for, rates

DOCUMENTS_READ = ("read_corpus/document", "read_personas/document")  # a persona that is given is one, too
ID_FIELDS = ("persona_id", "document_id")  # a table's first field, where it is one of these, says the shard
Shard = tuple[str, int]  # folder, number


@dataclass(kw_only=True)
class WriteRecords(beam.PTransform):
    """Batches of one record type, keyed or not -> FileEntry of each file written.

    Files are `folder`/`prefix`-<shard>-of-<shards>-<hash of content>.<format>; `folder` is relative to `output`, and
    "{use_case}" in it stands for that field of each record. A record's shard follows from its id, or with
    `shard_by_key` from the element's key (which keeps a key's records together). Each file is sorted. An empty shard
    leaves no file.
    """

    output: str
    folder: str
    prefix: str
    record: type
    shards: int
    format: str = "avro"
    shard_by_key: bool = False

    def __post_init__(self) -> None:
        allowed = ("jsonl",) if self.record in JSON_RECORDS else ("avro", "jsonl")
        if self.format not in allowed:
            raise ValueError(f"format: {self.format!r} for {self.record.__name__}; there are {', '.join(allowed)}")
        if self.format == "avro" and self.record not in SCHEMAS:
            raise ValueError(f"record: {self.record.__name__} has no Avro schema; add it to transforms/hub/schemas.py")
        if not 1 <= self.shards <= 100_000:
            raise ValueError(f"shards: {self.shards}, and 1 to 100000 are possible")
        if "-" in self.prefix:
            raise ValueError(f"prefix: {self.prefix!r} holds '-', which ends a prefix")

    def expand(self, records: beam.PCollection[Any]) -> beam.PCollection[FileEntry]:
        """One GroupByKey, by shard."""
        return (
            records
            | "Shard" >> beam.ParDo(ByShard(self)).with_output_types(tuple[Shard, Batch])
            | "Gather" >> beam.GroupByKey()
            | "Write" >> beam.ParDo(WriteShard(self)).with_output_types(FileEntry)
        )


class ByShard(beam.DoFn):
    """Batches -> ((folder, shard), batch), each filled over the bundle: a handful of records costs as much as 200."""

    def __init__(self, options: WriteRecords):
        self.folder, self.shards, self.by_key = options.folder, options.shards, options.shard_by_key
        self.id_field = fields(options.record)[0].name
        self.waiting: dict[Shard, Batch[Any]] = {}

    def start_bundle(self) -> None:
        """Nothing is left over from a bundle that failed."""
        self.waiting = {}

    def process(self, element: Any) -> Iterator[tuple[Shard, Batch[Any]]]:
        """Puts out the batches that are full."""
        key, batch = element if isinstance(element, tuple) else (0, element)
        for record in batch:
            shard = self._folder_of(record), key % self.shards if self.by_key else self._shard_of(record)
            group = self.waiting.setdefault(shard, Batch())
            group.append(record)
            if len(group) >= BATCH_RECORDS:
                yield shard, self.waiting.pop(shard)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Puts out the others."""
        for element in self.waiting.items():
            yield WindowedValue(element, GlobalWindow().max_timestamp(), (GlobalWindow(),))
        self.waiting = {}

    def _folder_of(self, record: Any) -> str:
        return self.folder.format_map(vars(record)) if "{" in self.folder else self.folder

    def _shard_of(self, record: Any) -> int:
        """Records of one id share a shard; others (dead letters, records without a text) go by a hash."""
        if self.id_field in ID_FIELDS and (key := getattr(record, self.id_field)):
            return partition_of(key, self.shards)
        return partition_of(content_id(repr(record)), self.shards)


class WriteShard(beam.DoFn):
    """((folder, shard), batches) -> the entry of the file that holds them."""

    def __init__(self, options: WriteRecords):
        self.output, self.record, self.format = options.output, options.record, options.format
        self.prefix, self.shards = options.prefix, options.shards
        self.tally = Tally(WRITE_HUB)

    def process(self, element: tuple[Shard, Iterable[Batch[Any]]]) -> Iterator[FileEntry]:
        """Writes one file; done twice it is the same file."""
        (folder, shard), groups = element
        stem = f"{self.prefix}-{shard:05}-of-{self.shards:05}"
        entry = write_shard(self.output, folder, stem, self.record, self.format, groups)
        self.tally.inc(self.prefix, entry.records)
        yield entry


@dataclass(kw_only=True)
class Publish(beam.PTransform):
    """{"files": FileEntry, "counts": ((stage, name), n)} -> the manifest, once everything is written.

    `draft` is a Manifest (a version, with CURRENT) or a RunManifest (samples of an existing version), complete but for
    files, counts, usage and time. What was written is counted too, under `write_hub`, by kind. Usage is what the
    response store has counted for the stages by then, over all runs. What leaves `open_questions` is partial, and
    so is what has lost whole files. A version
    that adds to another and has none of what it `needs` (one "stage/name") is not published. What is counted under
    "hidden", readers of it do not see. Fails with CountsDoNotAddUp if an equation does not hold, with NothingKept if
    most was lost (`nothing_kept`), and with PublishConflict if the hub has moved on.
    """

    output: str
    draft: BaseManifest
    response_store: str = ""  # its address
    priced: bool = True  # whether the costs that it holds are known, and not merely 0
    max_lost: float = MAX_LOST  # the share of a step's answers that may be lost in a complete version or run
    own_spend: bool = True  # whether they were paid for this hub alone
    equations: Sequence[Equation] = ()
    needs: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.draft, Manifest) and self.draft.version == self.draft.parent:
            raise ValueError(f"draft: version {self.draft.version} is its own parent")

    def expand(self, made: dict[str, beam.PCollection[Any]]) -> beam.PCollection[BaseManifest]:
        """The side inputs hold publishing back until all files are written."""
        totals = made["counts"] | "Total" >> beam.CombinePerKey(sum)
        return (
            made["files"].pipeline
            | "Once" >> beam.Create([None], reshuffle=False)
            | "Publish" >> beam.Map(self._publish, beam.pvalue.AsList(made["files"]), beam.pvalue.AsList(totals))
        )

    def _publish(self, _: None, entries: list[FileEntry], totals: list[tuple[tuple[str, str], int]]) -> BaseManifest:
        written = [(("write_hub", entry.kind), entry.records) for entry in set(entries)]
        counts = nested([*totals, *written])
        verify(counts, self.equations)
        found = counts.pop(NOVELTY, {})
        lost = lost_files(counts.pop(LOST_FILES, {}))
        made = replace(
            self.draft,
            usage=self._usage(counts),
            partial=open_questions(counts, self.max_lost),
            lost_files=lost if self.max_lost < 1 else {},
        )
        if loss := loss_of(counts, made, self.max_lost):
            message = told(loss, self.output, made, entries)
            discard(self.output, (entry for entry in entries if entry.kind != "dead_letters"))
            raise NothingKept(message)
        if not isinstance(made, Manifest):
            return publish(self.output, made, entries, counts)
        if self.needs and made.base and not any(count_of(counts, label) for label in self.needs):
            discard(self.output, (entry for entry in entries if entry.path.startswith("hub/")))
            return publish(self.output, *without_version(made, entries), counts)
        made = replace(made, files=taken_over(made.files, counts))
        cost = paid_for(made, list_versions(self.output)) if self.own_spend else 0.0
        made = replace(made, novelty=rates(found, sum(count_of(counts, label) for label in DOCUMENTS_READ), cost))
        hidden = {kind: n + made.hidden.get(kind, 0) for kind, n in counts.get(HIDDEN, {}).items()}
        return publish(self.output, replace(made, hidden={**made.hidden, **hidden}), entries, counts)

    def _usage(self, counts: Counts) -> dict[str, dict[str, float]]:
        if self.response_store in ("", NO_STORE):
            return {}
        return {stage: row for stage, row in usage_of(self.response_store, self.priced).items() if stage in counts}


def taken_over(files: Iterable[FileEntry], counts: Counts) -> tuple[FileEntry, ...]:
    """The files of its base that a version takes over: all but the clusters, which it counts and names anew.

    Where it has trained new ones, the members are all its own, too.
    """
    own = {"clusters", "members"} if count_of(counts, f"{CLUSTER_PERSONAS}/trained") else {"clusters"}
    return tuple(entry for entry in files if entry.kind not in own)


def count_of(counts: Counts, label: str) -> int:
    """The count of "stage/name"."""
    stage, _, name = label.partition("/")
    return counts.get(stage, {}).get(name, 0)


def discard(output: str, entries: Iterable[FileEntry]) -> None:
    """Deletes files that are not to be published, and the folders that are empty then."""
    unwanted = set(entries)
    delete_quietly(path_of(output, entry.path) for entry in unwanted)
    if is_local(output):
        remove_if_empty(output, {entry.folder for entry in unwanted})


def without_version(made: Manifest, entries: Iterable[FileEntry]) -> tuple[RunManifest, list[FileEntry]]:
    """What a refresh leaves that has read nothing new: its counts, what was lost on the way, and no version."""
    common = {f.name: getattr(made, f.name) for f in fields(BaseManifest)} | {"files": ()}
    run = RunManifest(**common, run=made.version, hub_version=made.base, hub_content=content_of(made))
    return run, [entry for entry in entries if not entry.path.startswith("hub/")]
